use airworthy_knowledge::{Containerd, RuntimeFit, TestedRuntimes};
use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Node,
};

use super::{node, node_runtime_version, runtime};
use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Nodes on which containerd has to change with the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeContainerdPodRestartRisk",
        summary: "containerd is older than what the target was tested with; changing it restarts pods",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: true,
        needs: &[Need::Nodes],
        page: include_str!("node_containerd_pod_restart_risk.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx.nodes()?;
    if !ctx.drains_nodes() {
        return Ok(Judgement::not_applicable("nodes stay as they are"));
    }
    let target = ctx.path()?.target.minor;
    let Some(tested) = ctx.knowledge.tested_runtimes(target) else {
        let why = format!("with which versions of containerd {target} was tested is not known");
        return Ok(Judgement::not_applicable(why));
    };
    let found: Judgement = nodes
        .iter()
        .filter(|node| !reported(ctx, node))
        .filter_map(|node| judge(ctx, node, tested))
        .collect();
    let odd = nodes.iter().filter(|node| {
        node.runtime_version.starts_with("containerd://") && version(node).is_none()
    });
    let odd = odd.map(|node| (node, node.runtime_version.as_str()));
    Ok(found.without(node::unreadable("containerRuntimeVersion", odd)))
}

fn version(node: &Node) -> Option<Containerd> {
    runtime::containerd(&node.runtime_version)
}

/// Whether its runtime is too old altogether, which is another check's finding.
fn reported(ctx: &Context<'_>, node: &Node) -> bool {
    let name = node_runtime_version::CHECK.info.name;
    ctx.runs(name) && node_runtime_version::finds(ctx, node)
}

fn judge(ctx: &Context<'_>, node: &Node, tested: &TestedRuntimes) -> Option<Finding> {
    let least = match tested.fit(version(node)?) {
        RuntimeFit::Tested => return None,
        RuntimeFit::Below(least) | RuntimeFit::OldSeries(least) => least,
    };
    let least = text(least);
    let runs = short(node.runtime_version.trim_start_matches("containerd://"), 40);
    let message = format!(
        "runs containerd {runs}, and Kubernetes {} was tested with {least} or later: changing it in place restarts the node's pods",
        tested.minor
    );
    let detail = format!(
        "containerRuntimeVersion {}; tested versions: {}",
        node.runtime_version, tested.source
    );
    let finding = node::finding(ctx.now(), node, Severity::Risk, message, detail)
        .setting(
            "status.nodeInfo.containerRuntimeVersion",
            &node.runtime_version,
            Some(&format!("containerd://{least}")),
        )
        .fix_with(
            "Upgrade containerd with the node, drained and at a quiet hour, one node after the other",
            format!(
                "kubectl drain {} --ignore-daemonsets --delete-emptydir-data",
                node.name
            ),
        );
    Some(Finding {
        subject: Subject {
            uid: Some(node.uid.clone()),
            ..finding.subject
        },
        ..finding
    })
}

fn text((major, minor, patch): Containerd) -> String {
    format!("{major}.{minor}.{patch}")
}
