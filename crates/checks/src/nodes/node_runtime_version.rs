use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Need, Phase, Severity, UpgradePath, facts::Node,
};

use super::{kubelet, node, runtime::Runtime};
use crate::{Check, Context, Judgement, Outcome, text::short};

/// The kubelet that no longer speaks to Docker.
const NO_DOCKERSHIM: Minor = Minor::v1(24);
/// The kubelet that speaks CRI v1 only, which containerd has since 1.6.
const CRI_V1_ONLY: Minor = Minor::v1(26);
/// The first minor that containerd 1.x is not tested with.
const CONTAINERD_2: Minor = Minor::v1(36);

/// Runtimes that the target's kubelet does not work with, or is not tested with.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeRuntimeVersion",
        summary: "a container runtime that the target's kubelet does not work, or is not tested, with",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes],
        page: include_str!("node_runtime_version.md"),
    },
    blocks,
    run,
};

/// Whether a kubelet may go over 1.24 or 1.26 on this way: one that lags three minors does so as late as from a 1.28 API server.
fn blocks(ctx: &Context<'_>) -> bool {
    let meets =
        |path: &UpgradePath| path.from.minor < Minor::v1(29) && path.target.minor >= NO_DOCKERSHIM;
    ctx.drains_nodes() && ctx.path().is_ok_and(meets)
}

fn run(ctx: &Context<'_>) -> Outcome {
    let (nodes, path) = (ctx.nodes()?, ctx.path()?);
    let nodes = nodes.iter().filter(|node| !node.is_virtual());
    let findings: Judgement = nodes
        .clone()
        .filter_map(|node| judge(ctx, node, path))
        .collect();
    let odd =
        nodes.filter(|node| is_open(node, path) && Runtime::read(&node.runtime_version).is_none());
    let odd = odd.map(|node| (node, node.runtime_version.as_str()));
    Ok(findings.without(node::unreadable("containerRuntimeVersion", odd)))
}

/// The node's kubelet on its way; one of unknown version is taken to be as old as the API server.
fn crosses(node: &Node, path: &UpgradePath, minor: Minor) -> bool {
    kubelet::minor(node).unwrap_or(path.from.minor) < minor && minor <= path.target.minor
}

/// Whether any rule turns on the node's runtime.
fn is_open(node: &Node, path: &UpgradePath) -> bool {
    let crossed = [NO_DOCKERSHIM, CRI_V1_ONLY]
        .into_iter()
        .any(|minor| crosses(node, path, minor));
    crossed || path.target.minor >= CONTAINERD_2
}

/// Whether it has something to say of a node.
pub(crate) fn finds(ctx: &Context<'_>, node: &Node) -> bool {
    ctx.path().is_ok_and(|path| obstacle(node, path).is_some())
}

fn judge(ctx: &Context<'_>, node: &Node, path: &UpgradePath) -> Option<Finding> {
    let (severity, met, why) = obstacle(node, path)?;
    let severity = if ctx.drains_nodes() {
        severity
    } else {
        soften(severity)
    };
    let message = format!("runs {}: {why}", short(&node.runtime_version, 80));
    let detail = format!(
        "containerRuntimeVersion {}, kubeletVersion {}",
        node.runtime_version, node.kubelet_version
    );
    let finding = node::finding(ctx.now(), node, severity, message, detail)
        .setting("status.nodeInfo.containerRuntimeVersion", &node.runtime_version, None)
        .fix_with(
            "Give the node an image with a fitting runtime: drain it, then replace it or upgrade its runtime",
            format!("kubectl drain {} --ignore-daemonsets --delete-emptydir-data", node.name),
        );
    let hop = met.and_then(|minor| path.hop_crossing(minor));
    Some(Finding { hop, ..finding })
}

/// While nodes stay as they are, so do their kubelets: the matter waits for the day when they are upgraded.
fn soften(severity: Severity) -> Severity {
    match severity {
        Severity::Blocker => Severity::Risk,
        Severity::Risk | Severity::Note => Severity::Note,
    }
}

/// How bad, the minor that is met, and why. `docker://` under a kubelet without dockershim is cri-dockerd, which is fine, and so is one
/// that was moved there before.
fn obstacle(node: &Node, path: &UpgradePath) -> Option<(Severity, Option<Minor>, String)> {
    let met = |severity, minor, why: &str| Some((severity, Some(minor), why.to_owned()));
    match Runtime::read(&node.runtime_version)? {
        Runtime::Docker if !node.cri_dockerd && crosses(node, path, NO_DOCKERSHIM) => met(
            Severity::Blocker,
            NO_DOCKERSHIM,
            "kubelets from 1.24 on have no dockershim",
        ),
        Runtime::Containerd(major, minor)
            if (major, minor) < (1, 6) && crosses(node, path, CRI_V1_ONLY) =>
        {
            met(
                Severity::Blocker,
                CRI_V1_ONLY,
                "kubelets from 1.26 on need containerd 1.6 or later",
            )
        }
        Runtime::Containerd(1, _) if path.target.minor >= CONTAINERD_2 => met(
            Severity::Risk,
            CONTAINERD_2,
            "Kubernetes from 1.36 on is tested with containerd 2 only",
        ),
        Runtime::CriO(minor) => {
            let kubelet = kubelet::minor(node).filter(|kubelet| *kubelet != minor)?;
            Some((
                Severity::Risk,
                None,
                format!("CRI-O {minor} is not made for a kubelet of {kubelet}"),
            ))
        }
        _ => None,
    }
}
