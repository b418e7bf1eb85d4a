use airworthy_model::{CheckInfo, Finding, Group, Kind, Minor, Need, Phase, Severity, facts::Node};

use super::node;
use crate::{Check, Context, Outcome, never, text::short};

/// Systems and kernels that are too old.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeOsKernel",
        summary: "a node whose system gets no repairs, or whose kernel is too old for the target",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Nodes],
        page: include_str!("node_os_kernel.md"),
    },
    blocks: never,
    run,
};

/// Beginnings of `osImage`, and the day of the last free repairs, as the makers say (collected at endoflife.date).
const ENDED: [(&str, &str); 14] = [
    ("Amazon Linux 2 ", "2026-06-30"),
    ("CentOS Linux 7", "2024-06-30"),
    ("CentOS Linux 8", "2021-12-31"),
    ("CentOS Stream 8", "2024-05-31"),
    ("Container Linux by CoreOS", "2020-05-26"),
    ("Debian GNU/Linux 9", "2022-06-30"),
    ("Debian GNU/Linux 10", "2024-06-30"),
    ("Debian GNU/Linux 11", "2026-08-31"),
    ("Red Hat Enterprise Linux Server 7", "2024-06-30"),
    ("SUSE Linux Enterprise Server 12", "2024-10-31"),
    ("Ubuntu 16.04", "2021-04-30"),
    ("Ubuntu 18.04", "2023-05-31"),
    ("Ubuntu 20.04", "2025-05-31"),
    ("openSUSE Leap 15.5", "2024-12-31"),
];

/// The first kubelets that want cgroup v2, and the least kernel for it.
const WANTS_CGROUP_2: Minor = Minor::v1(35);
const CGROUP_2: (u32, u32) = (5, 8);
/// Kernels that have newer parts than their number says.
const PATCHED: [&str; 2] = [".el8", ".el9"];

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx
        .nodes()?
        .iter()
        .filter(|node| node.operating_system != "windows");
    Ok(nodes
        .flat_map(|node| ended(ctx, node).into_iter().chain(kernel(ctx, node)))
        .collect())
}

/// A system is ended on the day of the facts, not before.
fn ended(ctx: &Context<'_>, node: &Node) -> Option<Finding> {
    let today = ctx.now().strftime("%F").to_string();
    let (_, day) = ENDED
        .iter()
        .find(|(system, day)| node.os_image.starts_with(system) && **day < *today)?;
    let message = format!(
        "runs {}, which gets no repairs since {day}",
        short(&node.os_image, 80)
    );
    Some(describe(ctx, node, "system", message))
}

fn kernel(ctx: &Context<'_>, node: &Node) -> Option<Finding> {
    let path = ctx.path().ok()?;
    let patched = PATCHED
        .iter()
        .any(|mark| node.kernel_version.contains(mark));
    if !ctx.drains_nodes()
        || path.target.minor < WANTS_CGROUP_2
        || patched
        || version(&node.kernel_version)? >= CGROUP_2
    {
        return None;
    }
    let message = format!(
        "has kernel {}; kubelets from 1.35 on want cgroup v2, for which 5.8 is the least",
        short(&node.kernel_version, 60)
    );
    let hop = path.hop_crossing(WANTS_CGROUP_2);
    Some(Finding {
        hop,
        ..describe(ctx, node, "kernel", message)
    })
}

/// The first two numbers of a kernel's version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn describe(ctx: &Context<'_>, node: &Node, which: &str, message: String) -> Finding {
    let detail = format!(
        "osImage {}, kernelVersion {}",
        short(&node.os_image, 80),
        short(&node.kernel_version, 60)
    );
    node::finding(ctx.now(), node, Severity::Risk, message, detail)
        .telling_apart(which)
        .fix_with(
            "Roll the node onto an image with a current system",
            format!(
                "kubectl drain {} --ignore-daemonsets --delete-emptydir-data",
                node.name
            ),
        )
}
