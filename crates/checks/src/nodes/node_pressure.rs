use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Condition, Node},
};

use super::node;
use crate::{Check, Context, Outcome, always};

/// Conditions of a node that should not hold, and what each says.
const BAD: [(&str, &str); 4] = [
    ("MemoryPressure", "is short of memory"),
    ("DiskPressure", "is short of disk space or inodes"),
    ("PIDPressure", "is short of process ids"),
    ("NetworkUnavailable", "has no network for pods"),
];

/// Nodes in distress.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodePressure",
        summary: "a node is short of memory, disk or process ids, or has no network",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes],
        page: include_str!("node_pressure.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx.nodes()?.iter();
    Ok(nodes.flat_map(|node| judge(ctx, node)).collect())
}

fn judge(ctx: &Context<'_>, node: &Node) -> impl Iterator<Item = Finding> {
    BAD.into_iter().filter_map(move |(name, what)| {
        let condition = Condition::find(&node.conditions, name)?;
        condition
            .is_true()
            .then(|| describe(ctx, node, condition, what))
    })
}

fn describe(ctx: &Context<'_>, node: &Node, condition: &Condition, what: &str) -> Finding {
    let message = format!("{what} ({})", condition.r#type);
    let detail = format!(
        "{} True: {} {}",
        condition.r#type, condition.reason, condition.message
    );
    node::finding(
        ctx.now(),
        node,
        Severity::Blocker,
        message,
        detail.trim_end(),
    )
    .telling_apart(&condition.r#type)
    .fix_with(
        "Free what lacks, or move pods away: conditions, allocated resources and events say what",
        format!("kubectl describe node {}", node.name),
    )
}
