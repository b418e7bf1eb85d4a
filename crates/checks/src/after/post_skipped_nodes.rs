use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Finding, Group, Kind, KubeVersion, Need, Phase, Severity, facts::Node,
};

use super::{baseline::optional, left_behind};
use crate::{
    Check, Context, Judgement, Outcome, never,
    nodes::{kubelet, node},
};

/// The label by which a node asks to be left out.
const SKIP: &str = "upgrade.cce.io/skipped";
/// Taints that an upgrade or a cloud provider takes off when it has done with a node.
const LEFTOVERS: [&str; 2] = [
    "node.kubernetes.io/upgrade",
    "node.cloudprovider.kubernetes.io/uninitialized",
];

/// Nodes that the upgrade has passed by.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostSkippedNodes",
        summary: "a node was left behind, asks to be skipped, or still bears the taint of an upgrade",
        phase: Phase::Post,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Nodes, Need::Baseline],
        page: include_str!("post_skipped_nodes.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx.nodes()?;
    let (before, no_baseline) = optional(ctx.before().and_then(|before| before.nodes()));
    let old = before
        .map(|before| left_behind::names(nodes, before))
        .unwrap_or_default();
    let newest = left_behind::newest(nodes);
    let behind = |node: &Node| {
        old.contains(node.name.as_str())
            .then(|| left(ctx, node, newest.as_ref()))
            .flatten()
    };
    let findings = nodes.iter().flat_map(|node| {
        [behind(node), skipped(ctx, node)]
            .into_iter()
            .flatten()
            .chain(tainted(ctx, node))
    });
    let gaps = [no_baseline, kubelet::unreadable(nodes)];
    Ok(findings
        .collect::<Judgement>()
        .without(gaps.into_iter().flatten()))
}

fn left(ctx: &Context<'_>, node: &Node, newest: Option<&KubeVersion>) -> Option<Finding> {
    let (version, newest) = (&node.kubelet_version, newest?);
    let message = format!("is still at {version}; other nodes have gone to {newest}");
    let finding = node::finding(
        ctx.now(),
        node,
        Severity::Risk,
        message,
        format!("kubeletVersion {version}, as in the baseline"),
    )
    .fix_with(
        "Upgrade it too, or replace it",
        format!(
            "kubectl drain {} --ignore-daemonsets --delete-emptydir-data",
            node.name
        ),
    );
    Some(finding.telling_apart("version"))
}

fn skipped(ctx: &Context<'_>, node: &Node) -> Option<Finding> {
    let value = node.labels.get(SKIP).filter(|value| *value != "false")?;
    let finding = node::finding(
        ctx.now(),
        node,
        Severity::Risk,
        format!("asks to be skipped (label {SKIP}={value})"),
        format!("label {SKIP}={value}"),
    )
    .fix_with(
        "Take the label off, once it may be upgraded",
        format!("kubectl label node {} {SKIP}-", node.name),
    );
    Some(finding.telling_apart("label"))
}

/// A node that has just joined may still bear the taint that its cloud provider takes off.
fn tainted(ctx: &Context<'_>, node: &Node) -> impl Iterator<Item = Finding> {
    let settled = !node::just_joined(ctx, node);
    let taints: BTreeMap<_, _> = node
        .taints
        .iter()
        .map(|taint| (taint.key.as_str(), taint))
        .collect();
    let left = taints
        .into_iter()
        .filter(move |(key, _)| settled && LEFTOVERS.contains(key));
    left.map(|(key, taint)| {
        let detail = format!("taint {key}:{}", taint.effect);
        node::finding(
            ctx.now(),
            node,
            Severity::Risk,
            format!("still bears the taint {key}"),
            detail,
        )
        .fix_with(
            "Take the taint off, once the node is done",
            format!("kubectl taint node {} {key}-", node.name),
        )
        .telling_apart(key)
    })
}
