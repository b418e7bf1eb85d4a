//! What the operator has decided about an upgrade, as far as checks depend on it.

use serde::{Deserialize, Serialize};

use crate::version::{Hop, Minor};

/// What the upgrade touches. Draining matters only where nodes are rolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UpgradeScope {
    /// Control plane and nodes: every node is drained once.
    #[default]
    Nodes,
    /// The control plane alone.
    ControlPlane,
}

/// Decisions that change what checks say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// What the upgrade touches.
    #[serde(default)]
    pub scope: UpgradeScope,
    /// Jumps over several minors that the platform sells as one step, such as 1.28 → 1.31.
    #[serde(default)]
    pub allowed_jumps: Vec<Hop>,
}

impl Policy {
    /// Whether going from `from` to `to` in one step is allowed: the next minor always is.
    pub fn allows(&self, from: Minor, to: Minor) -> bool {
        to.distance_from(from) <= 1 || self.allowed_jumps.contains(&Hop { from, to })
    }
}
