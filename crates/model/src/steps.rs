//! An upgrade as it is carried out: what comes after what.

use serde::{Deserialize, Serialize};

use crate::version::Minor;

/// What a step brings to another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// API servers, then the rest of the control plane.
    ControlPlane,
    /// Add-ons, as far as the new control plane asks for it.
    Addons,
    /// Nodes, one after the other.
    Nodes,
}

/// One step of an upgrade. A jump that the platform sells as one is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What it is about.
    pub part: Part,
    /// The minor that runs before it.
    pub from: Minor,
    /// The minor that runs after it.
    pub to: Minor,
    /// The highest minor of the control plane that these nodes may wait for before they are upgraded, where that is above `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_wait_until: Option<Minor>,
    /// Open blockers that this step meets.
    pub blockers: usize,
    /// Open risks that it meets.
    pub risks: usize,
    /// Notes about it.
    pub notes: usize,
}
