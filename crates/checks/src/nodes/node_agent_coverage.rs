use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Node, Probe},
};

use super::node;
use crate::{Check, Context, Outcome, named::by_name, never, text::short};

/// Nodes that the probe did not reach.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeAgentCoverage",
        summary: "a node on which no pod of the probe has looked",
        phase: Phase::Pre,
        group: Group::ExecuteException,
        kind: Kind::Risk,
        level: Severity::Note,
        vendor: false,
        needs: &[Need::Nodes, Need::Probes],
        page: include_str!("node_agent_coverage.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let probes = by_name(ctx.probes()?, |probe| &probe.name);
    let nodes = ctx.nodes()?.iter();
    let able = nodes.filter(|node| !node.is_virtual() && node.operating_system != "windows");
    Ok(able
        .filter_map(|node| judge(ctx, node, probes.get(&*node.name).copied()))
        .collect())
}

fn judge(ctx: &Context<'_>, node: &Node, probe: Option<&Probe>) -> Option<Finding> {
    let message = match probe {
        None => "no pod of the probe was here".to_owned(),
        Some(probe) if probe.finished.is_none() => {
            let why = if probe.waiting.is_empty() {
                "it runs"
            } else {
                &probe.waiting
            };
            format!(
                "the pod of the probe has not looked here: {}",
                short(why, 60)
            )
        }
        Some(_) => return None,
    };
    let detail = probe.map_or("no pod".to_owned(), |probe| short(&probe.pod, 80));
    let finding = node::finding(ctx.now(), node, Severity::Note, message, detail).fix_with(
        "Run the probe again, and see why its pod on this node did not come up",
        "airworthy probe run",
    );
    Some(finding)
}
