//! The number that a command ends with. 2, for a run that itself broke, is not decided here: it has no assessment.

use std::{fmt, str::FromStr};

use airworthy_model::{Assessment, Status, Verdict};

/// What makes a command end with another number than 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    /// Blockers, and evidence that lacks where it could show one.
    #[default]
    Blocker,
    /// Those, and risks.
    Risk,
    /// Those of `Blocker`, and any evidence that lacks.
    Unknown,
    /// Nothing.
    Never,
}

/// A text that names no [`FailOn`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of blocker, risk, unknown, never")]
pub struct ParseFailOnError(String);

impl FailOn {
    /// Every value, in the order in which help texts show them.
    pub const ALL: [Self; 4] = [Self::Blocker, Self::Risk, Self::Unknown, Self::Never];

    /// The word on the command line.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Risk => "risk",
            Self::Unknown => "unknown",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for FailOn {
    type Err = ParseFailOnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|fail_on| fail_on.label() == text)
            .ok_or_else(|| ParseFailOnError(text.chars().take(40).collect()))
    }
}

/// 0 when the cluster is fit as far as the caller asks, 1 when it is not, 3 when that cannot be told.
pub fn exit_code(assessment: &Assessment, fail_on: FailOn) -> u8 {
    match (assessment.verdict, fail_on) {
        (_, FailOn::Never) => 0,
        (Verdict::NotReady, _) | (Verdict::ReadyWithRisks, FailOn::Risk) => 1,
        (Verdict::CannotDetermine, _) => 3,
        (_, FailOn::Unknown) if lacks_evidence(assessment) => 3,
        (Verdict::ReadyWithRisks | Verdict::Ready, _) => 0,
    }
}

fn lacks_evidence(assessment: &Assessment) -> bool {
    let out = [Status::Skipped, Status::NotApplicable];
    assessment
        .undecided()
        .any(|check| !out.contains(&check.status))
}
