use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Hop, Kind, KubeVersion, Minor, Need, Phase, Severity,
    Subject,
    facts::{Component, Node},
};

use super::{
    kube_proxy,
    kubelet::{self, Skew},
    node_version_skew::{Server, servers},
};
use crate::{Check, Context, Judgement, Outcome, always};

/// kube-proxies that the API server, or their kubelet, leaves behind.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "KubeProxySkew",
        summary: "a kube-proxy is too old for the API server or its kubelet, or newer than the API server",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components, Need::Nodes, Need::Version],
        page: include_str!("kube_proxy_skew.md"),
    },
    blocks: always,
    run,
};

/// Minors between a kube-proxy and the kubelet beside it.
const APART: i32 = 3;

fn run(ctx: &Context<'_>) -> Outcome {
    let seen = ctx.components()?;
    let (now, servers) = (ctx.version()?.version.minor, servers(ctx, ctx.path()?));
    if kube_proxy::pods(seen).next().is_none() {
        return Ok(Judgement::not_applicable(kube_proxy::ABSENT));
    }
    let nodes = ctx.nodes();
    let kubelets = by_name(nodes.as_ref().ok().copied());
    let findings: Judgement = kube_proxy::pods(seen)
        .filter_map(|pod| {
            let version = pod.version()?;
            let kubelet = kubelets.get(&*pod.node).copied();
            judge(&version, now, &servers, kubelet)
                .map(|(message, hop)| describe(ctx, pod, now, message, hop))
        })
        .collect();
    Ok(findings
        .without(kube_proxy::unreadable(seen))
        .without(nodes.err()))
}

fn by_name(nodes: Option<&Vec<Node>>) -> BTreeMap<&str, Minor> {
    let nodes = nodes.into_iter().flatten();
    nodes
        .filter_map(|node| Some((&*node.name, kubelet::minor(node)?)))
        .collect()
}

type Fault = (String, Option<Hop>);

/// The first thing that is wrong with a version.
fn judge(
    version: &KubeVersion,
    now: Minor,
    servers: &[Server],
    kubelet: Option<Minor>,
) -> Option<Fault> {
    let minor = version.minor;
    if minor > now {
        let message = format!("kube-proxy {version} is newer than the API server ({now})");
        return Some((message, None));
    }
    let behind = servers
        .iter()
        .find(|(server, _)| Skew::of(minor, *server) == Skew::TooOld);
    if let Some((server, hop)) = behind {
        let message = format!(
            "kube-proxy {version} would be {} minors older than the API server at {server}; {} are supported",
            server.distance_from(minor),
            minor.kubelet_lag()
        );
        return Some((message, *hop));
    }
    let kubelet = kubelet.filter(|kubelet| kubelet.distance_from(minor).abs() > APART)?;
    let message = format!(
        "kube-proxy {version} is more than {APART} minors away from the kubelet beside it ({kubelet})"
    );
    Some((message, None))
}

fn describe(
    ctx: &Context<'_>,
    pod: &Component,
    now: Minor,
    message: String,
    hop: Option<Hop>,
) -> Finding {
    let detail = format!("image tag {}, API server {now}", pod.tag);
    let finding = Finding::new(Severity::Blocker, Subject::cluster("v1", "Node", &pod.node), message)
        .because(Evidence::state(&pod.source, ctx.now(), detail))
        .setting("kube-proxy image", &pod.tag, Some(&format!("v{now}")))
        .fix_with(
            format!("Bring kube-proxy to {now}, the minor of the API server, and wait until its pods are replaced"),
            "kubectl -n kube-system rollout status daemonset kube-proxy",
        );
    Finding { hop, ..finding }
}
