use airworthy_model::{CheckInfo, Group, Kind, Need, Phase, Severity};

use super::usage::{self, Measure};
use crate::{Check, Context, Outcome, never};

/// Nodes whose memory is used up.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeMemoryUsage",
        summary: "a node that uses nearly all of its memory",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Nodes, Need::NodeUsage, Need::Kubelets],
        page: include_str!("node_memory_usage.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let measure = Measure {
        what: "memory",
        used: |usage| usage.memory_bytes,
        there: |node| node.memory_bytes,
    };
    usage::judge(ctx, &measure)
}
