//! Risks that somebody accepted. They stay in the assessment; they only count no more.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{finding::Finding, need::Missing};

/// Who accepted something, why, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiver {
    /// Who answers for it.
    pub owner: String,
    /// Why it is acceptable.
    pub reason: String,
    /// From when on it counts no more; `None` where it lasts as long as the result that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Where it stands: `waivers.toml:12`, or `the request`.
    pub source: String,
}

/// Something that does not count, because it is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waived {
    /// Name of the check.
    pub check: String,
    /// What it found; absent where the evidence that lacks is what was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// Evidence that lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// By whom, why, until when.
    pub waiver: Waiver,
}

/// What is wrong with a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WaiverFault {
    /// It would cover a blocker, and none can be waived.
    Refused,
    /// Its time is over: what it covers counts again.
    Expired,
    /// Nothing that was found is what it covers.
    Unused,
    /// Its file could not be used: none of it counts.
    Unreadable,
}

/// Something to be said of a waiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaiverNote {
    /// What is wrong.
    pub fault: WaiverFault,
    /// The check that it is about; empty where it is about a whole file.
    pub check: String,
    /// Where the waiver stands.
    pub source: String,
    /// One clause for people, without the source and without a full stop.
    pub message: String,
}
