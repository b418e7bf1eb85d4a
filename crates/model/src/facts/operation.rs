//! Work on nodes that others have under way.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A machine, a maintenance or a freeze: an object by which something other than us works on nodes, or forbids it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// `apiVersion` at which it was read.
    pub api_version: String,
    /// `Machine`, `MachineDeployment`, `NodeMaintenance`, `NodeClaim`, `Plan`, or `ConfigMap` for a freeze.
    pub kind: String,
    /// Namespace; empty for what has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The node it is about, where it is about one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// `spec.clusterName` of Cluster API: a management cluster holds machines of many clusters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// `status.phase`, where the kind has one; the reason of a freeze.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// The Kubernetes version that it wants.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// How many replicas are wanted, of kinds that have replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<i32>,
    /// How many of them are as wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<i32>,
    /// It has been deleted and is on its way out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleting: bool,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When a freeze ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
