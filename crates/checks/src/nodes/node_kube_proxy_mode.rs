use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Hop, Kind, Minor, Missing, Need, Phase, Severity, Subject,
    UpgradePath,
    facts::{Component, Components, Node, ProxySettings},
};

use super::{kube_proxy, node};
use crate::{Check, Context, Judgement, Outcome};

/// Ways of working of kube-proxy that go, or change.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeKubeProxyMode",
        summary: "kube-proxy works in a mode, or with a limit, that the target drops or changes",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components, Need::Nodes],
        page: include_str!("node_kube_proxy_mode.md"),
    },
    blocks: |ctx| ctx.path().map_or(true, |path| path.crosses(USERSPACE_GONE)),
    run,
};

/// The userspace mode, and the timeout that only it had, are gone.
const USERSPACE_GONE: Minor = Minor::v1(26);
/// The limit of tracked connections is set to what kube-proxy works out, also where the node has more.
const LIMIT_LOWERED: Minor = Minor::v1(29);
/// The ipvs mode is deprecated.
const IPVS_DEPRECATED: Minor = Minor::v1(35);
/// kube-proxy warns where no mode is named, ahead of another default.
const UNSET_WARNED: Minor = Minor::v1(37);
/// The oldest kernel with which kube-proxy starts in the nftables mode.
const NFTABLES_KERNEL: (u32, u32) = (5, 13);

fn run(ctx: &Context<'_>) -> Outcome {
    let (seen, path) = (ctx.components()?, ctx.path()?);
    let Some(pod) = kube_proxy::pods(seen).min_by_key(|pod| &pod.node) else {
        return Ok(Judgement::not_applicable(kube_proxy::ABSENT));
    };
    let told = settings(seen, pod)?;
    let found = [mode_that_goes(path, &told.mode), lowered_limit(path, &told)];
    let found = found
        .into_iter()
        .flatten()
        .map(|fault| describe(ctx, &told, fault));
    let mut judgement: Judgement = found.collect();
    if told.mode == "nftables" {
        let nodes = ctx.nodes()?;
        judgement
            .findings
            .extend(nodes.iter().filter_map(|node| old_kernel(ctx, node)));
    }
    Ok(judgement)
}

/// What kube-proxy goes by: the file of its `ConfigMap`, or flags where it is given no file.
fn settings(seen: &Components, pod: &Component) -> Result<ProxySettings, Missing> {
    if kube_proxy::reads_file(pod) {
        let file = seen.proxy.clone();
        return file.ok_or_else(|| kube_proxy::unread_file(seen));
    }
    let mode = pod.value("proxy-mode");
    if let Some(missing) = kube_proxy::flags_gap(seen).filter(|_| mode.is_none()) {
        return Err(missing);
    }
    Ok(ProxySettings {
        mode: mode.unwrap_or_default().to_owned(),
        source: pod.source.clone(),
        ..ProxySettings::default()
    })
}

/// Something that is wrong with the settings.
struct Fault {
    severity: Severity,
    hop: Option<Hop>,
    field: &'static str,
    value: String,
    message: String,
    fix: &'static str,
}

fn mode_that_goes(path: &UpgradePath, mode: &str) -> Option<Fault> {
    let fault = |severity, since, message: &str, fix| Fault {
        severity,
        hop: path.hop_crossing(since),
        field: "mode",
        value: mode.to_owned(),
        message: message.to_owned(),
        fix,
    };
    match mode {
        "userspace" if path.target.minor >= USERSPACE_GONE => Some(fault(
            Severity::Blocker,
            USERSPACE_GONE,
            "mode userspace is gone from 1.26 on: kube-proxy does not start and Services lose their back ends",
            "Change the mode to iptables in a change of its own, and watch the Services, before the upgrade",
        )),
        "ipvs" if path.target.minor >= IPVS_DEPRECATED => Some(fault(
            Severity::Risk,
            IPVS_DEPRECATED,
            "mode ipvs is deprecated from 1.35 on and will go; it still works at the target",
            "Plan the change to nftables, in a change of its own and not together with the upgrade",
        )),
        "" if path.crosses(UNSET_WARNED) => Some(fault(
            Severity::Note,
            UNSET_WARNED,
            "no mode is named: from 1.37 on kube-proxy warns of it, since another default is to come",
            "Name the mode that is meant",
        )),
        _ => None,
    }
}

/// Up to 1.28 a node's own, larger limit stayed.
fn lowered_limit(path: &UpgradePath, told: &ProxySettings) -> Option<Fault> {
    let hop = path.hop_crossing(LIMIT_LOWERED)?;
    if told.conntrack_max_per_core == Some(0) {
        return None;
    }
    let value = told
        .conntrack_max_per_core
        .map_or_else(|| "default".to_owned(), |limit| limit.to_string());
    Some(Fault {
        severity: Severity::Note,
        hop: Some(hop),
        field: "conntrack.maxPerCore",
        value,
        message: "from 1.29 on kube-proxy also lowers nf_conntrack_max of a node that has set a larger one".to_owned(),
        fix: "Where nodes have a larger limit, set conntrack.maxPerCore to 0, which leaves it alone",
    })
}

fn describe(ctx: &Context<'_>, told: &ProxySettings, fault: Fault) -> Finding {
    let name = told.source.rsplit('/').next().unwrap_or_default();
    let kind = if told.source.contains("/configmaps/") {
        "ConfigMap"
    } else {
        "Pod"
    };
    let subject = Subject::namespaced("v1", kind, "kube-system", name);
    let detail = format!("{}: {:?}", fault.field, fault.value);
    let finding = Finding::new(fault.severity, subject, fault.message)
        .because(Evidence::state(&told.source, ctx.now(), detail))
        .setting(fault.field, fault.value, None)
        .telling_apart(fault.field)
        .fix_with(
            fault.fix,
            "kubectl -n kube-system edit configmap kube-proxy",
        );
    Finding {
        hop: fault.hop,
        ..finding
    }
}

fn old_kernel(ctx: &Context<'_>, node: &Node) -> Option<Finding> {
    let kernel = &node.kernel_version;
    let old = kernel_of(kernel).is_some_and(|version| version < NFTABLES_KERNEL);
    let (major, minor) = NFTABLES_KERNEL;
    old.then(|| {
        let message = format!("its kernel {kernel} is older than {major}.{minor}, below which kube-proxy does not start in mode nftables");
        node::finding(ctx.now(), node, Severity::Risk, message, format!("kernelVersion {kernel}"))
            .setting("status.nodeInfo.kernelVersion", kernel, Some(&format!("{major}.{minor}")))
            .fix("Replace the node by one with a newer kernel, or change the mode of kube-proxy to iptables")
    })
}

/// `(5, 15)` of `5.15.0-106-generic`.
fn kernel_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
