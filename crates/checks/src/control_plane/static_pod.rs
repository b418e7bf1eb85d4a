//! Components that run as static pods: is each replica ready?

use airworthy_model::{Evidence, Finding, Severity, Subject, facts::Pod};

use crate::{Context, Judgement, Outcome};

/// Components that may run as static pods.
const STATIC: [&str; 5] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "cloud-controller-manager",
];

/// What the mirror pods of all of them say.
pub(crate) fn all(ctx: &Context<'_>) -> Outcome {
    let judge = |pod| runs(pod).map(|name| down(ctx, pod, name));
    Ok(ctx
        .pods()?
        .iter()
        .filter(|pod| !pod.ready)
        .filter_map(judge)
        .collect::<Judgement>())
}

/// The control-plane component that a mirror pod runs: by label as kubeadm sets it, else by name.
fn runs(pod: &Pod) -> Option<&'static str> {
    let named = |name: &str| {
        pod.name
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('-'))
    };
    let is = |name: &&str| pod.labels.get("component") == Some(*name) || named(name);
    let mine = pod.mirror && pod.namespace == "kube-system";
    STATIC.into_iter().find(|name| mine && is(name))
}

fn down(ctx: &Context<'_>, pod: &Pod, name: &str) -> Finding {
    let source = format!("/api/v1/namespaces/kube-system/pods/{}", pod.name);
    Finding::new(
        Severity::Blocker,
        Subject::namespaced("v1", "Pod", &pod.namespace, &pod.name),
        format!(
            "is not ready on node {}: this replica of {name} does not serve",
            pod.node
        ),
    )
    .because(Evidence::state(
        source,
        ctx.now(),
        format!("phase {}, Ready is not True", pod.phase),
    ))
    .fix_with(
        "Look at its containers and its log",
        format!("kubectl -n kube-system describe pod {}", pod.name),
    )
}
