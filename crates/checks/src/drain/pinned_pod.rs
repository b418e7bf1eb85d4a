use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Node, Pod},
};

use super::{
    rollout::{self, Tie},
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

type Tied<'a> = (&'a Pod, &'a Node, Tie);

fn run(ctx: &Context<'_>) -> Outcome {
    let stage = Stage::set(ctx)?.with_volumes(ctx);
    let mut owners: BTreeMap<Owner<'_>, Vec<Tied<'_>>> = BTreeMap::new();
    for tied in rollout::pinned(&stage.world(&ctx.policy.pace)) {
        owners.entry(Owner::of(tied.0)).or_default().push(tied);
    }
    let findings = owners
        .iter()
        .map(|(owner, tied)| describe(ctx, owner, tied));
    Ok(findings.collect::<Judgement>().without(stage.gaps))
}

fn severity(ctx: &Context<'_>) -> Severity {
    match (ctx.drains_nodes(), is_replaced(ctx)) {
        (false, _) => Severity::Note,
        (true, true) => Severity::Blocker,
        (true, false) => Severity::Risk,
    }
}

fn describe(ctx: &Context<'_>, owner: &Owner<'_>, tied: &[Tied<'_>]) -> Finding {
    let (pod, node, tie) = tied[0];
    let (what, field) = match tie {
        Tie::Volume => ("its volume is reached from no other node", "spec.volumes"),
        Tie::Selector => ("it selects no other node", "spec.nodeSelector"),
    };
    let message = format!(
        "{} such as {} can run only on {}: {what}",
        counted(tied.len(), "pod"),
        short(&pod.name, 50),
        short(&node.name, 50)
    );
    let source = format!("/api/v1/namespaces/{}/pods/{}", pod.namespace, pod.name);
    let ends = if is_replaced(ctx) {
        "the node is replaced by another, on which it cannot run"
    } else {
        "it is down until the node is back"
    };
    let mut finding = Finding::new(severity(ctx), owner.subject(), message)
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("on node {}; {ends}", node.name),
        ))
        .setting(field, node.name.clone(), None);
    let subject =
        |(pod, _, _): &Tied<'_>| Subject::namespaced("v1", "Pod", &pod.namespace, &pod.name);
    finding.objects = tied.iter().take(MOST_PODS).map(subject).collect();
    finding
        .fix("Plan the time in which it is down, node by node; or move its data to a volume that other nodes reach, and loosen its selector")
        .fix_with(
            "See what ties it",
            format!("kubectl -n {} get pod {} -o jsonpath='{{.spec.nodeSelector}} {{.spec.affinity.nodeAffinity}} {{.spec.volumes}}'", pod.namespace, pod.name),
        )
}
