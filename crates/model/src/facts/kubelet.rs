//! What kubelets and the metrics API say of nodes.

use serde::{Deserialize, Serialize};

/// What one kubelet says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kubelet {
    /// Name.
    pub name: String,
}

/// What one node uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeUsage {
    /// Name.
    pub name: String,
}
