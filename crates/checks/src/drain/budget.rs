//! What findings about disruption budgets have in common.

use std::collections::HashMap;

use airworthy_model::{
    Evidence, Finding, Severity, Subject,
    facts::{Condition, LabelSelector, Pdb, Pod},
};

use crate::View;

/// A finding about a budget, with its counts as evidence.
pub(crate) fn finding(
    view: &View<'_>,
    pdb: &Pdb,
    severity: Severity,
    message: impl Into<String>,
) -> Finding {
    let (api_version, namespace, name) = (&pdb.api_version, &pdb.namespace, &pdb.name);
    let source = format!("/apis/{api_version}/namespaces/{namespace}/poddisruptionbudgets/{name}");
    let subject = Subject::namespaced(api_version, "PodDisruptionBudget", namespace, name);
    Finding::new(severity, subject, message).because(Evidence::state(
        source,
        view.now(),
        counts(pdb),
    ))
}

/// What the budget's status counts.
pub(crate) fn counts(pdb: &Pdb) -> String {
    format!(
        "disruptionsAllowed {}, currentHealthy {}, desiredHealthy {}, expectedPods {}",
        pdb.disruptions_allowed, pdb.current_healthy, pdb.desired_healthy, pdb.expected_pods
    )
}

/// Whether a budget guards a pod. The empty selector selects nothing at v1beta1.
pub(crate) fn guards(pdb: &Pdb, pod: &Pod) -> bool {
    let nothing =
        |selector: &LabelSelector| pdb.api_version == "policy/v1beta1" && selector.is_empty();
    let selects = |selector: &LabelSelector| !nothing(selector) && selector.selects(&pod.labels);
    pod.namespace == pdb.namespace && pdb.selector.as_ref().is_some_and(selects)
}

/// Pods of each namespace.
pub(crate) type ByNamespace<'a> = HashMap<&'a str, Vec<&'a Pod>>;

/// Pods by namespace, so that each budget looks at those of its own only.
pub(crate) fn by_namespace<'a>(pods: impl Iterator<Item = &'a Pod>) -> ByNamespace<'a> {
    let mut map = ByNamespace::new();
    for pod in pods {
        map.entry(&pod.namespace).or_default().push(pod);
    }
    map
}

/// Why the disruption controller cannot tell what the budget allows, where it says so.
pub(crate) fn failed(pdb: &Pdb) -> Option<&Condition> {
    let condition = Condition::find(&pdb.conditions, "DisruptionAllowed");
    condition.filter(|condition| !condition.is_true() && condition.reason == "SyncFailed")
}
