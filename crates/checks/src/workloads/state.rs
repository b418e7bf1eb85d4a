//! What is going on with a workload.

use airworthy_model::facts::{Condition, Workload};

use crate::View;

/// Seconds for which a workload counts as new.
const NEW: i64 = 600;

/// What is going on with a workload.
#[derive(Clone, Copy)]
pub(crate) enum State {
    /// Its controller is behind: what the counts say is of an older spec.
    Unseen,
    /// Its rollout has given up.
    Stuck,
    /// Its rollout is halted on purpose.
    Paused,
    /// Its rollout goes on, within its deadline.
    Rolling,
    /// It was made a moment ago.
    New,
    /// Nothing.
    Settled,
}

impl State {
    /// What its status tells.
    pub(crate) fn of(view: &View<'_>, workload: &Workload) -> Self {
        let progressing = Condition::find(&workload.conditions, "Progressing");
        let stuck = progressing.is_some_and(|c| c.reason == "ProgressDeadlineExceeded");
        let rolling =
            progressing.is_some_and(|c| c.is_true() && c.reason != "NewReplicaSetAvailable");
        let new = workload.created.is_some() && view.seconds_since(workload.created) < NEW;
        if workload.is_outdated() {
            Self::Unseen
        } else if stuck {
            Self::Stuck
        } else if workload.paused {
            Self::Paused
        } else if rolling {
            Self::Rolling
        } else if new {
            Self::New
        } else {
            Self::Settled
        }
    }

    /// Whether the next minutes may heal it.
    pub(crate) fn may_pass(self) -> bool {
        matches!(self, Self::Unseen | Self::Rolling | Self::New)
    }

    /// How a sentence about its pods goes on.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Unseen => " (its controller has not seen the newest spec)",
            Self::Stuck => " (ProgressDeadlineExceeded)",
            Self::Paused => " (rollout paused)",
            Self::Rolling => " (rolling out now)",
            Self::New => " (made a moment ago)",
            Self::Settled => "",
        }
    }
}
