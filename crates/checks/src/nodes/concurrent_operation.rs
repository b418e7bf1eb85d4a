use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Lease, Node, Operation},
};

use super::kubelet;
use crate::{
    Check, Context, Judgement, Outcome, always,
    text::{short, some_of},
};

/// What others are doing to the cluster at this moment.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ConcurrentOperation",
        summary: "another upgrade, drain, scaling or freeze of the cluster is under way",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::Operations, Need::Leases],
        page: include_str!("concurrent_operation.md"),
    },
    blocks: always,
    run,
};

/// The lease by which whoever upgrades a cluster keeps others away.
const LOCK: &str = "airworthy-upgrade";
/// How long a lease holds that does not say it.
const USUAL_LEASE: i32 = 60;

#[expect(clippy::unnecessary_wraps, reason = "every check returns an outcome")]
fn run(ctx: &Context<'_>) -> Outcome {
    let mut parts: Vec<Outcome> = vec![ctx.leases().map(|leases| {
        leases
            .iter()
            .filter_map(|lease| locked(ctx, lease))
            .collect()
    })];
    let nodes = ctx.nodes();
    parts.push(match (&nodes, ctx.operations()) {
        (Ok(nodes), Ok(operations)) => Ok(operations_of(ctx, nodes, operations)),
        (_, Err(missing)) => Err(missing),
        (Err(missing), _) => Err(missing.clone()),
    });
    parts.push(nodes.map(|nodes| half_done(ctx, nodes).into_iter().collect()));
    Ok(Judgement::from_iter(parts))
}

/// Somebody holds the lock and has renewed it in time.
fn locked(ctx: &Context<'_>, lease: &Lease) -> Option<Finding> {
    let holder = lease
        .holder
        .as_deref()
        .filter(|holder| !holder.is_empty())?;
    let lasts = i64::from(lease.duration_seconds.unwrap_or(USUAL_LEASE));
    if lease.name != LOCK || lease.renewed.is_none() || ctx.seconds_since(lease.renewed) > lasts {
        return None;
    }
    let subject = Subject::namespaced("coordination.k8s.io/v1", "Lease", &lease.namespace, LOCK);
    let source = format!(
        "/apis/coordination.k8s.io/v1/namespaces/{}/leases/{LOCK}",
        lease.namespace
    );
    let detail = format!(
        "renewed {} s ago, holds for {lasts} s",
        ctx.seconds_since(lease.renewed)
    );
    let message = format!(
        "{} holds the lock on upgrades of this cluster",
        short(holder, 80)
    );
    let finding = Finding::new(Severity::Blocker, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "Wait until it is given back, or ask who holds it",
            format!("kubectl -n {} get lease {LOCK} -o yaml", lease.namespace),
        );
    Some(finding)
}

fn operations_of(ctx: &Context<'_>, nodes: &[Node], operations: &[Operation]) -> Judgement {
    let nodes: BTreeSet<_> = nodes.iter().map(|node| node.name.as_str()).collect();
    let about_ours = |one: &&Operation| nodes.contains(one.node.as_str());
    let ours: BTreeSet<_> = operations
        .iter()
        .filter(about_ours)
        .map(|one| one.cluster.as_str())
        .filter(|cluster| !cluster.is_empty())
        .collect();
    let concerns = |one: &&Operation| match one.kind.as_str() {
        "ConfigMap" => true,
        "Machine" | "MachineDeployment" => ours.contains(one.cluster.as_str()),
        _ => about_ours(one),
    };
    let concerning = operations.iter().filter(concerns);
    concerning.filter_map(|one| judge(ctx, one)).collect()
}

/// How bad it is, and what is under way.
fn under_way(ctx: &Context<'_>, one: &Operation) -> Option<(Severity, String)> {
    let on = || {
        if one.node.is_empty() {
            String::new()
        } else {
            format!(" node {}", short(&one.node, 60))
        }
    };
    match one.kind.as_str() {
        "ConfigMap" => {
            let over = one.until.is_some_and(|until| until <= ctx.now());
            let why = if one.phase.is_empty() {
                "no reason is given"
            } else {
                &one.phase
            };
            (!over).then(|| (Severity::Blocker, format!("the cluster is frozen: {why}")))
        }
        "MachineDeployment" => {
            let (updated, desired) = (one.updated?, one.desired?);
            let message =
                format!("rolls its machines: {updated} of {desired} are as they should be");
            (updated < desired).then_some((Severity::Blocker, message))
        }
        "Machine" if one.deleting => {
            Some((Severity::Blocker, format!("is being removed, with{}", on())))
        }
        "Machine" => match one.phase.as_str() {
            "Pending" | "Provisioning" | "Provisioned" => Some((
                Severity::Risk,
                "is being set up: the cluster is scaling".to_owned(),
            )),
            "Failed" => Some((Severity::Risk, format!("has failed{}", on()))),
            _ => None,
        },
        "NodeMaintenance" if one.phase == "Succeeded" => {
            Some((Severity::Risk, format!("keeps{} out of service", on())))
        }
        "NodeMaintenance" => Some((Severity::Blocker, format!("is draining{}", on()))),
        "NodeClaim" if one.deleting => {
            Some((Severity::Risk, format!("is being removed, with{}", on())))
        }
        _ => None,
    }
}

fn judge(ctx: &Context<'_>, one: &Operation) -> Option<Finding> {
    let (severity, message) = under_way(ctx, one)?;
    let subject = Subject {
        namespace: (!one.namespace.is_empty()).then(|| one.namespace.clone()),
        ..Subject::cluster(&one.api_version, &one.kind, &one.name)
    };
    let detail = match one.until {
        Some(until) => format!("until {until}"),
        None => format!(
            "phase {:?}{}",
            one.phase,
            if one.deleting { ", being deleted" } else { "" }
        ),
    };
    let (kind, name) = (one.kind.to_lowercase(), &one.name);
    let place = if one.namespace.is_empty() {
        String::new()
    } else {
        format!("-n {} ", one.namespace)
    };
    let source = format!("{} {}", one.api_version, subject.path());
    let text = match one.kind.as_str() {
        "ConfigMap" => "Wait until the freeze is over, or take it away if it is yours",
        _ => "Let it come to its end, or cancel it, before the upgrade begins",
    };
    let finding = Finding::new(severity, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(text, format!("kubectl {place}get {kind} {name} -o yaml"));
    Some(finding)
}

/// Kubelets of several minors while a node is cordoned: a rollout of nodes that has begun and not ended.
fn half_done(ctx: &Context<'_>, nodes: &[Node]) -> Option<Finding> {
    let minors: BTreeSet<_> = nodes.iter().filter_map(kubelet::minor).collect();
    let oldest = minors.first().filter(|_| minors.len() > 1)?;
    let behind = |node: &&Node| node.unschedulable && kubelet::minor(node) == Some(*oldest);
    let mut waiting: Vec<_> = nodes
        .iter()
        .filter(behind)
        .map(|node| node.name.as_str())
        .collect();
    waiting.sort_unstable();
    let first = *waiting.first()?;
    let versions: Vec<_> = minors.iter().map(ToString::to_string).collect();
    let versions = versions.join(", ");
    let subject = Subject::cluster("v1", "Node", first);
    let message = format!(
        "kubelets are of {versions}, and {} of {oldest} is cordoned: an upgrade of nodes has not ended",
        some_of(waiting.iter().copied())
    );
    let detail = format!("cordoned: {}", some_of(waiting.iter().copied()));
    let finding = Finding::new(Severity::Risk, subject, message)
        .telling_apart("half done")
        .because(Evidence::state("/api/v1/nodes", ctx.now(), detail))
        .fix_with(
            "Upgrade the rest of the nodes, or undo it, before the next upgrade begins",
            "kubectl get nodes",
        );
    Some(finding)
}
