use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::{Component, Components, Workload},
};

use super::baseline::optional;
use crate::{Check, Context, Judgement, Outcome, always, nodes::kube_proxy};

/// kube-proxies that did not come along.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostKubeProxyConverged",
        summary: "kube-proxy is not rolled out everywhere, newer than the API server, changed or gone",
        phase: Phase::Post,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Components,
            Need::DaemonSets,
            Need::Version,
            Need::Baseline,
        ],
        page: include_str!("post_kube_proxy_converged.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let (seen, sets) = (ctx.components()?, ctx.daemon_sets()?);
    let server = ctx.version()?.version.minor;
    let (before, gap) = optional(ctx.before().and_then(|before| before.components()));
    let set = sets
        .iter()
        .find(|set| set.namespace == "kube-system" && set.name == kube_proxy::NAME);
    let runs = kube_proxy::pods(seen).next().is_some();
    if !runs && set.is_none_or(is_wanted_nowhere) {
        return Ok(absent(ctx, before).without(gap));
    }
    let rollout = set.and_then(|set| unfinished(ctx, set));
    let pods = kube_proxy::pods(seen).filter_map(|pod| newer(ctx, pod, server));
    let mode = before.and_then(|before| changed(ctx, before, seen));
    let found: Judgement = rollout.into_iter().chain(pods).chain(mode).collect();
    Ok(found.without(kube_proxy::unreadable(seen)).without(gap))
}

/// A set that no node suits any more, whose changed selector or nodes without their labels show nowhere else.
fn is_wanted_nowhere(set: &Workload) -> bool {
    set.desired == 0 && !set.is_outdated()
}

/// Nothing is there now: a loss where it was before.
fn absent(ctx: &Context<'_>, before: Option<&Components>) -> Judgement {
    let was = before.map_or(0, |before| kube_proxy::pods(before).count());
    if was == 0 {
        return Judgement::not_applicable(kube_proxy::ABSENT);
    }
    let message = "no pod of kube-proxy runs any more: nodes learn of no new back end of Services";
    let detail = format!("{was} pods before the upgrade, none now");
    [set_finding(
        ctx,
        Severity::Blocker,
        message.to_owned(),
        detail,
    )]
    .into_iter()
    .collect()
}

fn set_finding(ctx: &Context<'_>, severity: Severity, message: String, detail: String) -> Finding {
    let subject = Subject::namespaced("apps/v1", "DaemonSet", "kube-system", kube_proxy::NAME);
    let source = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy";
    Finding::new(severity, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "Look which nodes have no ready pod of it, and why",
            "kubectl -n kube-system get pods -l k8s-app=kube-proxy -o wide",
        )
}

fn unfinished(ctx: &Context<'_>, set: &Workload) -> Option<Finding> {
    let Workload {
        desired,
        updated,
        ready,
        ..
    } = *set;
    let message = if set.is_outdated() {
        "its last change was not taken up yet".to_owned()
    } else if updated < desired {
        format!("{updated} of {desired} nodes have its new pod")
    } else if ready < desired {
        format!("its pod is ready on {ready} of {desired} nodes")
    } else {
        return None;
    };
    let detail = format!("desired {desired}, updated {updated}, ready {ready}");
    Some(set_finding(ctx, Severity::Blocker, message, detail))
}

fn newer(ctx: &Context<'_>, pod: &Component, server: Minor) -> Option<Finding> {
    let version = pod.version().filter(|version| version.minor > server)?;
    let message = format!("kube-proxy {version} is newer than the API server ({server})");
    let detail = format!("image tag {}, API server {server}", pod.tag);
    let finding = Finding::new(
        Severity::Blocker,
        Subject::cluster("v1", "Node", &pod.node),
        message,
    )
    .because(Evidence::state(&pod.source, ctx.now(), detail))
    .fix_with(
        format!("Bring kube-proxy back to {server}"),
        "kubectl -n kube-system rollout undo daemonset kube-proxy",
    );
    Some(finding)
}

/// A mode that changed together with the upgrade, so that nobody can tell which of the two broke something.
fn changed(ctx: &Context<'_>, before: &Components, now: &Components) -> Option<Finding> {
    let (before, now) = (before.proxy.as_ref()?, now.proxy.as_ref()?);
    if before.mode == now.mode {
        return None;
    }
    let message = format!(
        "its mode changed from {:?} to {:?} with the upgrade",
        before.mode, now.mode
    );
    let name = now.source.rsplit('/').next().unwrap_or_default();
    let finding = Finding::new(
        Severity::Risk,
        Subject::namespaced("v1", "ConfigMap", "kube-system", name),
        message,
    )
    .because(Evidence::state(
        &now.source,
        ctx.now(),
        format!("mode {:?}", now.mode),
    ))
    .setting("mode", &now.mode, Some(&before.mode))
    .fix_with(
        "Put the mode back, unless it was meant",
        "kubectl -n kube-system edit configmap kube-proxy",
    );
    Some(finding)
}
