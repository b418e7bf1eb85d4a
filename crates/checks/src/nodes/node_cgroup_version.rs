use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Need, Phase, Severity,
    facts::{Kubelet, Node},
};

use super::{asked, kubelet, node};
use crate::{Check, Context, Judgement, Outcome};

/// The first kubelet that does not start on cgroup v1 unless it is told to.
const FAILS_ON_V1: Minor = Minor::v1(35);

/// Nodes whose kernel hands out control groups in the way that kubelets no longer take.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeCgroupVersion",
        summary: "a node with cgroup v1, on which kubelets from 1.35 on do not start",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::Kubelets],
        page: include_str!("node_cgroup_version.md"),
    },
    blocks: matters,
    run,
};

fn matters(ctx: &Context<'_>) -> bool {
    let reaches = |path: &airworthy_model::UpgradePath| path.target.minor >= FAILS_ON_V1;
    ctx.drains_nodes() && ctx.path().is_ok_and(reaches)
}

fn run(ctx: &Context<'_>) -> Outcome {
    if ctx.path()?.target.minor < FAILS_ON_V1 {
        let why = "kubelets before 1.35 start on either version of cgroups";
        return Ok(Judgement::not_applicable(why));
    }
    if !ctx.drains_nodes() {
        return Ok(Judgement::not_applicable("kubelets are not upgraded"));
    }
    let nodes: Vec<_> = ctx.nodes()?.iter().filter(|node| concerns(node)).collect();
    if nodes.is_empty() {
        return Ok(Judgement::default());
    }
    let kubelets = asked::by_node(ctx.kubelets()?);
    let told = |node: &&Node| kubelets.get(&*node.name).copied();
    let untold = nodes.iter().filter_map(|node| {
        let kubelet = told(node);
        let version = kubelet.and_then(|kubelet| kubelet.cgroup_version);
        version.is_none().then_some((*node, kubelet))
    });
    let missing = asked::silent("/metrics", "kubelets before 1.31 do not count it", untold);
    let found: Judgement = nodes
        .iter()
        .filter_map(|node| judge(ctx, node, told(node)?))
        .collect();
    Ok(found.without(missing))
}

/// A kubelet of 1.35 that runs has passed the test; Windows has no control groups.
fn concerns(node: &Node) -> bool {
    let before = kubelet::minor(node).is_none_or(|minor| minor < FAILS_ON_V1);
    before && node.operating_system != "windows" && !node.is_virtual()
}

fn judge(ctx: &Context<'_>, node: &Node, kubelet: &Kubelet) -> Option<Finding> {
    if kubelet.cgroup_version != Some(1) {
        return None;
    }
    let told_to_bear = kubelet.setting("failCgroupV1") == Some("false");
    let (severity, message) = if told_to_bear {
        let message = "has cgroup v1; kubelets start there as long as failCgroupV1 stays false";
        (Severity::Note, message)
    } else {
        let message =
            "has cgroup v1: kubelets from 1.35 on do not start there unless failCgroupV1 is false";
        (Severity::Blocker, message)
    };
    let detail = format!(
        "kubelet_cgroup_version 1, failCgroupV1 {}, {}",
        kubelet.setting("failCgroupV1").unwrap_or("not set"),
        node.os_image
    );
    let finding = node::finding(ctx.now(), node, severity, message, detail)
        .setting(
            "failCgroupV1",
            kubelet.setting("failCgroupV1").unwrap_or_default(),
            Some("false"),
        )
        .fix_with(
            "Roll the nodes onto an image that boots with cgroup v2, and look at what they say then",
            format!(
                "kubectl get --raw /api/v1/nodes/{}/proxy/metrics | grep kubelet_cgroup_version",
                node.name
            ),
        )
        .fix("Or set failCgroupV1: false in the kubelet's configuration, for the time that this is still possible");
    let hop = ctx.path().ok()?.hop_crossing(FAILS_ON_V1);
    Some(Finding { hop, ..finding })
}
