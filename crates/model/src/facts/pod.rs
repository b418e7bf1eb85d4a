//! Pods and the budgets that guard them.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    common::{Condition, Deletion, IntOrPercent, LabelSelector, Labels},
    scheduling::{self, PodShape},
    storage::VolumePlugin,
    text::Text,
};

/// A pod.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// Namespace.
    pub namespace: Text,
    /// Name.
    pub name: String,
    /// Labels.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Being deleted.
    #[serde(default)]
    pub deleting: bool,
    /// Since when it is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Box<Deletion>>,
    /// The owner with `controller: true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<ControllerRef>,
    /// A mirror of a static pod (annotation `kubernetes.io/config.mirror`).
    #[serde(default)]
    pub mirror: bool,
    /// The first object of the API that a mirror of a static pod names; nothing is kept of other pods, which may name any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers_to: Option<ApiReference>,
    /// A `PodSecurityPolicy` let it in (annotation `kubernetes.io/psp`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub psp: bool,
    /// The name of that policy; empty in recordings that did not keep it.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub psp_name: Text,
    /// Node it is bound to; empty when none.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub node: Text,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: Text,
    /// Reason of the phase, such as `Evicted`.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub reason: Text,
    /// Condition `Ready`.
    #[serde(default)]
    pub ready: bool,
    /// Condition `PodScheduled` is `False`: since when, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unscheduled: Option<Box<Condition>>,
    /// Containers that are not plainly running, and those that restarted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<Container>,
    /// Image of the sidecar that a service mesh put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Box<str>>,
    /// Its volumes, but for those made of `ConfigMaps`, Secrets, tokens and what the pod says of itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<PodVolume>,
    /// Somebody vouches that what it keeps on its node may be lost (annotation
    /// `cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local_data_vouched: bool,
    /// What decides where it may run; absent in recordings of versions that did not keep it.
    #[serde(
        default,
        deserialize_with = "scheduling::shared",
        serialize_with = "scheduling::alone",
        skip_serializing_if = "Option::is_none"
    )]
    pub shape: Option<Arc<PodShape>>,
}

/// A kind of object that a pod names and that only the API can give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ApiReference {
    /// A service account, or a token of one.
    ServiceAccount,
    /// A Secret: of an image's registry, of the environment or of a volume.
    Secret,
    /// A `ConfigMap`: of the environment or of a volume.
    ConfigMap,
    /// A claim of devices.
    ResourceClaim,
    /// A CSI driver, for a volume written into the pod.
    CsiDriver,
    /// The Endpoints of a glusterfs volume.
    Endpoints,
    /// A claim of a persistent volume, or a volume that becomes one.
    PersistentVolumeClaim,
    /// A bundle of certificates to trust.
    ClusterTrustBundle,
    /// A certificate that is made for the pod.
    PodCertificate,
}

/// A volume of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PodVolume {
    /// A claim of a persistent volume in the pod's namespace; that of an ephemeral volume too, which is named after pod and volume.
    Claim(Box<str>),
    /// `emptyDir`.
    EmptyDir {
        /// Whether it is kept in memory.
        #[serde(default)]
        memory: bool,
    },
    /// `hostPath`.
    HostPath {
        /// The path on the node.
        path: Box<str>,
        /// Its type, such as `Socket`; empty when not checked.
        #[serde(default, rename = "type", skip_serializing_if = "str::is_empty")]
        kind: Box<str>,
        /// No container may write to it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        read_only: bool,
    },
    /// Anything else that a plugin provides, written into the pod itself.
    Inline {
        /// The plugin.
        plugin: VolumePlugin,
        /// The driver of `csi` and `flexVolume`; empty for others.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        driver: Box<str>,
    },
}

/// A container worth a look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Name.
    pub name: String,
    /// Why it waits, such as `CrashLoopBackOff`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub waiting: String,
    /// Restarts.
    #[serde(default)]
    pub restarts: i32,
    /// When its last run but this one ended, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ended: Option<Timestamp>,
}

/// The controlling owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControllerRef {
    /// Kind.
    pub kind: Text,
    /// Name.
    pub name: Text,
}

impl ApiReference {
    /// The plural of the kind, as kubelets write it.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::ServiceAccount => "serviceaccounts",
            Self::Secret => "secrets",
            Self::ConfigMap => "configmaps",
            Self::ResourceClaim => "resourceclaims",
            Self::CsiDriver => "csidrivers",
            Self::Endpoints => "endpoints",
            Self::PersistentVolumeClaim => "persistentvolumeclaims",
            Self::ClusterTrustBundle => "clustertrustbundles",
            Self::PodCertificate => "podcertificates",
        }
    }
}

impl Pod {
    /// Whether it has ended, well or not.
    pub fn is_finished(&self) -> bool {
        self.phase == "Succeeded" || self.phase == "Failed"
    }

    /// Whether it belongs to its node: a DaemonSet or the node itself controls it, or it mirrors a static pod. `kubectl drain
    /// --ignore-daemonsets` passes over it, and nobody makes it again elsewhere.
    pub fn stays_with_node(&self) -> bool {
        let kind = self.controller.as_ref().map(|controller| &*controller.kind);
        self.mirror || matches!(kind, Some("DaemonSet" | "Node"))
    }
}

/// A disruption budget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pdb {
    /// Version it was read at, such as `policy/v1`.
    pub api_version: String,
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
    /// `spec.minAvailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_available: Option<IntOrPercent>,
    /// `spec.maxUnavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrPercent>,
    /// `spec.selector`; absent selects nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// `spec.unhealthyPodEvictionPolicy`; empty is `IfHealthyBudget`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unhealthy_policy: String,
    /// `status.disruptionsAllowed`.
    pub disruptions_allowed: i32,
    /// `status.currentHealthy`.
    pub current_healthy: i32,
    /// `status.desiredHealthy`.
    pub desired_healthy: i32,
    /// `status.expectedPods`.
    pub expected_pods: i32,
    /// Conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Pods whose eviction was admitted and that have not gone yet.
    #[serde(default)]
    pub disrupted: u32,
}

impl Pdb {
    /// Whether its status is of an older spec, or of none yet: the disruption controller has not seen this one, and what the status counts
    /// are not the pods of it.
    pub fn is_outdated(&self) -> bool {
        self.observed_generation < self.generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_node_stays_with_it() {
        let of = |kind: Option<&str>, mirror: bool| Pod {
            controller: kind.map(|kind| ControllerRef {
                kind: kind.into(),
                ..ControllerRef::default()
            }),
            mirror,
            ..Pod::default()
        };
        for (kind, mirror, stays) in [
            (None, false, false),
            (Some("ReplicaSet"), false, false),
            // Somebody else's kind of that name.
            (Some("DaemonSet.apps.kruise.io"), false, false),
            (Some("DaemonSet"), false, true),
            (Some("Node"), false, true),
            (None, true, true),
        ] {
            let pod = of(kind, mirror);
            assert_eq!(pod.stays_with_node(), stays, "{kind:?} {mirror}");
        }
    }

    #[test]
    fn a_status_is_outdated_until_the_newest_spec_is_seen() {
        for (generation, observed_generation, outdated) in [
            (0, 0, false),
            (1, 0, true),
            (2, 1, true),
            (2, 2, false),
            (2, 3, false),
        ] {
            let pdb = Pdb {
                generation,
                observed_generation,
                ..Pdb::default()
            };
            assert_eq!(
                pdb.is_outdated(),
                outdated,
                "{generation} {observed_generation}"
            );
        }
    }
}
