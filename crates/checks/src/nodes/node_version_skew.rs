use airworthy_model::{
    CheckInfo, Finding, Group, Hop, Kind, Minor, Need, Phase, Severity, UpgradePath, facts::Node,
};

use super::{
    kubelet::{self, Skew},
    node,
};
use crate::{Check, Context, Judgement, Outcome, always};

/// Kubelets that the API server will have left behind.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeVersionSkew",
        summary: "a kubelet would be too old for the API server, or is newer than it",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::Version],
        page: include_str!("node_version_skew.md"),
    },
    blocks: always,
    run,
};

/// What an API server runs, and the hop that brings it there.
pub(super) type Server = (Minor, Option<Hop>);

fn run(ctx: &Context<'_>) -> Outcome {
    // Behind a virtual node is no kubelet: its version is that of a library, and the skew policy does not speak of it.
    let nodes = ctx.nodes()?.iter().filter(|node| !node.is_virtual());
    let now = ctx.version()?.version.minor;
    let servers = servers(ctx, ctx.path()?);
    let findings: Judgement = nodes
        .clone()
        .filter_map(|node| judge(ctx, node, now, &servers))
        .collect();
    Ok(findings.without(kubelet::unreadable(nodes)))
}

/// The API servers that the kubelets of now will meet. Where nodes are upgraded too, they follow after each step, so that only the first
/// step meets them as they are.
pub(super) fn servers(ctx: &Context<'_>, path: &UpgradePath) -> Vec<Server> {
    if path.hops.is_empty() {
        return vec![(path.target.minor, None)];
    }
    let last = if ctx.drains_nodes() {
        first_step(ctx, path)
    } else {
        path.target.minor
    };
    let met = path.hops.iter().filter(|hop| hop.to <= last);
    met.map(|hop| (hop.to, Some(*hop))).collect()
}

/// Where the first step ends: at the next minor, or further where the platform sells a longer jump.
fn first_step(ctx: &Context<'_>, path: &UpgradePath) -> Minor {
    let from = path.from.minor;
    let jumps = ctx.policy.allowed_jumps.iter();
    let jumps = jumps.filter(|jump| jump.from == from && jump.to <= path.target.minor);
    jumps.map(|jump| jump.to).fold(from.next(), Minor::max)
}

fn judge(ctx: &Context<'_>, node: &Node, now: Minor, servers: &[Server]) -> Option<Finding> {
    let kubelet = kubelet::minor(node)?;
    if kubelet > now {
        let message = format!(
            "kubelet {} is newer than the API server ({now})",
            node.kubelet_version
        );
        return Some(describe(ctx, node, now, message));
    }
    let (server, hop) = *servers
        .iter()
        .find(|(server, _)| Skew::of(kubelet, *server) == Skew::TooOld)?;
    let message = format!(
        "kubelet {} would be {} minors older than the API server at {server}; {} are supported",
        node.kubelet_version,
        server.distance_from(kubelet),
        kubelet.kubelet_lag()
    );
    let finding = describe(ctx, node, now, message);
    Some(Finding { hop, ..finding })
}

fn describe(ctx: &Context<'_>, node: &Node, now: Minor, message: String) -> Finding {
    let detail = format!("kubeletVersion {}, API server {now}", node.kubelet_version);
    node::finding(ctx.now(), node, Severity::Blocker, message, detail)
        .setting("status.nodeInfo.kubeletVersion", &node.kubelet_version, Some(&format!("v{now}")))
        .fix_with(
            format!("Bring this node to {now}, the minor of the API server, or replace it, before the control plane goes on"),
            format!("kubectl drain {} --ignore-daemonsets --delete-emptydir-data", node.name),
        )
}
