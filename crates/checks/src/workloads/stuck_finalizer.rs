use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity, Subject,
    facts::{Deletion, Pod, PodVolume},
};

use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{short, some_of},
};

/// Objects that are to go and do not.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "StuckFinalizer",
        summary: "an object should have been gone for fifteen minutes, and a finalizer holds it",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Pods,
            Need::PersistentVolumeClaims,
            Need::Services,
            Need::Ingresses,
            Need::Crds,
        ],
        page: include_str!("stuck_finalizer.md"),
    },
    blocks: never,
    run,
};

/// Seconds after which somebody should look.
const PATIENCE: i64 = 900;
/// Holds a claim while a pod uses it, which is as it should be.
const IN_USE: &str = "kubernetes.io/pvc-protection";

/// An object, by what is asked of it.
struct Held<'a> {
    kind: &'static str,
    resource: &'static str,
    api_version: &'static str,
    namespace: &'a str,
    name: &'a str,
    deletion: &'a Deletion,
}

#[allow(clippy::unnecessary_wraps)] // As every check has it.
fn run(ctx: &Context<'_>) -> Outcome {
    let parts = [
        pods(ctx),
        claims(ctx),
        services(ctx),
        ingresses(ctx),
        definitions(ctx),
    ];
    let judged = parts.into_iter().map(|part| {
        Ok(part?
            .into_iter()
            .filter(|held| ctx.seconds_since(Some(held.deletion.due)) > PATIENCE)
            .map(|held| describe(ctx, &held))
            .collect::<Judgement>())
    });
    Ok(judged.collect())
}

/// The grace period is part of the time at which a pod should be gone.
fn pods<'a>(ctx: &Context<'a>) -> Result<Vec<Held<'a>>, Missing> {
    let held = |pod: &'a Pod| {
        let deletion = pod.deletion.as_deref()?;
        Some(Held {
            kind: "Pod",
            resource: "pods",
            api_version: "v1",
            namespace: &pod.namespace,
            name: &pod.name,
            deletion,
        })
    };
    Ok(ctx.pods()?.iter().filter_map(held).collect())
}

fn claims<'a>(ctx: &Context<'a>) -> Result<Vec<Held<'a>>, Missing> {
    let mut found = Vec::new();
    for claim in ctx.persistent_volume_claims()? {
        let Some(deletion) = claim.deletion.as_deref() else {
            continue;
        };
        if deletion.finalizers.iter().all(|one| one == IN_USE)
            && is_used(ctx, &claim.namespace, &claim.name)?
        {
            continue;
        }
        found.push(Held {
            kind: "PersistentVolumeClaim",
            resource: "persistentvolumeclaims",
            api_version: "v1",
            namespace: &claim.namespace,
            name: &claim.name,
            deletion,
        });
    }
    Ok(found)
}

fn is_used(ctx: &Context<'_>, namespace: &str, claim: &str) -> Result<bool, Missing> {
    let is_it = |volume: &PodVolume| matches!(volume, PodVolume::Claim(name) if **name == *claim);
    let uses = |pod: &Pod| {
        pod.namespace == namespace && !pod.is_finished() && pod.volumes.iter().any(is_it)
    };
    Ok(ctx.pods()?.iter().any(uses))
}

fn services<'a>(ctx: &Context<'a>) -> Result<Vec<Held<'a>>, Missing> {
    let services = ctx.services()?.iter();
    Ok(services
        .filter_map(|one| {
            let deletion = one.deletion.as_deref()?;
            Some(Held {
                kind: "Service",
                resource: "services",
                api_version: "v1",
                namespace: &one.namespace,
                name: &one.name,
                deletion,
            })
        })
        .collect())
}

fn ingresses<'a>(ctx: &Context<'a>) -> Result<Vec<Held<'a>>, Missing> {
    let ingresses = ctx.ingresses()?.iter();
    Ok(ingresses
        .filter_map(|one| {
            let deletion = one.deletion.as_deref()?;
            Some(Held {
                kind: "Ingress",
                resource: "ingresses",
                api_version: "networking.k8s.io/v1",
                namespace: &one.namespace,
                name: &one.name,
                deletion,
            })
        })
        .collect())
}

fn definitions<'a>(ctx: &Context<'a>) -> Result<Vec<Held<'a>>, Missing> {
    let crds = ctx.crds()?.iter();
    Ok(crds
        .filter_map(|one| {
            let deletion = one.deletion.as_deref()?;
            Some(Held {
                kind: "CustomResourceDefinition",
                resource: "customresourcedefinitions",
                api_version: "apiextensions.k8s.io/v1",
                namespace: "",
                name: &one.name,
                deletion,
            })
        })
        .collect())
}

fn describe(ctx: &Context<'_>, held: &Held<'_>) -> Finding {
    let Held {
        kind,
        resource,
        api_version,
        namespace,
        name,
        deletion,
    } = held;
    let minutes = ctx.seconds_since(Some(deletion.due)) / 60;
    let by = if deletion.finalizers.is_empty() {
        "and no finalizer says why".to_owned()
    } else {
        format!(
            "held by {}",
            some_of(deletion.finalizers.iter().map(String::as_str))
        )
    };
    let message = format!("should have been gone for {minutes} minutes, {by}");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let list = airworthy_knowledge::url(group, version, resource);
    let (subject, object, scope) = if namespace.is_empty() {
        (
            Subject::cluster(api_version, kind, name),
            format!("{list}/{name}"),
            String::new(),
        )
    } else {
        let path = list.replace(
            &format!("/{resource}"),
            &format!("/namespaces/{namespace}/{resource}/{name}"),
        );
        (
            Subject::namespaced(api_version, kind, namespace, name),
            path,
            format!("-n {namespace} "),
        )
    };
    let detail = format!(
        "deletionTimestamp {}, finalizers {}",
        deletion.due,
        some_of(deletion.finalizers.iter().map(String::as_str))
    );
    Finding::new(Severity::Risk, subject, short(&message, 200))
        .because(Evidence::state(object, ctx.now(), detail))
        .setting("metadata.finalizers", deletion.finalizers.join(", "), None)
        .fix_with("Bring the controller back that has to let it go; a finalizer is taken out by hand only when that controller is gone for good", format!("kubectl {scope}get {resource} {name} -o yaml"))
}
