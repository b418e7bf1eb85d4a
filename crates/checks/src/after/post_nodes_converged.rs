use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject, facts::Node,
};

use super::{baseline::optional, pools};
use crate::{
    Check, Context, Judgement, Outcome, always,
    nodes::{
        kubelet::{self, Skew},
        node, ready,
    },
    text::{counted, some_of},
};

/// Nodes that did not come out of the upgrade as they went in.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostNodesConverged",
        summary: "a node is not ready, left cordoned, behind the API server's version, or missing",
        phase: Phase::Post,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::Version, Need::Baseline],
        page: include_str!("post_nodes_converged.md"),
    },
    blocks: always,
    run,
};

/// The nodes of before, by name.
type ByName<'a> = BTreeMap<&'a str, &'a Node>;

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx.nodes()?;
    let (server, no_version) = optional(ctx.version().map(|v| v.version.minor));
    let (before, no_baseline) = optional(ctx.before().and_then(|before| before.nodes()));
    let earlier = before.map(|nodes| {
        nodes
            .iter()
            .map(|node| (node.name.as_str(), node))
            .collect::<ByName<'_>>()
    });
    let mut findings: Vec<_> = nodes
        .iter()
        .flat_map(|node| {
            let skew = server.and_then(|server| skew(ctx, node, server));
            [
                not_ready(ctx, node),
                cordoned(ctx, node, earlier.as_ref()),
                skew,
            ]
        })
        .flatten()
        .collect();
    findings.extend(earlier.and_then(|earlier| fewer(ctx, nodes, &earlier)));
    let gaps = [no_version, no_baseline, kubelet::unreadable(nodes)];
    Ok(Judgement::from(findings).without(gaps.into_iter().flatten()))
}

fn not_ready(ctx: &Context<'_>, node: &Node) -> Option<Finding> {
    Some(ready::not_ready(ctx, node)?.telling_apart("ready"))
}

/// A node that was schedulable and is not any more. Of a node that was not there, nobody knows how it should be.
fn cordoned(ctx: &Context<'_>, node: &Node, earlier: Option<&ByName<'_>>) -> Option<Finding> {
    let before = earlier.and_then(|earlier| earlier.get(node.name.as_str()));
    if !node.unschedulable || before.is_some_and(|old| old.unschedulable) {
        return None;
    }
    let (severity, message) = match before {
        Some(_) => (
            Severity::Blocker,
            "is cordoned; before the upgrade it was not",
        ),
        None => (
            Severity::Risk,
            "is cordoned, and the baseline does not have it",
        ),
    };
    let finding = node::finding(
        ctx.now(),
        node,
        severity,
        message,
        "spec.unschedulable true",
    )
    .setting("spec.unschedulable", "true", Some("false"))
    .fix_with(
        "Let pods be scheduled on it again",
        format!("kubectl uncordon {}", node.name),
    );
    Some(finding.telling_apart("cordoned"))
}

/// A kubelet of another minor. Where the control plane alone was upgraded, one that is old enough to be supported is as it should be.
fn skew(ctx: &Context<'_>, node: &Node, server: Minor) -> Option<Finding> {
    let (severity, message) = match Skew::of(kubelet::minor(node)?, server) {
        Skew::Newer => (Severity::Blocker, "is newer than the API server"),
        Skew::TooOld => (Severity::Blocker, "is older than the API server supports"),
        Skew::Behind if ctx.drains_nodes() => (Severity::Risk, "has not followed the API server"),
        Skew::Behind | Skew::None => return None,
    };
    let version = &node.kubelet_version;
    let detail = format!("kubeletVersion {version}, API server {server}");
    let message = format!("kubelet {version} {message} ({server})");
    let finding = node::finding(ctx.now(), node, severity, message, detail)
        .setting(
            "status.nodeInfo.kubeletVersion",
            version,
            Some(&format!("v{server}")),
        )
        .fix_with(
            format!("Upgrade this node to {server}, or replace it"),
            format!(
                "kubectl drain {} --ignore-daemonsets --delete-emptydir-data",
                node.name
            ),
        );
    Some(finding.telling_apart("kubelet"))
}

/// Counts, not names: nodes that were replaced have others.
fn fewer(ctx: &Context<'_>, nodes: &[Node], earlier: &ByName<'_>) -> Option<Finding> {
    let gone = pools::missing(earlier, nodes);
    if gone.is_empty() {
        return None;
    }
    let message = format!(
        "{}, {} before the upgrade; gone: {}",
        counted(nodes.len(), "node"),
        earlier.len(),
        some_of(gone.into_iter())
    );
    let finding = Finding::new(Severity::Risk, Subject::cluster("v1", "NodeList", "nodes"), message)
        .because(Evidence::state("/api/v1/nodes", ctx.now(), counted(nodes.len(), "node")))
        .fix_with("Find out whether the nodes that are gone were meant to go; an autoscaler may have taken them", "kubectl get nodes");
    Some(finding)
}
