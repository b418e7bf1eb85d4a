//! What the operator has decided about an upgrade, as far as checks depend on it.

use serde::{Deserialize, Serialize};

use crate::version::{Hop, Minor};

/// What the upgrade touches. It changes how bad things are: draining matters only where nodes are rolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rollout {
    /// Control plane and nodes: every node is drained once.
    #[default]
    Nodes,
    /// The control plane alone.
    #[serde(alias = "controlPlane")]
    ControlPlane,
    /// A patch release of the control plane: no minor is crossed, no node is drained.
    Patch,
}

impl Rollout {
    /// The word of the command line and of the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::ControlPlane => "control-plane",
            Self::Patch => "patch",
        }
    }
}

/// Who runs the control plane: of a provider's, nobody can read flags, feature gates and files, and nobody has to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlPlane {
    /// What versions and nodes tell.
    #[default]
    Detect,
    /// The operator of the cluster.
    SelfManaged,
    /// A provider.
    Managed,
}

impl ControlPlane {
    /// The word of the command line and of the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::SelfManaged => "self-managed",
            Self::Managed => "managed",
        }
    }
}

/// Decisions that change what checks say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// What the upgrade touches.
    #[serde(default)]
    pub rollout: Rollout,
    /// Who runs the control plane.
    #[serde(default)]
    pub control_plane: ControlPlane,
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
