//! What was decided: who accepted what, and in which steps the upgrade goes.

use airworthy_model as model;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Finding, Missing,
    words::{Part, WaiverFault},
};

/// Something that does not count, because somebody accepted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waived {
    /// Name of the check.
    pub check: String,
    /// What it found; absent where the evidence that lacks is what was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// Evidence that lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// By whom, why, and until when.
    pub waiver: Waiver,
}

/// Who accepted something, why, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waiver {
    /// Who answers for it.
    pub owner: String,
    /// Why it is acceptable.
    pub reason: String,
    /// From when on it counts no more; absent where it lasts as long as the result that it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub expires: Option<String>,
    /// Where it stands: file and line, or the request.
    pub source: String,
}

/// Something wrong with a waiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaiverNote {
    /// What is wrong.
    pub fault: WaiverFault,
    /// The check that it is about; empty where it is about a whole file.
    pub check: String,
    /// Where it stands.
    pub source: String,
    /// One clause for people.
    pub message: String,
}

/// One step of the upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What it brings to another version.
    pub part: Part,
    /// The minor that runs before it, such as `1.31`.
    pub from: String,
    /// The minor that runs after it.
    pub to: String,
    /// The highest minor of the control plane that these nodes may wait for, where that is above `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_wait_until: Option<String>,
    /// Blockers that this step meets.
    pub blockers: usize,
    /// Risks that it meets.
    pub risks: usize,
    /// Notes about it.
    pub notes: usize,
}

impl From<&model::Waived> for Waived {
    fn from(waived: &model::Waived) -> Self {
        Self {
            check: waived.check.clone(),
            finding: waived.finding.as_ref().map(Into::into),
            missing: waived.missing.iter().map(Into::into).collect(),
            waiver: (&waived.waiver).into(),
        }
    }
}

impl From<&model::Waiver> for Waiver {
    fn from(waiver: &model::Waiver) -> Self {
        Self {
            owner: waiver.owner.clone(),
            reason: waiver.reason.clone(),
            expires: waiver.expires.map(|at| at.to_string()),
            source: waiver.source.clone(),
        }
    }
}

impl From<&model::WaiverNote> for WaiverNote {
    fn from(note: &model::WaiverNote) -> Self {
        Self {
            fault: note.fault.into(),
            check: note.check.clone(),
            source: note.source.clone(),
            message: note.message.clone(),
        }
    }
}

impl From<&model::Step> for Step {
    fn from(step: &model::Step) -> Self {
        Self {
            part: step.part.into(),
            from: step.from.to_string(),
            to: step.to.to_string(),
            may_wait_until: step.may_wait_until.map(|minor| minor.to_string()),
            blockers: step.blockers,
            risks: step.risks,
            notes: step.notes,
        }
    }
}
