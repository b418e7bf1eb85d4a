use airworthy_model::{CheckInfo, Group, Kind, Need, Phase, Severity};

use super::ready;
use crate::{Check, Context, Outcome, always};

/// Nodes that are not ready.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeReady",
        summary: "a node that is not ready",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes],
        page: include_str!("node_ready.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx.nodes()?.iter();
    Ok(nodes
        .filter_map(|node| ready::not_ready(ctx, node))
        .collect())
}
