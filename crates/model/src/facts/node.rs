//! Nodes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::common::{Condition, Labels};

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// Labels.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Who made the machine, as `spec.providerID` begins: `aws`, `gce`, `azure`, `vsphere`, …; empty where nobody says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub provider: String,
    /// Cordoned.
    #[serde(default)]
    pub unschedulable: bool,
    /// Taints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// Conditions.
    pub conditions: Vec<Condition>,
    /// `status.nodeInfo.kubeletVersion`, as text: some virtual nodes report what is no version.
    pub kubelet_version: String,
    /// `status.nodeInfo.containerRuntimeVersion`, such as `containerd://1.7.27`.
    pub runtime_version: String,
    /// Its annotation names the socket of cri-dockerd, as whoever moves a kubelet away from the dockershim sets it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cri_dockerd: bool,
    /// `status.nodeInfo.osImage`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub os_image: String,
    /// `status.nodeInfo.kernelVersion`, such as `5.15.0-106-generic`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kernel_version: String,
    /// `status.nodeInfo.architecture`, such as `amd64`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub architecture: String,
    /// `linux` or `windows`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operating_system: String,
    /// `status.capacity.cpu`, in thousandths of a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_thousandths: Option<u64>,
    /// `status.capacity.memory`, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// `status.allocatable`: what pods may ask for, by resource.
    #[serde(default, skip_serializing_if = "Resources::is_empty")]
    pub allocatable: Resources,
    /// It has been deleted and is on its way out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleting: bool,
}

/// The taint that Virtual Kubelet puts on its node, with the provider as value: `DefaultTaintKey` of
/// `cmd/virtual-kubelet/internal/commands/root/opts.go` of virtual-kubelet/virtual-kubelet.
const VIRTUAL: &str = "virtual-kubelet.io/provider";

impl Node {
    /// Whether it is there without a kubelet: what a kubelet would say does not concern it.
    pub fn is_virtual(&self) -> bool {
        self.labels.get("type") == Some("virtual-kubelet")
            || self.taints.iter().any(|taint| taint.key == VIRTUAL)
    }
}

/// Amounts of resources by name: `cpu` in thousandths of a core, everything else in whole units (bytes, pods, devices).
pub type Resources = BTreeMap<Box<str>, u64>;

/// A taint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Effect.
    pub effect: String,
}
