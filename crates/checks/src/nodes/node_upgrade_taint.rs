use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Node, Taint},
};

use super::node;
use crate::{Check, Context, Outcome, never, text::short};

/// Nodes that bear traces of work that was begun and not finished.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeUpgradeTaint",
        summary: "a node is cordoned, or bears a taint or label of work that was not finished",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Nodes],
        page: include_str!("node_upgrade_taint.md"),
    },
    blocks: never,
    run,
};

/// Taints that mean work under way and go when it is done, with what each says. Taints that pools bear by design are none of them.
const TRACES: [(&str, &str); 10] = [
    (
        "node.kubernetes.io/upgrade",
        "an upgrade of the node was begun",
    ),
    (
        "node.cloudprovider.kubernetes.io/uninitialized",
        "the cloud provider has not set it up",
    ),
    (
        "node.cloudprovider.kubernetes.io/shutdown",
        "its machine is shut down",
    ),
    (
        "node.cloudprovider.kubernetes.io/cni-problem",
        "its network is not set up",
    ),
    (
        "node.kubernetes.io/out-of-service",
        "somebody has given it up",
    ),
    (
        "node.cluster.x-k8s.io/uninitialized",
        "Cluster API has not set it up",
    ),
    (
        "node.cluster.x-k8s.io/outdated-revision",
        "its machine is of an older revision and is to be replaced",
    ),
    (
        "ToBeDeletedByClusterAutoscaler",
        "the autoscaler is removing it",
    ),
    ("karpenter.sh/disrupted", "Karpenter is replacing it"),
    ("karpenter.sh/unregistered", "Karpenter has not set it up"),
];

/// The label by which CCE keeps a node out of an upgrade.
const SKIPPED: &str = "upgrade.cce.io/skipped";

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx.nodes()?.iter();
    let nodes = nodes.filter(|node| !node::just_joined(ctx, node));
    Ok(nodes.flat_map(|node| judge(ctx, node)).collect())
}

fn judge(ctx: &Context<'_>, node: &Node) -> Vec<Finding> {
    let traces = node
        .taints
        .iter()
        .filter_map(|taint| trace(ctx, node, taint));
    let skipped = node
        .labels
        .get(SKIPPED)
        .map(|value| skipped(ctx, node, value));
    let cordoned = node.unschedulable.then(|| cordoned(ctx, node));
    traces.chain(skipped).chain(cordoned).collect()
}

fn trace(ctx: &Context<'_>, node: &Node, taint: &Taint) -> Option<Finding> {
    let (key, what) = TRACES.iter().find(|(key, _)| *key == taint.key)?;
    let message = format!("has the taint {key}: {what}");
    let detail = format!(
        "taint {}={}:{}",
        taint.key,
        short(&taint.value, 60),
        taint.effect
    );
    let finding = node::finding(ctx.now(), node, Severity::Risk, message, detail)
        .telling_apart(*key)
        .setting("spec.taints", *key, None)
        .fix_with(
            "Let what was begun come to its end; if nobody works on the node any more, take the taint away",
            format!("kubectl taint node {} {key}-", node.name),
        );
    Some(finding)
}

fn skipped(ctx: &Context<'_>, node: &Node, value: &str) -> Finding {
    let message = format!("has the label {SKIPPED}: an earlier upgrade left it out");
    let detail = format!(
        "label {SKIPPED}={}, kubeletVersion {}",
        short(value, 60),
        node.kubelet_version
    );
    node::finding(ctx.now(), node, Severity::Risk, message, detail)
        .telling_apart(SKIPPED)
        .setting(&format!("metadata.labels.{SKIPPED}"), value, None)
        .fix_with(
            "Upgrade the node first, then take the label away",
            format!("kubectl label node {} {SKIPPED}-", node.name),
        )
}

fn cordoned(ctx: &Context<'_>, node: &Node) -> Finding {
    let message = "is cordoned: what is drained from other nodes cannot go there";
    node::finding(ctx.now(), node, Severity::Risk, message, "spec.unschedulable true")
        .telling_apart("cordoned")
        .setting("spec.unschedulable", "true", Some("false"))
        .fix_with(
            "Find out who cordoned it and why; when nobody works on it any more, let pods be scheduled there again",
            format!("kubectl uncordon {}", node.name),
        )
}
