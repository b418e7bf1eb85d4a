//! The configuration of the cluster's DNS.

use serde::{Deserialize, Serialize};

/// The configuration of the cluster's DNS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDns {
    /// The Corefile, as its ConfigMap has it.
    pub corefile: String,
}
