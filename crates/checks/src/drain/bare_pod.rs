use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Pod,
};

use crate::{Check, Context, Outcome, never};

/// Pods that nothing brings back.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "BarePod",
        summary: "a pod without a controller stops a drain or is lost by it",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Pods],
        page: include_str!("bare_pod.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let pods = ctx.pods()?.iter();
    Ok(pods
        .filter(|pod| is_bare(pod))
        .map(|pod| describe(ctx, pod))
        .collect())
}

/// On a node, alive, and nobody's.
fn is_bare(pod: &Pod) -> bool {
    let alive = !pod.is_finished() && !pod.deleting && !pod.node.is_empty();
    alive && pod.controller.is_none() && !pod.mirror
}

/// What `kubectl debug node/…` leaves behind is nobody's service.
fn is_debugger(pod: &Pod) -> bool {
    pod.name.starts_with("node-debugger-")
}

fn describe(ctx: &Context<'_>, pod: &Pod) -> Finding {
    let severity = if is_debugger(pod) {
        Severity::Note
    } else {
        ctx.risk_of_drain()
    };
    let (namespace, name) = (&pod.namespace, &pod.name);
    let message = "has no controller: kubectl drain refuses it, and an eviction ends it for good";
    let detail = format!(
        "phase {}, node {}, no owner with controller true",
        pod.phase, pod.node
    );
    Finding::new(
        severity,
        Subject::namespaced("v1", "Pod", namespace, name),
        message,
    )
    .because(Evidence::state(
        format!("/api/v1/namespaces/{namespace}/pods/{name}"),
        ctx.now(),
        detail,
    ))
    .fix("Run it from a Deployment, a StatefulSet or a Job, so that it comes back on another node")
    .fix_with(
        "Or delete it, if nobody needs it any more",
        format!("kubectl -n {namespace} delete pod {name}"),
    )
}
