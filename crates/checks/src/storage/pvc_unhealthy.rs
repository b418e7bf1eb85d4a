use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{PersistentVolume, PersistentVolumeClaim, Pod, PodVolume, StorageClass},
};

use super::users;
use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Claims without a volume, and volumes that failed.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PvcUnhealthy",
        summary: "a claim waits for its volume or has lost it, or a volume has failed",
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
    let parts = [Ok(lost(ctx, claims)), pending(ctx, claims), failed(ctx)];
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

fn pending(ctx: &Context<'_>, claims: &[PersistentVolumeClaim]) -> Outcome {
    let old = |claim: &&PersistentVolumeClaim| {
        claim.phase == "Pending" && !claim.deleting && ctx.seconds_since(claim.created) > PATIENCE
    };
    let old: Vec<_> = claims.iter().filter(old).collect();
    if old.is_empty() {
        return Ok(Judgement::default());
    }
    let (classes, pods) = (ctx.storage_classes()?, ctx.pods()?);
    let waits = |claim: &&PersistentVolumeClaim| {
        let class = class_of(claim, classes);
        // It is as it should be: its volume is made when a pod comes.
        class.is_none_or(|class| !class.waits_for_pod) || is_wanted(claim, pods)
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

fn is_wanted(claim: &PersistentVolumeClaim, pods: &[Pod]) -> bool {
    let uses =
        |volume: &PodVolume| matches!(volume, PodVolume::Claim(name) if **name == *claim.name);
    users::living(pods)
        .filter(|pod| pod.namespace == claim.namespace)
        .any(|pod| pod.volumes.iter().any(uses))
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

fn of_claim(ctx: &Context<'_>, claim: &PersistentVolumeClaim, message: String) -> Finding {
    let (namespace, name) = (&claim.namespace, &claim.name);
    let subject = Subject::namespaced("v1", "PersistentVolumeClaim", namespace, name);
    let source = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}");
    let detail = format!(
        "phase {}, class {}, volume {}",
        claim.phase,
        claim.class.as_deref().unwrap_or("by default"),
        claim.volume
    );
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "Read its events, and mend its class or its driver; delete it if nobody needs it",
            format!("kubectl -n {namespace} describe pvc {name}"),
        )
}

fn failed(ctx: &Context<'_>) -> Outcome {
    let volumes = ctx.persistent_volumes()?.iter();
    Ok(volumes
        .filter(|volume| volume.phase == "Failed")
        .map(|volume| of_volume(ctx, volume))
        .collect())
}

fn of_volume(ctx: &Context<'_>, volume: &PersistentVolume) -> Finding {
    let said = if volume.trouble.is_empty() {
        String::new()
    } else {
        format!(": {}", short(&volume.trouble, 120))
    };
    let message = format!("Failed{said}");
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
