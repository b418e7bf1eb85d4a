use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity, Subject,
    facts::{Workload, WorkloadKind},
};

use super::intended::{is_scaled_to_none, namespace_goes, severity_of_none, was_taken_away};
use crate::{
    Check, Context, Judgement, Outcome, View, always,
    text::{counted, short, some_of},
    workloads::workload,
};

/// A workload with fewer ready pods than before the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostWorkloadBaseline",
        summary: "a workload has fewer ready pods than before the upgrade, is gone, or nobody looks at it",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
            Need::Nodes,
            Need::Pods,
            Need::Services,
            Need::EndpointSlices,
            Need::Namespaces,
            Need::HelmReleases,
            Need::Baseline,
        ],
        page: include_str!("post_workload_baseline.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let now: BTreeMap<_, _> = ctx
        .workloads()?
        .map(|workload| (key(workload), workload))
        .collect();
    let before = ctx.before()?;
    let (lost, others): (Vec<_>, Vec<_>) = before.workloads()?.partition(|old| {
        !now.contains_key(&key(old)) && namespace_goes(ctx, &before, &old.namespace)
    });
    let judged = others
        .into_iter()
        .map(|old| match now.get(&key(old)) {
            None => Ok(gone(ctx, &before, old)),
            Some(new) => match compare(ctx, old, new).or_else(|| unseen(ctx, old, new)) {
                None => unwanted(ctx, &before, old, new),
                less => Ok(less),
            },
        })
        .map(|found| found.map(|found| found.into_iter().collect()));
    Ok(judged.chain([Ok(with_namespaces(ctx, &lost))]).collect())
}

fn key(workload: &Workload) -> (&'static str, &str, &str) {
    (workload.kind.kind(), &workload.namespace, &workload.name)
}

/// What went with its namespace, told once a namespace. People delete namespaces, and upgrades do not; but whoever reads that all is well
/// has to hear that all of it is gone.
fn with_namespaces(ctx: &Context<'_>, lost: &[&Workload]) -> Judgement {
    let mut namespaces: BTreeMap<&str, Vec<&Workload>> = BTreeMap::new();
    for old in lost.iter().filter(|old| old.ready > 0) {
        namespaces.entry(&old.namespace).or_default().push(old);
    }
    namespaces
        .into_iter()
        .map(|(namespace, lost)| with_namespace(ctx, namespace, &lost))
        .collect()
}

fn with_namespace(ctx: &Context<'_>, namespace: &str, lost: &[&Workload]) -> Finding {
    let there = ctx.namespaces().is_ok_and(|all| {
        let mut names = all.iter().map(|one| &one.name);
        names.any(|name| name == namespace)
    });
    let (how, state) = if there {
        ("is being deleted", "Terminating")
    } else {
        ("is gone", "absent now")
    };
    let pods = lost.iter().map(|old| i64::from(old.ready)).sum::<i64>();
    let message = format!(
        "{how}, with {} that had {}: {}",
        counted(lost.len(), "workload"),
        ready_pods(pods),
        some_of(lost.iter().map(|old| old.name.as_str()))
    );
    let source = format!("/api/v1/namespaces/{namespace}");
    Finding::new(
        Severity::Risk,
        Subject::cluster("v1", "Namespace", namespace),
        short(&message, 200),
    )
    .because(Evidence::state(source, ctx.now(), state))
    .fix_with(
        "Ask who deleted it (the audit log says); if nobody meant to, restore it from the backup taken before the upgrade",
        format!("kubectl get namespace {namespace}"),
    )
}

/// What is gone altogether was deleted by somebody; an upgrade deletes no workload, so it is told but does not fail the upgrade. With
/// all that belonged to it, it was meant to go.
fn gone(ctx: &Context<'_>, before: &View<'_>, old: &Workload) -> Option<Finding> {
    if old.ready <= 0 {
        return None;
    }
    let (severity, how) = if was_taken_away(ctx, before, old) {
        (Severity::Note, ", and so is what belonged to it")
    } else {
        (Severity::Risk, "")
    };
    let message = format!("is gone{how}; it had {}", ready_pods(old.ready.into()));
    let finding = workload::finding(ctx.now(), old, severity, message, "absent now");
    Some(finding)
}

/// Fewer ready pods count only up to what is wanted now: someone may have scaled down on purpose.
fn compare(ctx: &Context<'_>, old: &Workload, new: &Workload) -> Option<Finding> {
    let expected = old.ready.min(new.desired);
    let message = format!(
        "{} of {} pods ready, {} before the upgrade",
        new.ready, new.desired, old.ready
    );
    let detail = workload::counts(new);
    (new.ready < expected)
        .then(|| workload::finding(ctx.now(), new, Severity::Blocker, message, &detail))
}

/// A workload whose controller has not looked at what is wanted now: its counts are of an older spec, so that nothing tells whether it is
/// well. Where the baseline has it just so, the upgrade is not to blame.
fn unseen(ctx: &Context<'_>, old: &Workload, new: &Workload) -> Option<Finding> {
    let seen = |one: &Workload| (one.generation, one.observed_generation);
    if !new.is_outdated() || seen(old) == seen(new) {
        return None;
    }
    let message = format!(
        "its controller has seen generation {} of {}: nothing tells whether what is wanted now is well",
        new.observed_generation, new.generation
    );
    let detail = format!(
        "generation {}, observedGeneration {}, {}",
        new.generation,
        new.observed_generation,
        workload::counts(new)
    );
    Some(workload::finding(
        ctx.now(),
        new,
        Severity::Blocker,
        message,
        &detail,
    ))
}

/// What is not wanted any more: by its owner, or, of a daemon set, because nodes are not what they were.
fn unwanted(
    ctx: &Context<'_>,
    before: &View<'_>,
    old: &Workload,
    new: &Workload,
) -> Result<Option<Finding>, Missing> {
    let (severity, message) = if is_scaled_to_none(new) && old.ready > 0 {
        let message = format!("is scaled to none; it had {}", ready_pods(old.ready.into()));
        (severity_of_none(&new.namespace), message)
    } else if fewer_nodes_suit(ctx, before, old, new)? {
        on_fewer(ctx, old, new)
    } else {
        return Ok(None);
    };
    let detail = workload::counts(new);
    let finding = workload::finding(ctx.now(), new, severity, message, &detail);
    Ok(Some(finding))
}

/// A daemon set on fewer nodes than before. That its spec was changed excuses fewer, but not none: upgrades change specs too.
fn on_fewer(ctx: &Context<'_>, old: &Workload, new: &Workload) -> (Severity, String) {
    if new.generation != old.generation {
        let message = format!(
            "is wanted on no node; it had {}",
            ready_pods(old.ready.into())
        );
        return (severity_of_none(&new.namespace), message);
    }
    let message = format!(
        "is wanted on {} of {}, on {} before the upgrade, and its spec is the same",
        new.desired,
        counted(ctx.nodes().map_or(0, Vec::len), "node"),
        old.desired
    );
    (Severity::Risk, message)
}

/// Whether a daemon set that nobody has changed, or that is on no node now, is on fewer nodes, by more than there are fewer nodes.
fn fewer_nodes_suit(
    ctx: &Context<'_>,
    before: &View<'_>,
    old: &Workload,
    new: &Workload,
) -> Result<bool, Missing> {
    let none = new.desired == 0 && old.ready > 0;
    if new.kind != WorkloadKind::DaemonSet
        || (new.generation != old.generation && !none)
        || new.desired >= old.desired
    {
        return Ok(false);
    }
    let fewer = before.nodes()?.len().saturating_sub(ctx.nodes()?.len());
    let lost = usize::try_from(old.desired.saturating_sub(new.desired));
    Ok(lost.is_ok_and(|lost| lost > fewer))
}

fn ready_pods(number: i64) -> String {
    counted(usize::try_from(number).unwrap_or(0), "ready pod")
}
