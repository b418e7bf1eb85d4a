use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{PersistentVolume, PersistentVolumeClaim, Pod, PodVolume, StorageClass},
};

use super::users;
use crate::{
    Check, Context, Judgement, Outcome,
    drain::is_evicted,
    never,
    text::{counted, short},
};

/// Claims without a volume or on their way out, and volumes that failed.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PvcUnhealthy",
        summary: "a claim waits for its volume, has lost it or goes with its pods, or a volume has failed",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::PersistentVolumeClaims,
            Need::PersistentVolumes,
            Need::StorageClasses,
            Need::Pods,
        ],
        page: include_str!("pvc_unhealthy.md"),
    },
    blocks: never,
    run,
};

/// So many seconds a volume may take to be made.
const PATIENCE: i64 = 5 * 60;

fn run(ctx: &Context<'_>) -> Outcome {
    let claims = ctx.persistent_volume_claims()?;
    let parts = [
        Ok(lost(ctx, claims)),
        Ok(not_understood(ctx, claims)),
        pending(ctx, claims),
        leaving(ctx, claims),
        failed(ctx),
    ];
    Ok(parts.into_iter().collect())
}

fn lost(ctx: &Context<'_>, claims: &[PersistentVolumeClaim]) -> Judgement {
    claims
        .iter()
        .filter(|claim| claim.phase == "Lost" && !claim.deleting)
        .map(|claim| {
            let message = format!(
                "Lost: its volume {} is gone or belongs to another claim",
                short(&claim.volume, 80)
            );
            of_claim(ctx, claim, message)
        })
        .collect()
}

/// Phases of a claim and of a volume that are understood; one that lacks says nothing.
const CLAIM_PHASES: [&str; 4] = ["", "Pending", "Bound", "Lost"];
const VOLUME_PHASES: [&str; 6] = ["", "Pending", "Available", "Bound", "Released", "Failed"];

/// A phase of a newer version: nobody here knows that it is well.
fn not_understood(ctx: &Context<'_>, claims: &[PersistentVolumeClaim]) -> Judgement {
    claims
        .iter()
        .filter(|claim| !CLAIM_PHASES.contains(&claim.phase.as_str()) && !claim.deleting)
        .map(|claim| of_claim(ctx, claim, in_phase(&claim.phase)))
        .collect()
}

fn in_phase(phase: &str) -> String {
    format!(
        "is in the phase {}, which is not known here",
        short(phase, 60)
    )
}

fn pending(ctx: &Context<'_>, claims: &[PersistentVolumeClaim]) -> Outcome {
    let old = |claim: &&PersistentVolumeClaim| {
        claim.phase == "Pending" && !claim.deleting && ctx.seconds_since(claim.created) > PATIENCE
    };
    let old: Vec<_> = claims.iter().filter(old).collect();
    if old.is_empty() {
        return Ok(Judgement::default());
    }
    let (classes, wanted) = (ctx.storage_classes()?, wanted(ctx.pods()?));
    let waits = |claim: &&PersistentVolumeClaim| {
        let class = class_of(claim, classes);
        // It is as it should be: its volume is made when a pod comes.
        class.is_none_or(|class| !class.waits_for_pod)
            || wanted.contains(&(&*claim.namespace, &*claim.name))
    };
    Ok(old
        .into_iter()
        .filter(waits)
        .map(|claim| unbound(ctx, claim, classes))
        .collect())
}

/// The class that it asks for, or gets because it names none.
fn class_of<'a>(
    claim: &PersistentVolumeClaim,
    classes: &'a [StorageClass],
) -> Option<&'a StorageClass> {
    let fits = |class: &&StorageClass| {
        claim
            .class
            .as_ref()
            .map_or(class.default, |name| *name == class.name)
    };
    classes.iter().find(fits)
}

/// Namespaces and names of the claims that pods use.
fn wanted(pods: &[Pod]) -> BTreeSet<(&str, &str)> {
    let mut wanted = BTreeSet::new();
    for pod in users::living(pods) {
        wanted.extend(claims_of(pod).map(|claim| (&*pod.namespace, claim)));
    }
    wanted
}

/// Names of the claims that a pod uses.
fn claims_of(pod: &Pod) -> impl Iterator<Item = &str> {
    pod.volumes.iter().filter_map(|volume| match volume {
        PodVolume::Claim(name) => Some(&**name),
        _ => None,
    })
}

fn unbound(ctx: &Context<'_>, claim: &PersistentVolumeClaim, classes: &[StorageClass]) -> Finding {
    let minutes = ctx.seconds_since(claim.created) / 60;
    let why = match (&claim.class, class_of(claim, classes)) {
        (_, Some(class)) => format!("of class {}", short(&class.name, 60)),
        (Some(name), None) if name.is_empty() => "of any class".to_owned(),
        (Some(name), None) => format!("of class {}, which is not there", short(name, 60)),
        (None, None) => "of the default class, of which there is none".to_owned(),
    };
    of_claim(
        ctx,
        claim,
        format!("has waited {minutes} minutes for a volume {why}"),
    )
}

/// Claims that were deleted and that only their pods keep: a drain ends those, then the claim, and no successor gets it.
fn leaving(ctx: &Context<'_>, claims: &[PersistentVolumeClaim]) -> Outcome {
    let leaving: Vec<_> = claims.iter().filter(|claim| claim.deleting).collect();
    if leaving.is_empty() {
        return Ok(Judgement::default());
    }
    let users = users_of_claims(ctx.pods()?);
    let held = leaving.into_iter().filter_map(|claim| {
        let pods = users.get(&(&*claim.namespace, &*claim.name))?;
        Some(held(ctx, claim, pods))
    });
    Ok(held.collect())
}

/// Pods that a drain ends, by namespace and name of the claims that they use. What goes anyway takes its claim along by intent.
fn users_of_claims(pods: &[Pod]) -> BTreeMap<(&str, &str), BTreeSet<&str>> {
    let mut users: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| is_evicted(pod)) {
        for claim in claims_of(pod) {
            let users = users.entry((&*pod.namespace, claim)).or_default();
            users.insert(&*pod.name);
        }
    }
    users
}

fn held(ctx: &Context<'_>, claim: &PersistentVolumeClaim, pods: &BTreeSet<&str>) -> Finding {
    let first = pods.first().copied().unwrap_or_default();
    let message = format!(
        "is deleted and kept only by {} such as {}: it goes with them when they are evicted",
        counted(pods.len(), "pod"),
        short(first, 50)
    );
    let severity = ctx.risk_of_drain();
    stated(ctx, claim, severity, message).fix_with(
        "A deletion cannot be taken back: save its data and give the pods another claim before nodes are drained",
        format!("kubectl -n {} describe pvc {}", claim.namespace, claim.name),
    )
}

fn of_claim(ctx: &Context<'_>, claim: &PersistentVolumeClaim, message: String) -> Finding {
    stated(ctx, claim, Severity::Risk, message).fix_with(
        "Read its events, and mend its class or its driver; delete it if nobody needs it",
        format!("kubectl -n {} describe pvc {}", claim.namespace, claim.name),
    )
}

/// A finding on a claim, with what the claim says as its evidence.
fn stated(
    ctx: &Context<'_>,
    claim: &PersistentVolumeClaim,
    severity: Severity,
    message: String,
) -> Finding {
    let (namespace, name) = (&claim.namespace, &claim.name);
    let subject = Subject::namespaced("v1", "PersistentVolumeClaim", namespace, name);
    let source = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}");
    let detail = format!(
        "phase {}{}, class {}, volume {}",
        claim.phase,
        if claim.deleting {
            ", being deleted"
        } else {
            ""
        },
        claim.class.as_deref().unwrap_or("by default"),
        claim.volume
    );
    Finding::new(severity, subject, message).because(Evidence::state(source, ctx.now(), detail))
}

fn failed(ctx: &Context<'_>) -> Outcome {
    let volumes = ctx.persistent_volumes()?.iter();
    Ok(volumes
        .filter(|volume| {
            volume.phase == "Failed" || !VOLUME_PHASES.contains(&volume.phase.as_str())
        })
        .map(|volume| of_volume(ctx, volume))
        .collect())
}

fn of_volume(ctx: &Context<'_>, volume: &PersistentVolume) -> Finding {
    let said = if volume.trouble.is_empty() {
        String::new()
    } else {
        format!(": {}", short(&volume.trouble, 120))
    };
    let message = match volume.phase.as_str() {
        "Failed" => format!("Failed{said}"),
        phase => in_phase(phase),
    };
    Finding::new(Severity::Risk, users::subject(volume), message)
        .because(Evidence::state(
            format!("/api/v1/persistentvolumes/{}", volume.name),
            ctx.now(),
            format!("phase Failed, claim {}", users::claim_of(volume)),
        ))
        .fix_with(
            "Save what it holds if anybody needs it, then reclaim it by hand",
            format!("kubectl describe pv {}", volume.name),
        )
}
