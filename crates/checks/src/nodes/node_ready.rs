use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Condition, Lease, Node},
};

use super::{node, ready};
use crate::{Check, Context, Judgement, Outcome, always, named::by_name};

/// Nodes that are not ready, or that are called ready and no longer say so.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeReady",
        summary: "a node that is not ready, or whose kubelet has fallen silent",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::NodeLeases],
        page: include_str!("node_ready.md"),
    },
    blocks: always,
    run,
};

/// A kubelet renews its lease every 10 seconds; the lease holds for 40.
const USUAL_LEASE: i32 = 40;

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx.nodes()?.iter();
    let not_ready: Judgement = nodes
        .clone()
        .filter_map(|node| ready::not_ready(ctx, node))
        .collect();
    let silent = ctx.node_leases().map(|leases| {
        let ready = nodes.filter(|node| is_settled(ctx, node));
        let leases = by_name(leases, |lease| &lease.name);
        ready
            .filter_map(|node| silent(ctx, node, leases.get(&*node.name)?))
            .collect::<Judgement>()
    });
    Ok([Ok(not_ready), silent].into_iter().collect())
}

/// Whether it is called ready, and has been there long enough to have a lease.
fn is_settled(ctx: &Context<'_>, node: &Node) -> bool {
    let ready = Condition::find(&node.conditions, "Ready");
    ready.is_some_and(Condition::is_true) && !node::just_joined(ctx, node)
}

/// What there is to say of a node whose lease has run out. Without a lease nothing follows: some virtual nodes have none.
fn silent(ctx: &Context<'_>, node: &Node, lease: &Lease) -> Option<Finding> {
    lease.renewed?;
    let age = ctx.seconds_since(lease.renewed);
    let lasts = i64::from(lease.duration_seconds.unwrap_or(USUAL_LEASE));
    if age <= lasts {
        return None;
    }
    let message = format!("is called ready, but its kubelet has not renewed its lease for {age} s");
    let detail = format!("the lease of {} holds for {lasts} s", node.name);
    let finding = node::finding(ctx.now(), node, Severity::Blocker, message, detail)
        .telling_apart("lease")
        .fix_with(
            "See whether the kubelet runs and reaches the API server, and whether the node's clock is right",
            format!("kubectl -n kube-node-lease get lease {} -o yaml", node.name),
        );
    Some(finding)
}
