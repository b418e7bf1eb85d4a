//! Policies of the API server's own that may refuse new pods.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    common::{LabelSelector, Labels},
    pod::Pod,
};

/// How late an API server heeds a policy: it looks for changed ones every second.
const HEEDED_WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// A `ValidatingAdmissionPolicy` as one binding puts it to new pods. Kept only where the binding lets it refuse (`Deny`) and the rules
/// of both take in the creation of pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AdmissionPolicy {
    /// Name of the policy.
    pub name: String,
    /// Name of the binding.
    pub binding: String,
    /// Since when both say what they say now: the later of the last changes of their `spec`. Absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Which namespaces: the selectors of the policy and of the binding, both of which have to match.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<LabelSelector>,
    /// Which pods, likewise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<LabelSelector>,
    /// Namespaces that match conditions leave out, as far as they are of the plain forms `request.namespace != "x"` and
    /// `!(request.namespace in ["x"])`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excepted_namespaces: Vec<String>,
    /// What it would say of the successors of some pods that may be older than it. Pods that are not named were not tried, or it is not
    /// certain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<JudgedPod>,
}

/// What a policy would say of a pod's successor: its expressions were run on what the pod was when it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JudgedPod {
    /// Namespace of the pod.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Why the successor is refused, in the policy's own words without credentials; absent where it is let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl AdmissionPolicy {
    /// Whether its selectors take in a pod of a namespace with these labels.
    pub fn takes_in(&self, pod: &Pod, namespace: &Labels) -> bool {
        let mut excepted = self.excepted_namespaces.iter();
        !excepted.any(|name| **name == *pod.namespace)
            && self.pods.iter().all(|one| one.selects(&pod.labels))
            && self.namespaces.iter().all(|one| one.selects(namespace))
    }

    /// Whether a pod may have been made before the API server heeded what the policy says now.
    pub fn may_not_have_judged(&self, pod: &Pod) -> bool {
        let made_and_since = pod.created.zip(self.since);
        made_and_since.is_none_or(|(made, since)| {
            made <= since.saturating_add(HEEDED_WITHIN).unwrap_or(since)
        })
    }
}

/// Pods that are made of one template: what is refused of one is refused of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Template<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    /// What tells templates of one controller apart.
    revision: &'a str,
}

impl<'a> Template<'a> {
    /// The template of a pod; pods of controllers that may make each pod of another are alone with it. `None` without a controller.
    pub fn of(pod: &'a Pod) -> Option<Self> {
        let controller = pod.controller.as_ref()?;
        let revision = match &*controller.kind {
            "ReplicaSet" | "ReplicationController" | "Job" => "",
            "StatefulSet" => pod
                .labels
                .get("controller-revision-hash")
                .unwrap_or(&pod.name),
            _ => &pod.name,
        };
        Some(Self {
            namespace: &pod.namespace,
            kind: &controller.kind,
            name: &controller.name,
            revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    #[test]
    fn a_pod_that_came_well_after_the_policy_was_judged() {
        for (since, made, may) in [
            (at(100), at(99), true),
            (at(100), at(105), true),
            (at(100), at(106), false),
            (at(100), None, true),
            (None, at(900), true),
        ] {
            let policy = AdmissionPolicy {
                since,
                ..AdmissionPolicy::default()
            };
            let pod = Pod {
                created: made,
                ..Pod::default()
            };
            assert_eq!(policy.may_not_have_judged(&pod), may, "{since:?} {made:?}");
        }
    }
}
