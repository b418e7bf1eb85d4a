use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Disk, DiskPurpose, Kubelet, Node},
};

use super::{asked, node};
use crate::{Check, Context, Judgement, Outcome};

/// Nodes that have no room for an upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeDiskSpace",
        summary: "a node with little room left on a disk of its kubelet",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::Kubelets],
        page: include_str!("node_disk_space.md"),
    },
    blocks: there,
    run,
};

/// What an upgrade of a node needs at least, on each of its disks.
const LEAST: u64 = 1 << 30;

/// Without what kubelets say there is nothing to find.
fn there(ctx: &Context<'_>) -> bool {
    ctx.drains_nodes() && ctx.kubelets().is_ok()
}

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes: Vec<_> = ctx
        .nodes()?
        .iter()
        .filter(|node| !node.is_virtual())
        .collect();
    let kubelets = asked::by_node(ctx.kubelets()?);
    let told = |node: &Node| kubelets.get(&*node.name).copied();
    let untold = nodes.iter().filter_map(|node| {
        let kubelet = told(node);
        let nothing = kubelet.is_none_or(|kubelet| kubelet.disks.is_empty());
        nothing.then_some((*node, kubelet))
    });
    let missing = asked::silent("/stats/summary", "it names no disk", untold);
    let found: Judgement = nodes
        .iter()
        .filter_map(|node| Some((*node, told(node)?)))
        .flat_map(|(node, kubelet)| {
            kubelet
                .disks
                .iter()
                .filter_map(move |disk| judge(ctx, node, kubelet, disk))
        })
        .collect();
    Ok(found.without(missing))
}

fn judge(ctx: &Context<'_>, node: &Node, kubelet: &Kubelet, disk: &Disk) -> Option<Finding> {
    let (purpose, signal, usual) = words(disk.purpose);
    let percent = kubelet
        .setting(&format!("evictionHard.{signal}.available"))
        .and_then(percent);
    let percent = percent.unwrap_or(usual);
    let room = format!(
        "has {} left of {} on {purpose}",
        gib(disk.available_bytes),
        gib(disk.capacity_bytes)
    );
    // Within a tenth of where pods are evicted.
    let close = u128::from(disk.available_bytes) * 1000
        <= u128::from(disk.capacity_bytes) * u128::from(percent) * 11;
    let (severity, message) = if disk.available_bytes < LEAST {
        let severity = if ctx.drains_nodes() {
            Severity::Blocker
        } else {
            Severity::Risk
        };
        (severity, room)
    } else if close {
        (
            Severity::Risk,
            format!("{room}: pods are evicted below {percent} %"),
        )
    } else {
        return None;
    };
    let detail = format!(
        "available {} of {} bytes",
        disk.available_bytes, disk.capacity_bytes
    );
    let finding = node::finding(ctx.now(), node, severity, message, detail)
        .telling_apart(signal)
        .fix_with(
            "Remove what is not needed, or give the node a larger disk",
            format!(
                "kubectl get --raw /api/v1/nodes/{}/proxy/stats/summary",
                node.name
            ),
        );
    Some(finding)
}

/// Words for a disk, its name in settings of eviction, and the percentage where nobody sets it.
fn words(purpose: DiskPurpose) -> (&'static str, &'static str, u64) {
    match purpose {
        DiskPurpose::Node => ("the disk of the kubelet", "nodefs", 10),
        DiskPurpose::Images => ("the disk of images", "imagefs", 15),
        DiskPurpose::Containers => ("the disk of containers", "containerfs", 10),
    }
}

/// Reads `"10%"`; an amount of bytes is no percentage.
fn percent(setting: &str) -> Option<u64> {
    let percent = setting.trim_matches('"').strip_suffix('%')?.parse().ok()?;
    (percent <= 100).then_some(percent)
}

/// Tenths of a GiB, as text.
fn gib(bytes: u64) -> String {
    let tenths = u128::from(bytes) * 10 / (1 << 30);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}
