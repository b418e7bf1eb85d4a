//! What findings about a workload have in common.

use airworthy_model::{Evidence, Finding, Missing, Severity, Subject, facts::Workload};
use jiff::Timestamp;

use crate::View;

/// A finding about a workload, with its counts as evidence and the way to look at it.
pub(crate) fn finding(
    now: Timestamp,
    workload: &Workload,
    severity: Severity,
    message: impl Into<String>,
    detail: &str,
) -> Finding {
    let (namespace, name, resource) = (
        &workload.namespace,
        &workload.name,
        workload.kind.resource(),
    );
    let subject = Subject::namespaced("apps/v1", workload.kind.kind(), namespace, name);
    let source = format!("/apis/apps/v1/namespaces/{namespace}/{resource}/{name}");
    Finding::new(severity, subject, message)
        .because(Evidence::state(source, now, detail))
        .fix_with(
            "Look at its events and its pods",
            format!("kubectl -n {namespace} describe {resource} {name}"),
        )
}

/// Its counts, for people.
pub(crate) fn counts(workload: &Workload) -> String {
    format!(
        "updated {}, ready {}, available {}, desired {}",
        workload.updated, workload.ready, workload.available, workload.desired
    )
}

/// The workloads of the kinds that could be listed, and the kinds that could not.
pub(crate) fn listed<'a>(view: &View<'a>) -> (Vec<&'a Workload>, Vec<Missing>) {
    let (mut workloads, mut missing) = (Vec::new(), Vec::new());
    for kind in [view.deployments(), view.stateful_sets(), view.daemon_sets()] {
        match kind {
            Ok(listed) => workloads.extend(listed),
            Err(gap) => missing.push(gap),
        }
    }
    (workloads, missing)
}
