use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Missing, Need, Phase, Severity,
    facts::{LabelSelector, Pdb, Pod},
};

use super::{
    corefiles,
    installed::{self, Installed},
};
use crate::{Check, Context, Judgement, Outcome, never};

/// Names that hang on a single pod, node or chance.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "CoreDNSHealth",
        summary: "CoreDNS hangs on one pod or one node, or nothing keeps a drain from taking all of it",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Deployments,
            Need::DaemonSets,
            Need::Pods,
            Need::Nodes,
            Need::Pdbs,
            Need::ClusterDns,
        ],
        page: include_str!("coredns_health.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    if !ctx.drains_nodes() {
        return Ok(Judgement::not_applicable("no node is drained"));
    }
    let Some(dns) = installed::cluster_dns(ctx)? else {
        return match (
            corefiles::main(ctx.cluster_dns()?),
            installed::unknown_dns(ctx)?,
        ) {
            (Some(corefile), Some(workload)) => Err(corefiles::unknown_image(corefile, workload)),
            _ => Ok(Judgement::not_applicable(corefiles::NO_COREDNS)),
        };
    };
    if dns.workload.kind == airworthy_model::facts::WorkloadKind::DaemonSet {
        return Ok(Judgement::not_applicable("CoreDNS runs on every node"));
    }
    if ctx.nodes()?.len() < 2 {
        return Ok(Judgement::not_applicable(
            "there is one node: all of CoreDNS goes with it",
        ));
    }
    if dns.workload.desired < 2 {
        return Ok(Judgement::from_iter([alone(ctx, &dns)]));
    }
    Ok([placed(ctx, &dns), guarded(ctx, &dns)]
        .into_iter()
        .collect())
}

fn alone(ctx: &Context<'_>, dns: &Installed<'_>) -> Finding {
    let message = format!(
        "CoreDNS has {} replica: while its node is drained, no name is resolved",
        dns.workload.desired
    );
    let desired = dns.workload.desired.to_string();
    let name = &dns.workload.name;
    dns.finding(
        ctx,
        Severity::Risk,
        message,
        &format!("spec.replicas {desired}"),
    )
    .setting("spec.replicas", desired, Some("2"))
    .fix_with(
        "Run two replicas or more, on different nodes",
        format!("kubectl -n kube-system scale deployment {name} --replicas 2"),
    )
}

/// The pods of the workload, by its selector.
fn pods<'a>(ctx: &Context<'a>, dns: &Installed<'_>) -> Result<Vec<&'a Pod>, Missing> {
    let selector = dns.workload.selector.clone().unwrap_or_default();
    let mine = |pod: &&Pod| {
        pod.namespace == dns.workload.namespace
            && !pod.is_finished()
            && !selector.is_empty()
            && selector.selects(&pod.labels)
    };
    Ok(ctx.pods()?.iter().filter(mine).collect())
}

fn placed(ctx: &Context<'_>, dns: &Installed<'_>) -> Outcome {
    let pods = pods(ctx, dns)?;
    let nodes: BTreeSet<_> = pods
        .iter()
        .map(|pod| pod.node.as_str())
        .filter(|node| !node.is_empty())
        .collect();
    let only = nodes.first().filter(|_| nodes.len() == 1 && pods.len() > 1);
    let describe = |node: &&str| {
        let message = format!(
            "all {} pods of CoreDNS are on node {node}: its drain takes them together",
            pods.len()
        );
        dns.finding(ctx, Severity::Risk, message, &format!("{} pods on {node}", pods.len()))
            .telling_apart("placed")
            .fix_with(
                "Spread them: anti-affinity or topology spread by host name, then restart the Deployment",
                format!("kubectl -n kube-system rollout restart deployment {}", dns.workload.name),
            )
    };
    Ok(only.map(describe).into_iter().collect())
}

fn guarded(ctx: &Context<'_>, dns: &Installed<'_>) -> Outcome {
    let pods = pods(ctx, dns)?;
    let Some(pod) = pods.first() else {
        return Ok(Judgement::default());
    };
    let guards = |pdb: &Pdb| {
        let selects = |selector: &LabelSelector| selector.selects(&pod.labels);
        pdb.namespace == pod.namespace && pdb.selector.as_ref().is_some_and(selects)
    };
    if ctx.pdbs()?.iter().any(guards) {
        return Ok(Judgement::default());
    }
    let message = "no disruption budget guards CoreDNS: two drains at once may take all its pods";
    let finding = dns
        .finding(ctx, Severity::Note, message, "no PodDisruptionBudget selects its pods")
        .telling_apart("guarded")
        .fix_with(
            "Make a budget that lets one pod go at a time",
            "kubectl -n kube-system create poddisruptionbudget coredns --selector k8s-app=kube-dns --max-unavailable 1",
        );
    Ok(Judgement::from_iter([finding]))
}
