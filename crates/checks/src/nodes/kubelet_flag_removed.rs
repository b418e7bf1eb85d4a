use std::collections::BTreeSet;

use airworthy_knowledge::{Component, FlagState};
use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity,
    facts::{Kubelet, Node},
};

use super::{asked, kubelet, node};
use crate::{Check, Context, Judgement, Outcome, text::short};

/// The first minor whose kubelets show their flags (`/flagz`, KEP 4828).
const SHOWN_SINCE: Minor = Minor::v1(36);
/// Most flags that one advice names; more of them are lost on 1.23 → 1.24 and 1.36 → 1.37 alone.
const MOST_NAMED: usize = 12;

/// Flags that keep the target's kubelet from starting.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "KubeletFlagRemoved",
        summary: "a kubelet is started with a flag that the target's kubelet does not know",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::Kubelets],
        page: include_str!("kubelet_flag_removed.md"),
    },
    blocks,
    run,
};

/// What flags are where nobody sets them, of those that some later kubelet does not know: `/flagz` shows them all the same. Seen in
/// the flags that cAdvisor 0.53 declares and that kubelets of 1.36 set anew (`cmd/kubelet/app/options/globalflags_linux.go`).
const UNSET: [(&str, &str); 15] = [
    ("application-metrics-count-limit", "100"),
    ("boot-id-file", "/proc/sys/kernel/random/boot_id"),
    ("container-hints", "/etc/cadvisor/container_hints.json"),
    ("containerd", "/run/containerd/containerd.sock"),
    ("containerd-namespace", "k8s.io"),
    ("event-storage-age-limit", "default=0"),
    ("event-storage-event-limit", "default=0"),
    ("global-housekeeping-interval", "1m0s"),
    (
        "machine-id-file",
        "/etc/machine-id,/var/lib/dbus/machine-id",
    ),
    ("register-schedulable", "true"),
    ("storage-driver-buffer-duration", "1m0s"),
    ("storage-driver-db", "cadvisor"),
    ("storage-driver-host", "localhost:8086"),
    ("storage-driver-table", "stats"),
    ("storage-driver-user", "root"),
];

fn blocks(ctx: &Context<'_>) -> bool {
    let loses = |nodes: &Vec<Node>| nodes.iter().any(|node| !lost(ctx, node).is_empty());
    ctx.drains_nodes() && ctx.nodes().map_or(true, loses)
}

fn run(ctx: &Context<'_>) -> Outcome {
    if !ctx.drains_nodes() {
        return Ok(Judgement::not_applicable("kubelets are not upgraded"));
    }
    ctx.path()?;
    let nodes = ctx.nodes()?.iter().filter(|node| !node.is_virtual());
    let concerned: Vec<_> = nodes
        .map(|node| (node, lost(ctx, node)))
        .filter(|(_, lost)| !lost.is_empty())
        .collect();
    if concerned.is_empty() {
        return Ok(Judgement::default());
    }
    let kubelets = ctx
        .kubelets()
        .map_err(|missing| by_hand(missing, &concerned))?;
    let kubelets = asked::by_node(kubelets);
    let told = |node: &Node| kubelets.get(&*node.name).copied();
    let untold = concerned.iter().filter_map(|(node, _)| {
        let kubelet = told(node);
        let flags = kubelet.and_then(|kubelet| kubelet.flags.as_ref());
        flags.is_none().then_some((*node, kubelet))
    });
    let missing = asked::silent(
        "/flagz",
        "kubelets before 1.36 do not show their flags",
        untold,
    )
    .map(|missing| by_hand(missing, &concerned));
    let found: Judgement = concerned
        .iter()
        .filter_map(|(node, lost)| Some((node, lost, told(node)?)))
        .flat_map(|(node, lost, kubelet)| judge(ctx, node, lost, kubelet))
        .collect();
    Ok(found.without(missing))
}

/// A flag that is lost, and the first minor that does not know it.
type Lost<'a> = (&'a str, Minor);

/// A node, and the flags that its kubelet loses.
type Concerned<'a> = (&'a Node, BTreeSet<Lost<'a>>);

/// Kubelets before 1.36 show no flags, whoever asks: there only a look at the node helps, and which flags to look for.
fn by_hand(missing: Missing, concerned: &[Concerned<'_>]) -> Missing {
    let shows = |node: &Node| kubelet::minor(node).is_some_and(|minor| minor >= SHOWN_SINCE);
    let hidden = concerned.iter().filter(|(node, _)| !shows(node));
    let flags: BTreeSet<_> = hidden
        .flat_map(|(_, lost)| lost.iter().map(|(flag, _)| *flag))
        .collect();
    if flags.is_empty() {
        return missing;
    }
    let cure = format!(
        "on nodes with kubelets before {SHOWN_SINCE} look for {} in what `ps -o args= -C kubelet` prints there, for --evidence nodes shows no \
         flags of theirs; where none is set, leave this out with --skip KubeletFlagRemoved",
        named(&flags)
    );
    let rest = missing
        .cure
        .filter(|_| concerned.iter().any(|(node, _)| shows(node)));
    let cure = rest.map_or_else(|| cure.clone(), |rest| format!("{rest}; {cure}"));
    Missing {
        cure: Some(cure),
        ..missing
    }
}

fn named(flags: &BTreeSet<&str>) -> String {
    let shown = flags.iter().take(MOST_NAMED);
    let shown: Vec<_> = shown.map(|flag| format!("--{flag}")).collect();
    match flags.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The flags that the node's kubelet knows and the target's does not.
fn lost<'a>(ctx: &Context<'a>, node: &Node) -> BTreeSet<Lost<'a>> {
    let Ok(path) = ctx.path() else {
        return BTreeSet::new();
    };
    let runs = kubelet::minor(node).unwrap_or(path.from.minor);
    let knowledge = ctx.knowledge;
    let state = |flag: &str, minor| knowledge.flag(Component::Kubelet, flag, minor);
    let rows = knowledge.flags().iter();
    let rows = rows.filter(|row| row.component == Component::Kubelet);
    let known = rows.filter(|row| matches!(state(&row.flag, runs), FlagState::Known { .. }));
    known
        .filter_map(|row| match state(&row.flag, path.target.minor) {
            FlagState::Removed { since } => Some((row.flag.as_str(), since)),
            _ => None,
        })
        .collect()
}

fn judge(
    ctx: &Context<'_>,
    node: &Node,
    lost: &BTreeSet<Lost<'_>>,
    kubelet: &Kubelet,
) -> Vec<Finding> {
    let shown = |flag: &str| Some(&**kubelet.flags.as_ref()?.get(flag)?);
    let set = lost.iter().filter_map(|lost| Some((lost, shown(lost.0)?)));
    let set = set.filter(|((flag, _), value)| !UNSET.contains(&(flag, value)));
    set.map(|(lost, value)| describe(ctx, node, *lost, value))
        .collect()
}

fn describe(ctx: &Context<'_>, node: &Node, (flag, since): Lost<'_>, value: &str) -> Finding {
    let message =
        format!("its kubelet is started with --{flag}, which kubelets from {since} on do not know");
    let detail = format!("--{flag} is {}", short(value, 80));
    let finding = node::finding(ctx.now(), node, Severity::Blocker, message, detail)
        .telling_apart(flag)
        .setting(&format!("--{flag}"), short(value, 80), None)
        .fix_with(
            "Take the flag away where the node's kubelet is started: its unit, the flags file of kubeadm, or the template of the machine",
            format!("kubectl get --raw /api/v1/nodes/{}/proxy/flagz | grep '^{flag}'", node.name),
        );
    let hop = ctx.path().ok().and_then(|path| path.hop_crossing(since));
    Finding { hop, ..finding }
}
