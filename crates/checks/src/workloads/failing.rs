//! Which pods are failing, and why.

use std::collections::BTreeMap;

use airworthy_model::{Evidence, Finding, Severity, facts::Pod};

use super::owner::Owner;
use crate::{
    View,
    text::{counted, short},
};

/// Seconds for which a pod may be pending.
const PENDING: i64 = 300;

/// Reasons for which containers wait that do not pass by themselves.
const BAD_WAITS: [&str; 11] = [
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "RunContainerError",
    "PreStartHookError",
    "PostStartHookError",
    "ContainerCannotRun",
];

/// A failing pod, and why.
pub(crate) type Failure<'a> = (&'a Pod, &'a str);

/// Why a pod is failing; `None` for one that runs, has ended in order, is going, or is a leftover that its controller has replaced.
pub(crate) fn why<'a>(view: &View<'_>, pod: &'a Pod) -> Option<&'a str> {
    let replaced = pod.controller.as_ref().is_some_and(|c| &*c.kind != "Node");
    let leftover =
        pod.is_finished() && (pod.phase == "Succeeded" || replaced || pod.reason == "Evicted");
    if pod.deleting || leftover {
        return None;
    }
    match pod.phase.as_str() {
        "Failed" => Some(if pod.reason.is_empty() {
            "Failed"
        } else {
            &pod.reason
        }),
        "Unknown" => Some("Unknown"),
        "Pending" => waiting(pod).or_else(|| pending(view, pod)),
        "Running" | "" => waiting(pod),
        // A phase of a newer version: nobody here knows that it is well.
        phase => waiting(pod).or(Some(phase)),
    }
}

fn waiting(pod: &Pod) -> Option<&str> {
    let is_bad = |wait: &&str| {
        BAD_WAITS.contains(wait) || (wait.starts_with("Create") && wait.ends_with("Error"))
    };
    pod.containers
        .iter()
        .map(|container| container.waiting.as_str())
        .find(is_bad)
}

/// A pod that has waited too long. One that is held back on purpose has not; one of unknown age has.
fn pending<'a>(view: &View<'_>, pod: &'a Pod) -> Option<&'a str> {
    let reason = pod
        .unscheduled
        .as_ref()
        .map_or("", |condition| &condition.reason);
    let since = pod
        .unscheduled
        .as_ref()
        .and_then(|c| c.last_transition)
        .or(pod.created);
    let long = since.is_none() || view.seconds_since(since) > PENDING;
    (long && reason != "SchedulingGated").then_some(if reason.is_empty() {
        "Pending"
    } else {
        reason
    })
}

/// The failing pods by owner, each list by name.
pub(crate) fn by_owner<'a>(
    view: &View<'_>,
    pods: &'a [Pod],
) -> BTreeMap<Owner<'a>, Vec<Failure<'a>>> {
    let mut map: BTreeMap<_, Vec<Failure<'_>>> = BTreeMap::new();
    for (pod, why) in pods.iter().filter_map(|pod| Some((pod, why(view, pod)?))) {
        map.entry(Owner::of(pod)).or_default().push((pod, why));
    }
    for failures in map.values_mut() {
        failures.sort_by_key(|(pod, _)| &pod.name);
    }
    map
}

/// One finding for all failing pods of an owner, with the first as the example.
pub(crate) fn finding(
    view: &View<'_>,
    owner: &Owner<'_>,
    failures: &[Failure<'_>],
    severity: Severity,
    when: &str,
) -> Option<Finding> {
    let (pod, why) = failures.first()?;
    let (namespace, name, why) = (&pod.namespace, &pod.name, short(why, 40));
    let message = if owner.kind == "Pod" {
        format!("is failing{when} ({why})")
    } else {
        format!(
            "{} failing{when}, such as {} ({why})",
            counted(failures.len(), "pod"),
            short(name, 60)
        )
    };
    let source = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let containers = pod.containers.iter().map(|c| {
        format!(
            ", container {} {} ({} restarts)",
            c.name, c.waiting, c.restarts
        )
    });
    let detail = format!("phase {}{}", pod.phase, containers.collect::<String>());
    let finding = Finding::new(severity, owner.subject(), message)
        .because(Evidence::state(source, view.now(), detail))
        .fix_with(
            "Look at the events and the logs of the pod",
            format!("kubectl -n {namespace} describe pod {name}"),
        );
    Some(finding)
}
