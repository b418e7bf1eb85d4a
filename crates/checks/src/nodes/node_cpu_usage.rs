use airworthy_model::{CheckInfo, Group, Kind, Need, Phase, Severity};

use super::usage::{self, Measure};
use crate::{Check, Context, Outcome, never};

/// Nodes whose processor is used up.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeCpuUsage",
        summary: "a node that uses nearly all of its processor",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Nodes, Need::NodeUsage, Need::Kubelets],
        page: include_str!("node_cpu_usage.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let measure = Measure {
        what: "processor",
        used: |usage| usage.cpu_thousandths,
        there: |node| node.cpu_thousandths,
    };
    usage::judge(ctx, &measure)
}
