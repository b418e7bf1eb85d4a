use std::collections::BTreeMap;

use airworthy_model::{CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject};

use super::{
    rollout::{self, Pinned, Tie},
    stage::Stage,
};
use crate::{
    Check, Context, Judgement, Outcome,
    text::{counted, short},
    when_draining,
    workloads::owner::Owner,
};

/// So many pods of one owner are named.
const MOST_PODS: usize = 50;

/// Pods that can run nowhere but where they are.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PinnedPod",
        summary: "a pod can run only on the node where it is, which is drained",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Nodes,
            Need::Pods,
            Need::PersistentVolumes,
            Need::PersistentVolumeClaims,
        ],
        page: include_str!("pinned_pod.md"),
    },
    blocks,
    run,
};

/// Where nodes come back, so does the pod; where they are replaced, it does not.
fn blocks(ctx: &Context<'_>) -> bool {
    when_draining(ctx) && is_replaced(ctx)
}

fn is_replaced(ctx: &Context<'_>) -> bool {
    ctx.policy.pace.surge_of(usize::from(u8::MAX)) > 0
}

fn run(ctx: &Context<'_>) -> Outcome {
    let stage = Stage::set(ctx)?.with_volumes(ctx);
    let mut owners: BTreeMap<Owner<'_>, Vec<Pinned<'_>>> = BTreeMap::new();
    for tied in rollout::pinned(&stage.world(&ctx.policy.pace)) {
        owners.entry(Owner::of(tied.pod)).or_default().push(tied);
    }
    let findings = owners
        .iter()
        .map(|(owner, tied)| describe(ctx, owner, tied));
    Ok(findings.collect::<Judgement>().without(stage.gaps))
}

fn severity(ctx: &Context<'_>, tied: &Pinned<'_>) -> Severity {
    if !ctx.drains_nodes() {
        Severity::Note
    } else if is_replaced(ctx) && !tied.follows {
        Severity::Blocker
    } else {
        Severity::Risk
    }
}

/// What becomes of a pod, in words that end the message and in those of the evidence.
fn end(ctx: &Context<'_>, tied: &Pinned<'_>) -> (&'static str, &'static str) {
    match (is_replaced(ctx), tied.follows) {
        (false, _) => ("", "it is down until the node is back"),
        (true, false) => (
            "",
            "the node is replaced by another, on which it cannot run",
        ),
        (true, true) => (
            ", unless its replacement bears the same labels",
            "the node is replaced by another, on which it runs if the labels are the same",
        ),
    }
}

fn describe(ctx: &Context<'_>, owner: &Owner<'_>, tied: &[Pinned<'_>]) -> Finding {
    // Pods that never run again are told before those that may.
    let worst = tied
        .iter()
        .min_by_key(|one| one.follows)
        .unwrap_or(&tied[0]);
    let Pinned { pod, node, tie, .. } = *worst;
    let (what, field) = match tie {
        Tie::Volume => ("its volume is reached from no other node", "spec.volumes"),
        Tie::Selector => ("it selects no other node", "spec.nodeSelector"),
    };
    let (unless, ends) = end(ctx, worst);
    let message = format!(
        "{} such as {} can run only on {}: {what}{unless}",
        counted(tied.len(), "pod"),
        short(&pod.name, 50),
        short(&node.name, 50)
    );
    let source = format!("/api/v1/namespaces/{}/pods/{}", pod.namespace, pod.name);
    let mut finding = Finding::new(severity(ctx, worst), owner.subject(), message)
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("on node {}; {ends}", node.name),
        ))
        .setting(field, node.name.clone(), None);
    let subject =
        |one: &Pinned<'_>| Subject::namespaced("v1", "Pod", &one.pod.namespace, &one.pod.name);
    finding.objects = tied.iter().take(MOST_PODS).map(subject).collect();
    finding
        .fix("Plan the time in which it is down, node by node; or move its data to a volume that other nodes reach, and loosen its selector")
        .fix_with(
            "See what ties it",
            format!("kubectl -n {} get pod {} -o jsonpath='{{.spec.nodeSelector}} {{.spec.affinity.nodeAffinity}} {{.spec.volumes}}'", pod.namespace, pod.name),
        )
}
