//! What kubelets and the metrics API say of nodes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::need::Reason;

/// What one kubelet says of itself, asked through the API server's proxy to nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kubelet {
    /// Name of its node.
    pub name: String,
    /// `/configz`, each field by its path (`featureGates.NodeSwap`) with its value as JSON. Empty where it was not read. Identities of the
    /// node, and headers and addresses that may carry credentials, are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<Box<str>, Box<str>>,
    /// `/flagz` (since 1.36): flags that are not empty, off or zero, with their values where those are plain words or numbers. `None` where
    /// the kubelet does not serve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<BTreeMap<Box<str>, Box<str>>>,
    /// `kubelet_cgroup_version` (since 1.31): 1 or 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup_version: Option<u8>,
    /// `kubelet_cri_losing_support`: the Kubernetes version from which on the node's runtime is too old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cri_losing_support: Option<String>,
    /// Seconds that the kubelet's client certificate still holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_seconds: Option<i64>,
    /// Seconds that its serving certificate still holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving_certificate_seconds: Option<i64>,
    /// Its file systems, as `/stats/summary` tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disks: Vec<Disk>,
    /// What it uses, as `/stats/summary` tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<NodeUsage>,
    /// Its clock against the API server's, in seconds: positive when it is ahead. To a second, by the `Date` of its answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_ahead_seconds: Option<i64>,
    /// What could not be read of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<KubeletGap>,
}

/// One file system of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    /// What lies on it.
    pub purpose: DiskPurpose,
    /// Bytes in all.
    pub capacity_bytes: u64,
    /// Bytes that are free.
    pub available_bytes: u64,
    /// Inodes in all, where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes: Option<u64>,
    /// Inodes that are free, where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes_free: Option<u64>,
}

/// What lies on a file system of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DiskPurpose {
    /// The kubelet's root: `nodefs`.
    Node,
    /// Images: `imagefs`.
    Images,
    /// Writable layers of containers, where they are apart from images: `containerfs`.
    Containers,
}

/// An endpoint of a kubelet that gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KubeletGap {
    /// Its path, such as `/configz`.
    pub endpoint: String,
    /// The kind of obstacle.
    pub reason: Reason,
    /// What was asked and answered, for people.
    pub detail: String,
}

impl Kubelet {
    /// A field of the configuration: its value as JSON, `true`, `"systemd"`.
    pub fn setting(&self, path: &str) -> Option<&str> {
        self.config.get(path).map(|value| &**value)
    }

    /// Why an endpoint gave nothing, if it did not.
    pub fn unread(&self, endpoint: &str) -> Option<&KubeletGap> {
        self.unread
            .iter()
            .find(|unread| unread.endpoint == endpoint)
    }
}

/// What one node uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeUsage {
    /// Name of the node.
    pub name: String,
    /// Processor time, in thousandths of a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_thousandths: Option<u64>,
    /// Memory that cannot be given back under pressure (working set), in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// When that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Timestamp>,
}
