use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity,
    facts::{Component, Kubelet, Node},
};

use super::{asked, kubelet, node};
use crate::{Check, Context, Judgement, Outcome, after::baseline::optional};

/// The first kubelet that does not start on cgroup v1 unless it is told to.
const FAILS_ON_V1: Minor = Minor::v1(35);
const FATAL: &str = "has cgroup v1: kubelets from 1.35 on do not start there unless failCgroupV1: false is written down for them";
const BORNE: &str =
    "has cgroup v1; kubelets start there as long as kubelet-config keeps failCgroupV1: false";
const KUBELET: &str = "kubelet";
/// The kubelet's flag for `failCgroupV1`.
const FLAG: &str = "fail-cgroupv1";

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
        needs: &[Need::Nodes, Need::Kubelets, Need::Components],
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
    let on_v1 = nodes.iter().filter_map(|node| Some((*node, told(node)?)));
    let on_v1: Vec<_> = on_v1.filter(|(_, kubelet)| has_v1(kubelet)).collect();
    if on_v1.is_empty() {
        return Ok(Judgement::default().without(missing));
    }
    let (written, unread) = optional(written(ctx));
    let written = written.flatten();
    let judged = on_v1
        .iter()
        .map(|(node, kubelet)| judge(ctx, node, kubelet, written));
    Ok(judged
        .collect::<Judgement>()
        .without(missing)
        .without(unread))
}

/// A kubelet of 1.35 that runs has passed the test; Windows has no control groups.
fn concerns(node: &Node) -> bool {
    let before = kubelet::minor(node).is_none_or(|minor| minor < FAILS_ON_V1);
    before && node.operating_system != "windows" && !node.is_virtual()
}

fn has_v1(kubelet: &Kubelet) -> bool {
    kubelet.cgroup_version == Some(1)
}

/// What kubeadm gives to kubelets as their configuration, where it says anything of cgroup v1. Only this tells what somebody wrote:
/// `/configz` of kubelets before 1.35 shows `failCgroupV1: false` as the default too.
fn written<'a>(ctx: &Context<'a>) -> Result<Option<&'a Component>, Missing> {
    let seen = ctx.components()?;
    if let Some(unread) = seen.unread.iter().find(|one| one.component == KUBELET) {
        let why = format!("{}: {}", unread.source, unread.why);
        return Err(Missing::not_collected(Need::Components, why));
    }
    Ok(seen.of(KUBELET).find(|one| one.value(FLAG).is_some()))
}

fn judge(
    ctx: &Context<'_>,
    node: &Node,
    kubelet: &Kubelet,
    written: Option<&Component>,
) -> Finding {
    let written = written.filter(|one| one.value(FLAG) == Some("false"));
    let (severity, message) = match written {
        Some(_) => (Severity::Note, BORNE),
        None => (Severity::Blocker, FATAL),
    };
    let shown = kubelet.setting("failCgroupV1").unwrap_or("not shown");
    let settings = written.map_or_else(
        || "no kubelet-config of kubeadm says false".to_owned(),
        |one| format!("{} says false", one.source),
    );
    let detail = format!(
        "kubelet_cgroup_version 1, failCgroupV1 {shown} in effect, {settings}, {}",
        node.os_image
    );
    let finding = node::finding(ctx.now(), node, severity, message, detail)
        .setting("failCgroupV1", shown, Some("false"))
        .fix_with(
            "Roll the nodes onto an image that boots with cgroup v2, and look at what they say then",
            format!(
                "kubectl get --raw /api/v1/nodes/{}/proxy/metrics | grep kubelet_cgroup_version",
                node.name
            ),
        )
        .fix("Or write failCgroupV1: false into the configuration of the kubelets before their upgrade (with kubeadm into ConfigMap kubelet-config), for the time that this is still possible");
    let hop = ctx
        .path()
        .ok()
        .and_then(|path| path.hop_crossing(FAILS_ON_V1));
    Finding { hop, ..finding }
}
