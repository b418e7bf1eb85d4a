use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject, UpgradePath,
    facts::{ApiReference, Node, Pod},
};

use super::kubelet;
use crate::{Check, Context, Judgement, Outcome};

/// Static pods that kubelets of the target refuse, because they name objects of the API.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "StaticPodApiReference",
        summary: "a static pod names an object of the API, which kubelets from 1.34 on refuse",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Pods, Need::Nodes],
        page: include_str!("static_pod_api_reference.md"),
    },
    blocks: |ctx| ctx.drains_nodes() && ctx.path().map_or(true, reaches),
    run,
};

/// The first kubelet that refuses them, unless a gate is off (`tryDecodeSinglePod` of `pkg/kubelet/config`).
const REFUSES: Minor = Minor::v1(34);
/// The first kubelet that has no such gate.
const ALWAYS: Minor = Minor::v1(37);
const GATE: &str = "PreventStaticPodAPIReferences";

fn reaches(path: &UpgradePath) -> bool {
    path.target.minor >= REFUSES
}

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if !reaches(path) {
        let why = "kubelets before 1.34 start static pods that name objects of the API";
        return Ok(Judgement::not_applicable(why));
    }
    if !ctx.drains_nodes() {
        return Ok(Judgement::not_applicable("kubelets are not upgraded"));
    }
    let mirrors = ctx.pods()?.iter().filter(|pod| pod.mirror);
    let naming: Vec<_> = mirrors
        .filter_map(|pod| Some((pod, pod.refers_to?)))
        .collect();
    if naming.is_empty() {
        return Ok(Judgement::default());
    }
    let nodes = ctx.nodes()?;
    let found = naming
        .into_iter()
        .map(|(pod, named)| judge(ctx, path, pod, named, nodes));
    Ok(found.collect())
}

fn judge(
    ctx: &Context<'_>,
    path: &UpgradePath,
    pod: &Pod,
    named: ApiReference,
    nodes: &[Node],
) -> Finding {
    let node = nodes.iter().find(|node| node.name == pod.node);
    let version = node.and_then(kubelet::minor);
    // A kubelet that could refuse it and runs it has been told not to.
    let allowed = version.is_some_and(|minor| minor >= REFUSES);
    let since = if allowed { ALWAYS } else { REFUSES };
    let resource = named.resource();
    let (severity, message) = if path.target.minor >= since {
        let message =
            format!("names {resource}: a kubelet of {since} does not start a static pod that does");
        (Severity::Blocker, message)
    } else {
        let message = format!(
            "names {resource}, which its kubelet allows while the gate {GATE} is off; {ALWAYS} has no such gate"
        );
        (Severity::Note, message)
    };
    let hop = (severity == Severity::Blocker).then(|| path.hop_crossing(since));
    let finding = describe(ctx, pod, node, severity, message).setting("spec", resource, None);
    Finding {
        hop: hop.flatten(),
        ..finding
    }
}

fn describe(
    ctx: &Context<'_>,
    pod: &Pod,
    node: Option<&Node>,
    severity: Severity,
    message: String,
) -> Finding {
    let Pod {
        namespace, name, ..
    } = pod;
    let subject = Subject::namespaced("v1", "Pod", namespace, name);
    let kubelet = node.map_or("not known", |node| &*node.kubelet_version);
    let source = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let detail = format!(
        "mirror of a static pod on node {}, kubelet {kubelet}",
        pod.node
    );
    Finding::new(severity, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "Give it what it needs by hostPath files on its node, in the manifest directory of the kubelet; or run it by a DaemonSet",
            format!("kubectl -n {namespace} get pod {name} -o yaml"),
        )
}
