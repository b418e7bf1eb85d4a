use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Reason, Severity, Subject,
    facts::{Probe, Service},
};

use super::{post_endpoints_empty::ready, probed};
use crate::{Check, Context, Judgement, Outcome, always};

/// A cluster in which names do not resolve.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostDns",
        summary: "names do not resolve in the cluster after the upgrade",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Services, Need::EndpointSlices, Need::Probes],
        page: include_str!("post_dns.md"),
    },
    blocks: always,
    run,
};

/// Services of cluster DNS, by namespace and name.
const SERVERS: [(&str, &str); 5] = [
    ("kube-system", "kube-dns"),
    ("kube-system", "coredns"),
    ("kube-system", "rke2-coredns-rke2-coredns"),
    ("kube-dns", "kube-dns"),
    ("openshift-dns", "dns-default"),
];

#[expect(clippy::unnecessary_wraps, reason = "every check returns an outcome")]
fn run(ctx: &Context<'_>) -> Outcome {
    let servers = servers(ctx);
    let probes = match ctx.probes() {
        // Nobody has asked for a probe: then the servers are what can be looked at.
        Err(missing) if missing.reason == Reason::SwitchedOff => Ok(Judgement::default()),
        probes => probes.map(|probes| asked(ctx, probes)),
    };
    Ok([servers, probes].into_iter().collect())
}

/// Services of cluster DNS that have no server behind them.
fn servers(ctx: &Context<'_>) -> Outcome {
    let services = ctx.services()?;
    let slices = ctx.endpoint_slices()?;
    let is_dns = |one: &&Service| SERVERS.contains(&(one.namespace.as_str(), one.name.as_str()));
    let ready = ready(slices);
    let dead = services.iter().filter(is_dns).filter(|one| {
        let key = (one.namespace.as_str(), one.name.as_str());
        one.has_selector && ready.get(&key).copied().unwrap_or(0) == 0
    });
    Ok(dead.map(|service| no_server(ctx, service)).collect())
}

fn no_server(ctx: &Context<'_>, service: &Service) -> Finding {
    let (namespace, name) = (&service.namespace, &service.name);
    let subject = Subject::namespaced("v1", "Service", namespace, name);
    let source = format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices");
    let message = "no server of the cluster's DNS is ready: names do not resolve";
    Finding::new(Severity::Blocker, subject, message)
        .because(Evidence::state(source, ctx.now(), "ready endpoints: 0"))
        .fix_with(
            "Find out why the pods of cluster DNS are not ready; a Corefile with a plugin that is gone stops all of them",
            format!("kubectl -n {namespace} get pods -l k8s-app=kube-dns"),
        )
}

/// What pods were told on their nodes.
fn asked(ctx: &Context<'_>, probes: &[Probe]) -> Judgement {
    let judged: Judgement = probes.iter().flat_map(|probe| names(ctx, probe)).collect();
    let about = "whether names resolve";
    judged.without(probed::silent(probes, about, |probe| probe.dns.is_some()))
}

fn names(ctx: &Context<'_>, probe: &Probe) -> Vec<Finding> {
    let fix = |finding: Finding| {
        finding.fix_with(
            "See whether the node reaches the servers of cluster DNS, and what they log",
            "kubectl -n kube-system logs -l k8s-app=kube-dns --tail 50",
        )
    };
    let inside = (probe.dns == Some(false)).then(|| {
        let message = "names of the cluster do not resolve in pods on this node".to_owned();
        let severity = Severity::Blocker;
        fix(probed::finding(ctx.now(), probe, severity, "dns", message))
    });
    // A cluster may be cut off on purpose; while its own names fail, this says nothing new.
    let outside = (probe.dns != Some(false) && probe.external_dns == Some(false)).then(|| {
        let message = "names outside the cluster do not resolve in pods on this node".to_owned();
        let severity = Severity::Risk;
        fix(probed::finding(
            ctx.now(),
            probe,
            severity,
            "external",
            message,
        ))
    });
    inside.into_iter().chain(outside).collect()
}
