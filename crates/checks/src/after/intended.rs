//! What people took away, told from what was lost.

use std::collections::BTreeSet;

use airworthy_model::{
    Severity,
    facts::{HelmRelease, LabelSelector, Namespace, Pod, Service, Workload, WorkloadKind},
};

use crate::{Context, View, workloads::owner::Owner};

/// A kind, a namespace and a name.
type Key<'a> = (&'a str, &'a str, &'a str);

/// What has become of the workloads behind something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing tells, or they are as wanted as before.
    Wanted,
    /// They are gone, all of them.
    Gone,
    /// Their owner wants no pod of them any more; some may be gone.
    ScaledToNone,
}

/// Whether a namespace that was there has been deleted, or is being deleted: what was in it goes with it.
pub(super) fn namespace_goes(ctx: &Context<'_>, before: &View<'_>, name: &str) -> bool {
    let (Ok(then), Ok(now)) = (before.namespaces(), ctx.namespaces()) else {
        return false;
    };
    let goes =
        |namespace: &Namespace| namespace.deletion.is_some() || namespace.phase == "Terminating";
    then.iter().any(|namespace| namespace.name == name)
        && now
            .iter()
            .find(|namespace| namespace.name == name)
            .is_none_or(goes)
}

/// What has become of the workloads whose pods a Service selected before the upgrade.
pub(super) fn fate(ctx: &Context<'_>, before: &View<'_>, service: &Service) -> Fate {
    let behind = behind(before, service);
    let Ok(workloads) = ctx.workloads() else {
        return Fate::Wanted;
    };
    let now: Vec<_> = workloads.filter(|one| behind.contains(&key(one))).collect();
    if behind.is_empty() || !now.iter().all(|one| is_scaled_to_none(one)) {
        Fate::Wanted
    } else if now.is_empty() {
        Fate::Gone
    } else {
        Fate::ScaledToNone
    }
}

/// A daemon set has as many pods as there are nodes for it, which is not its owner's word.
pub(super) fn is_scaled_to_none(workload: &Workload) -> bool {
    workload.kind != WorkloadKind::DaemonSet && workload.desired == 0
}

/// How bad it is to be scaled to none: as somebody wants it, but in `kube-system` that may be a mistake.
pub(super) fn severity_of_none(namespace: &str) -> Severity {
    match namespace {
        "kube-system" => Severity::Risk,
        _ => Severity::Note,
    }
}

/// The owners of the pods that a Service selected.
fn behind<'a>(before: &View<'a>, service: &Service) -> BTreeSet<Key<'a>> {
    let pods = before.pods().map(Vec::as_slice).unwrap_or_default();
    let selector = selector(service);
    let selected = pods.iter().filter(|pod| {
        pod.namespace == service.namespace && selector.selects(&pod.labels) && !pod.is_finished()
    });
    let owners = selected.map(Owner::of);
    owners
        .map(|owner| (owner.kind, owner.namespace, owner.name))
        .collect()
}

fn selector(service: &Service) -> LabelSelector {
    LabelSelector {
        match_labels: service.selector.clone(),
        match_expressions: Vec::new(),
    }
}

fn key(workload: &Workload) -> Key<'_> {
    (workload.kind.kind(), &workload.namespace, &workload.name)
}

/// Whether a workload that is gone was taken away with all that belonged to it in a namespace that stays: its Helm release, or its
/// Services, which are gone too or have others behind them.
pub(super) fn was_taken_away(ctx: &Context<'_>, before: &View<'_>, workload: &Workload) -> bool {
    release_goes(ctx, before, workload).unwrap_or_else(|| services_go(ctx, before, workload))
}

/// Whether the Helm release that held a workload holds it no more; nothing where none did.
fn release_goes(ctx: &Context<'_>, before: &View<'_>, workload: &Workload) -> Option<bool> {
    let (then, now) = (before.helm_releases().ok()?, ctx.helm_releases().ok()?);
    let old = then.iter().find(|release| holds(release, workload))?;
    let same = |release: &&HelmRelease| {
        (&release.namespace, &release.name) == (&old.namespace, &old.name)
            && release.status != "uninstalled"
    };
    Some(
        !now.iter()
            .find(same)
            .is_some_and(|now| holds(now, workload)),
    )
}

fn holds(release: &HelmRelease, workload: &Workload) -> bool {
    release.workloads.iter().any(|one| {
        (one.kind, &one.namespace, &one.name)
            == (workload.kind, &workload.namespace, &workload.name)
    })
}

/// Whether the Services that led to a workload are gone, or lead to others. A workload to which none led says nothing.
fn services_go(ctx: &Context<'_>, before: &View<'_>, workload: &Workload) -> bool {
    let (Ok(then), Ok(now)) = (before.services(), ctx.services()) else {
        return false;
    };
    let pods = before.pods().map(Vec::as_slice).unwrap_or_default();
    let own: Vec<_> = pods
        .iter()
        .filter(|pod| pod.namespace == workload.namespace && is_of(pod, workload))
        .collect();
    let mut led = then.iter().filter(|service| {
        let selector = selector(service);
        service.namespace == workload.namespace
            && !selector.is_empty()
            && own.iter().any(|pod| selector.selects(&pod.labels))
    });
    let stays = |old: &Service| {
        now.iter().any(|service| {
            (&service.namespace, &service.name) == (&old.namespace, &old.name)
                && service.deletion.is_none()
                && !answers(ctx, service)
        })
    };
    led.next().is_some_and(|first| !stays(first)) && !led.any(stays)
}

fn is_of(pod: &Pod, workload: &Workload) -> bool {
    let owner = Owner::of(pod);
    (owner.kind, owner.namespace, owner.name) == key(workload)
}

/// Whether anybody answers behind a Service.
fn answers(ctx: &Context<'_>, service: &Service) -> bool {
    let slices = ctx.endpoint_slices().map(Vec::as_slice).unwrap_or_default();
    let mut own = slices
        .iter()
        .filter(|slice| (&slice.namespace, &slice.service) == (&service.namespace, &service.name));
    own.any(|slice| slice.ready > 0)
}
