//! Deployments, stateful sets and daemon sets, alike as far as checks care.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    common::{Condition, LabelSelector},
    scheduling::NodeTerm,
};

/// Which kind of workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum WorkloadKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
}

impl WorkloadKind {
    /// Kind as the API names it.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
        }
    }

    /// Plural resource.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
        }
    }
}

/// A workload and how far it is from what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// Kind.
    pub kind: WorkloadKind,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// `metadata.generation`.
    pub generation: i64,
    /// `status.observedGeneration`.
    pub observed_generation: i64,
    /// Pods wanted: `spec.replicas` (1 when absent), or `status.desiredNumberScheduled`.
    pub desired: i32,
    /// Pods of the newest template.
    pub updated: i32,
    /// Ready pods.
    pub ready: i32,
    /// Available pods.
    pub available: i32,
    /// `spec.paused`.
    #[serde(default)]
    pub paused: bool,
    /// Conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Images of its pod template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Security profiles that annotations of its pod template name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotated_profiles: Vec<AnnotatedProfile>,
    /// `spec.selector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// `RollingUpdate`, `Recreate` or `OnDelete`; empty in recordings of versions that did not keep it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub strategy: String,
    /// `spec.template.spec.terminationGracePeriodSeconds`; absent where it was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<i64>,
    /// `status.updateRevision` of a StatefulSet; empty for others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// Required node affinity of a DaemonSet's template, in place of which each of its pods names its node: one of these must hold,
    /// where there are any. Absent for others, and where it was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_terms: Option<Vec<NodeTerm>>,
}

impl Workload {
    /// Whether its status is of an older spec, or of none yet: its controller has not seen this one, and what the status counts tells
    /// nothing of it.
    pub fn is_outdated(&self) -> bool {
        self.observed_generation < self.generation
    }
}

/// A security profile that an annotation of a pod template names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnnotatedProfile {
    /// What sort of profile.
    pub kind: ProfileKind,
    /// The container that it is for; absent for the whole pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Whether the field that took the annotation's place is set as well.
    #[serde(default)]
    pub field: bool,
}

/// What sort of security profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProfileKind {
    /// Which system calls are allowed.
    Seccomp,
    /// Which files and capabilities may be used.
    AppArmor,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What was not kept of a template is not made up, and a row that lacks it is written as it was.
    #[test]
    fn a_row_of_before_terms_were_kept_has_none() {
        let row = json!({
            "kind": "DaemonSet", "namespace": "logs", "name": "agent", "desired": 1, "updated": 1, "ready": 1, "available": 1,
            "generation": 1, "observedGeneration": 1, "paused": false,
        });
        let workload: Workload = serde_json::from_value(row.clone()).unwrap();
        assert_eq!(workload.node_terms, None);
        assert_eq!(serde_json::to_value(workload).unwrap(), row);
    }

    #[test]
    fn a_status_is_outdated_until_the_newest_spec_is_seen() {
        for (generation, observed, outdated) in [
            (0, 0, false),
            (1, 0, true),
            (2, 1, true),
            (2, 2, false),
            (2, 3, false),
        ] {
            let workload: Workload = serde_json::from_value(json!({
                "kind": "Deployment", "namespace": "shop", "name": "web", "desired": 1, "updated": 1, "ready": 1, "available": 1,
                "generation": generation, "observedGeneration": observed,
            }))
            .unwrap();
            assert_eq!(workload.is_outdated(), outdated, "{generation} {observed}");
        }
    }
}
