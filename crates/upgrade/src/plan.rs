//! Automatic upgrades: one cluster, one target, one window in which the upgrade may begin.
//!
//! A plan waits for its window, then opens a workflow and walks it: pre-check, upgrade, post-check. Phases have the words of
//! the vendor's API.

use std::fmt;

use jiff::Timestamp;

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Its window has not come, or something is in the way.
    Pending,
    /// Its workflow is open and the pre-check is under way.
    Enqueued,
    /// The upgrade is under way, or the post-check after it.
    Upgrading,
    /// The post-check has confirmed the upgrade.
    Success,
    /// Something of it failed.
    Failed,
    /// Its window went by.
    Skipped,
}

impl Phase {
    /// All of them, in the order of the table's columns.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Enqueued,
        Self::Upgrading,
        Self::Success,
        Self::Failed,
        Self::Skipped,
    ];

    /// Its word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Enqueued => "Enqueued",
            Self::Upgrading => "Upgrading",
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }

    /// The phase of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }

    /// Whether nothing can follow: only then may the cluster have another plan.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Skipped)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happens to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// Its workflow was opened.
    Begun,
    /// Its upgrade was accepted.
    Upgrading,
    /// Its workflow is a success.
    Confirmed,
    /// Something of it failed.
    Failed,
    /// The window went by before the upgrade began.
    Missed,
}

const E: Option<Phase> = Some(Phase::Enqueued);
const U: Option<Phase> = Some(Phase::Upgrading);
const S: Option<Phase> = Some(Phase::Success);
const F: Option<Phase> = Some(Phase::Failed);
const K: Option<Phase> = Some(Phase::Skipped);
/// This cannot happen in this phase.
const X: Option<Phase> = None;

/// What each event makes of each phase.
#[rustfmt::skip]
static TABLE: [([Option<Phase>; 6], Event); 5] = [
  // Pending Enqueued Upgrading Success Failed Skipped
    ([E,     X,       X,        X,      X,     X], Event::Begun),
    ([X,     U,       X,        X,      X,     X], Event::Upgrading),
    ([X,     S,       S,        X,      X,     X], Event::Confirmed),
    ([F,     F,       F,        X,      X,     X], Event::Failed),
    ([K,     K,       X,        X,      X,     X], Event::Missed),
];

/// What `event` makes of `phase`; nothing where it cannot happen in that phase.
pub fn next(phase: Phase, event: Event) -> Option<Phase> {
    let column = Phase::ALL.iter().position(|it| *it == phase)?;
    let (row, _) = TABLE.iter().find(|(_, it)| *it == event)?;
    row[column]
}

/// When the upgrade of a plan may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From then on.
    pub not_before: Timestamp,
    /// Before then; what has begun may end later.
    pub not_after: Timestamp,
    /// `not_before` stays before it, however often the plan is delayed.
    pub not_before_deadline: Timestamp,
}

/// Where an instant is, seen from a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The window has not come.
    Before,
    /// The upgrade may begin.
    Within,
    /// The window went by.
    After,
}

/// What a window cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadWindow {
    /// It would be empty.
    #[error("notBefore must be before notAfter")]
    Empty,
    /// It would begin too late.
    #[error("notBefore must be before notBeforeDeadline")]
    BeyondDeadline,
    /// It would begin in the past.
    #[error("notBefore must be in the future")]
    Past,
    /// It would end after the end of time.
    #[error("notAfter would be too far away")]
    TooFar,
}

impl Window {
    /// A window, if it can be one.
    pub fn new(
        not_before: Timestamp,
        not_after: Timestamp,
        not_before_deadline: Timestamp,
    ) -> Result<Self, BadWindow> {
        if not_before >= not_after {
            return Err(BadWindow::Empty);
        }
        if not_before >= not_before_deadline {
            return Err(BadWindow::BeyondDeadline);
        }
        Ok(Self {
            not_before,
            not_after,
            not_before_deadline,
        })
    }

    /// Where `now` is.
    pub fn sees(&self, now: Timestamp) -> Seen {
        if now < self.not_before {
            Seen::Before
        } else if now < self.not_after {
            Seen::Within
        } else {
            Seen::After
        }
    }

    /// The window as long as this one that begins at `not_before`, which must be after `now` and before the deadline.
    pub fn moved(&self, not_before: Timestamp, now: Timestamp) -> Result<Self, BadWindow> {
        if not_before <= now {
            return Err(BadWindow::Past);
        }
        let length = self.not_after.duration_since(self.not_before);
        let not_after = not_before
            .checked_add(length)
            .map_err(|_| BadWindow::TooFar)?;
        Self::new(not_before, not_after, self.not_before_deadline)
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
