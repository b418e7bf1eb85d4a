use airworthy_model::{
    CheckInfo, Finding, Group, Kind, KubeVersion, Minor, Need, Phase, Severity, facts::Component,
};

use super::{running, started};
use crate::{Check, Context, Judgement, Outcome, always};

/// A control plane of parts that do not belong together: an upgrade that was not finished.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ControlPlaneSkew",
        summary: "parts of the control plane run versions that must not run together",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components, Need::Version],
        page: include_str!("control_plane_skew.md"),
    },
    blocks: always,
    run,
};

const API_SERVER: &str = "kube-apiserver";

fn run(ctx: &Context<'_>) -> Outcome {
    let seen = ctx.components()?;
    let told = ctx.version()?.version.minor;
    let pods = running::pods(seen);
    let versions: Vec<_> = pods
        .iter()
        .filter_map(|pod| Some((*pod, pod.version()?)))
        .collect();
    let servers = versions.iter().filter(|(pod, _)| pod.name == API_SERVER);
    let servers = servers.map(|(_, version)| version.minor).chain([told]);
    let (oldest, newest) = servers.fold((told, told), |(oldest, newest), minor| {
        (oldest.min(minor), newest.max(minor))
    });
    let found: Judgement = versions
        .iter()
        .filter_map(|(pod, version)| judge(ctx, pod, version, oldest, newest))
        .collect();
    let found = found.without(running::unreadable(&pods));
    Ok(started::concluded(ctx, found, || running::unseen(seen)))
}

fn judge(
    ctx: &Context<'_>,
    pod: &Component,
    version: &KubeVersion,
    oldest: Minor,
    newest: Minor,
) -> Option<Finding> {
    let minor = version.minor;
    let why = if pod.name == API_SERVER {
        let behind = newest.distance_from(minor);
        (behind > 1).then(|| format!("is {behind} minors older than another API server ({newest})"))
    } else if minor > oldest {
        Some(format!("is newer than an API server ({oldest})"))
    } else {
        let behind = newest.distance_from(minor);
        (behind > 1).then(|| format!("is {behind} minors older than an API server ({newest})"))
    };
    let message = format!("{version} on {} {}", pod.node, why?);
    let detail = format!("image tag {}", pod.tag);
    let finding = started::finding(ctx, Severity::Blocker, &pod.name, message, [(pod, detail)].into_iter())
        .setting("image", &pod.tag, Some(&format!("v{newest}")))
        .telling_apart(&*pod.node)
        .fix_with(
            "Finish the upgrade that was begun: every part of the control plane to the minor of the newest API server",
            "kubectl -n kube-system get pods -l tier=control-plane -o wide",
        );
    Some(finding)
}
