//! What pods on the nodes found out.

use serde::{Deserialize, Serialize};

/// What was found out on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// Name.
    pub name: String,
}
