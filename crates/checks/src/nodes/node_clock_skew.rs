use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Reason, Severity,
    facts::{Kubelet, Lease, Node},
};

use super::{asked, node};
use crate::{Check, Context, Judgement, Outcome, named::by_name, never};

/// Nodes whose clock is wrong.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeClockSkew",
        summary: "a node whose clock is not that of the API server",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Nodes,
            Need::NodeLeases,
            Need::Kubelets,
            Need::Collection,
        ],
        page: include_str!("node_clock_skew.md"),
    },
    blocks: never,
    run,
};

/// Seconds from which on clocks differ by more than leases and headers jitter.
const OFF: i64 = 5;

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx.nodes()?;
    let kubelets: Outcome = match ctx.kubelets() {
        Err(missing) if missing.reason == Reason::SwitchedOff => Ok(Judgement::default()),
        kubelets => kubelets.map(|all| by_kubelet(ctx, nodes, all)),
    };
    let told: BTreeSet<String> = kubelets
        .iter()
        .flat_map(|one| &one.findings)
        .map(|one| one.subject.name.clone())
        .collect();
    let leases = ctx.node_leases().and_then(|leases| {
        // While a large or slow cluster is read, its nodes go on renewing.
        let reading = i64::try_from(ctx.collection()?.seconds).unwrap_or(i64::MAX);
        let others = nodes.iter().filter(|node| !told.contains(&node.name));
        let leases = by_name(leases, |lease| &lease.name);
        let found =
            others.filter_map(|node| by_lease(ctx, node, leases.get(&*node.name)?, reading));
        Ok(found.collect::<Judgement>())
    });
    Ok([kubelets, leases].into_iter().collect())
}

fn by_kubelet(ctx: &Context<'_>, nodes: &[Node], kubelets: &[Kubelet]) -> Judgement {
    let kubelets = asked::by_node(kubelets);
    let off = nodes.iter().filter_map(|node| {
        let ahead = kubelets.get(&*node.name)?.clock_ahead_seconds?;
        (ahead.saturating_abs() >= OFF)
            .then(|| describe(ctx, node, ahead, "the Date of its kubelet's answer"))
    });
    off.collect()
}

/// A lease that was renewed in the future, after the facts were read. One that is late may be that of a kubelet that is silent.
fn by_lease(ctx: &Context<'_>, node: &Node, lease: &Lease, reading: i64) -> Option<Finding> {
    let ahead = lease.renewed?.as_second() - ctx.now().as_second();
    (ahead >= OFF.saturating_add(reading))
        .then(|| describe(ctx, node, ahead, "the time at which its lease was renewed"))
}

fn describe(ctx: &Context<'_>, node: &Node, ahead: i64, by: &str) -> Finding {
    let seconds = ahead.saturating_abs();
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    let message = format!("its clock is {seconds} s {way} the API server's");
    node::finding(
        ctx.now(),
        node,
        Severity::Risk,
        message,
        format!("{by} is off by {ahead} s"),
    )
    .fix_with(
        "Repair the time service of the node",
        format!("kubectl -n kube-node-lease get lease {} -o yaml", node.name),
    )
}
