use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Pdb, Pod, Workload},
};

use super::{budget, pdb_blocks_drain};
use crate::{
    Check, Context, Outcome, never,
    text::counted,
    workloads::{owner::Owner, state::State},
};

/// Budgets that could allow an eviction and do not at this moment.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PdbNoDisruptionNow",
        summary: "a disruption budget allows no eviction now, because some of its pods are not healthy",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Pdbs,
            Need::Pods,
            Need::Deployments,
            Need::StatefulSets,
        ],
        page: include_str!("pdb_no_disruption_now.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let exhausted: Vec<_> = ctx.pdbs()?.iter().filter(|pdb| is_exhausted(pdb)).collect();
    // A drain passes over pods of a DaemonSet.
    let alive = |pod: &&Pod| !pod.is_finished() && !pod.deleting && !pod.stays_with_node();
    let pods = budget::by_namespace(ctx.pods()?.iter().filter(alive));
    let mut rolling = Rolling::default();
    let findings = exhausted.into_iter().filter_map(|pdb| {
        let pods = pods.get(&*pdb.namespace)?;
        judge(ctx, pdb, pods, &mut rolling)
    });
    Ok(findings.collect())
}

/// It says of its newest spec that nobody may go, and its spec is not what forbids it.
fn is_exhausted(pdb: &Pdb) -> bool {
    pdb.disruptions_allowed <= 0
        && !pdb.is_outdated()
        && pdb_blocks_drain::guards_a_pod(pdb)
        && !pdb_blocks_drain::never_allows(pdb)
        && budget::failed(pdb).is_none()
}

fn judge<'a>(
    ctx: &Context<'a>,
    pdb: &Pdb,
    pods: &[&Pod],
    rolling: &mut Rolling<'a>,
) -> Option<Finding> {
    let guarded: Vec<_> = pods.iter().filter(|pod| budget::guards(pdb, pod)).collect();
    let refused = guarded.iter().filter(|pod| is_refused(pdb, pod)).count();
    if refused == 0 {
        return None;
    }
    let starting = guarded
        .iter()
        .any(|pod| !pod.ready && rolling.holds(ctx, pod));
    let severity = if starting {
        Severity::Note
    } else {
        ctx.risk_of_drain()
    };
    let why = if starting {
        "; a rollout is under way"
    } else {
        ""
    };
    let message = format!(
        "allows no eviction now: {} healthy, {} demanded, so {} cannot leave {}{why}",
        pdb.current_healthy,
        pdb.desired_healthy,
        counted(refused, "pod"),
        if refused == 1 {
            "its node"
        } else {
            "their nodes"
        },
    );
    let finding = budget::finding(ctx, pdb, severity, message);
    Some(finding.fix_with(
        "Heal the pods that are not ready, or wait for the rollout that is under way",
        format!("kubectl -n {} describe pdb {}", pdb.namespace, pdb.name),
    ))
}

/// Whether the eviction of a pod is refused: pending pods always go; pods that are not ready go where the budget lets them, or where
/// the healthy ones suffice.
fn is_refused(pdb: &Pdb, pod: &Pod) -> bool {
    let suffices = pdb.current_healthy >= pdb.desired_healthy && pdb.desired_healthy > 0;
    let goes = !pod.ready && (pdb.unhealthy_policy == "AlwaysAllow" || suffices);
    !pod.node.is_empty() && pod.phase != "Pending" && !goes
}

/// Namespaces and names of the workloads of each kind that replace their pods right now, once somebody has asked.
#[derive(Default)]
struct Rolling<'a>(BTreeMap<&'static str, BTreeSet<(&'a str, &'a str)>>);

impl<'a> Rolling<'a> {
    /// Whether the owner of a pod does. Where owners cannot be listed, nothing excuses the pod.
    fn holds(&mut self, ctx: &Context<'a>, pod: &Pod) -> bool {
        let owner = Owner::of(pod);
        let (kind, workloads) = match owner.kind {
            "Deployment" => ("Deployment", ctx.deployments()),
            "StatefulSet" => ("StatefulSet", ctx.stateful_sets()),
            _ => return false,
        };
        let known: &BTreeSet<_> = self.0.entry(kind).or_insert_with(|| {
            let workloads = workloads.map(Vec::as_slice).unwrap_or_default();
            let rolling = workloads.iter().filter(|one| is_rolling(ctx, one));
            rolling.map(|one| (&*one.namespace, &*one.name)).collect()
        });
        known.contains(&(owner.namespace, owner.name))
    }
}

fn is_rolling(ctx: &Context<'_>, workload: &Workload) -> bool {
    let behind = workload.updated < workload.desired;
    behind || matches!(State::of(ctx, workload), State::Rolling | State::Unseen)
}
