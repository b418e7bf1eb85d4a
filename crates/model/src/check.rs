//! What a check is, as far as everyone but the check itself needs to know.

use serde::{Deserialize, Serialize};

use crate::{finding::Severity, need::Need};

/// When a check runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Before the upgrade.
    Pre,
    /// After it.
    Post,
}

/// The item groups of the CCE wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Group {
    /// Cluster limits.
    LimitCheck,
    /// Control plane.
    MasterCheck,
    /// Worker nodes.
    NodeCheck,
    /// Add-ons.
    AddonCheck,
    /// The checking itself.
    ExecuteException,
}

/// Whether an item may be skipped on the wire. How bad it is, the severity says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Must be fixed.
    Exception,
    /// May be skipped after confirmation.
    Risk,
}

/// The data of one check: everything but its code.
#[derive(Clone, Copy, Debug)]
pub struct CheckInfo {
    /// The one identifier, which is also the item name on the wire; never reused.
    pub name: &'static str,
    /// One clause, no full stop: what it finds.
    pub summary: &'static str,
    /// When it runs.
    pub phase: Phase,
    /// Its group on the wire.
    pub group: Group,
    /// Its kind on the wire.
    pub kind: Kind,
    /// The worst a finding of it can be.
    pub level: Severity,
    /// Whether the wire's kind is fixed by the vendor for every level (names the vendor publishes).
    pub vendor: bool,
    /// What it reads. Tested against what it really reads.
    pub needs: &'static [Need],
    /// Its page: Markdown whose examples are its tests.
    pub page: &'static str,
}
