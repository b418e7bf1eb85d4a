//! Signs that stand beside words, for those who see no colours, and the colour for those who do.

use airworthy_model::{Severity, Verdict};
use airworthy_store::{Phase, TaskState};

/// A shape and a class of style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sign {
    pub(super) shape: &'static str,
    pub(super) class: &'static str,
}

const GOOD: Sign = Sign {
    shape: "✓",
    class: "good",
};
/// Somebody has to look.
pub(super) const RISK: Sign = Sign {
    shape: "!",
    class: "caution",
};
const UNKNOWN: Sign = Sign {
    shape: "?",
    class: "caution",
};
const BAD: Sign = Sign {
    shape: "✗",
    class: "alarm",
};
const GOING: Sign = Sign {
    shape: "…",
    class: "soft",
};
const NOTE: Sign = Sign {
    shape: "i",
    class: "soft",
};

impl From<Verdict> for Sign {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Ready => GOOD,
            Verdict::ReadyWithRisks => RISK,
            Verdict::CannotDetermine => UNKNOWN,
            Verdict::NotReady => BAD,
        }
    }
}

impl From<Severity> for Sign {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Blocker => BAD,
            Severity::Risk => RISK,
            Severity::Note => NOTE,
        }
    }
}

/// The sign of a task and the word beside it.
pub(super) fn of_task(state: TaskState, phase: Option<Phase>) -> (Sign, &'static str) {
    match (state, phase) {
        (TaskState::Init, _) => (GOING, "waiting"),
        (TaskState::Queuing, _) => (GOING, "waiting to be tried again"),
        (TaskState::Running, _) => (GOING, "running"),
        (TaskState::Done, Some(Phase::Success)) => (GOOD, "success"),
        (TaskState::Done, Some(Phase::Failed)) => (BAD, "failed"),
        (TaskState::Done, Some(Phase::Error) | None) => (UNKNOWN, "could not be carried out"),
    }
}
