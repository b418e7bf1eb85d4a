//! The workflow of one upgrade: pre-check, snapshot, upgrade and post-check of a cluster, from one version to another.
//!
//! Its phase is moved by [`next`] alone, which looks into one table. Phases and points have the words of the vendor's API.

use std::{fmt, time::Duration};

use jiff::Timestamp;

/// Where a workflow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// No task has been accepted yet.
    Init,
    /// A task has been accepted, and none has failed since.
    Running,
    /// A task has failed, or what had passed counts no more.
    Pending,
    /// A post-check has confirmed the upgrade.
    Success,
    /// Somebody gave it up.
    Cancel,
}

impl Phase {
    /// All of them, in the order of the table's columns.
    pub const ALL: [Self; 5] = [
        Self::Init,
        Self::Running,
        Self::Pending,
        Self::Success,
        Self::Cancel,
    ];

    /// Its word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Init => "Init",
            Self::Running => "Running",
            Self::Pending => "Pending",
            Self::Success => "Success",
            Self::Cancel => "Cancel",
        }
    }

    /// The phase of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }

    /// Whether nothing can follow: only then may the cluster have another workflow.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Success | Self::Cancel)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A task that a workflow consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// Is the cluster fit to be upgraded?
    PreCheck,
    /// A picture of the cluster, and a backup where one is configured.
    Snapshot,
    /// The upgrade itself.
    Cluster,
    /// Did the cluster come out of it fit to serve?
    PostCheck,
}

impl Point {
    /// All of them, in the order in which a workflow shows them.
    pub const ALL: [Self; 4] = [
        Self::PreCheck,
        Self::Snapshot,
        Self::Cluster,
        Self::PostCheck,
    ];
}

/// From one point to one that may follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// What comes before.
    pub from: Point,
    /// What may come after.
    pub to: Point,
    /// Whether the way of an upgrade always takes it; for the eye only, no rule depends on it.
    pub critical: bool,
}

/// The lines between the points. The snapshot may be left out.
pub static LINES: [Line; 4] = [
    line(Point::PreCheck, Point::Cluster, true),
    line(Point::PreCheck, Point::Snapshot, false),
    line(Point::Snapshot, Point::Cluster, false),
    line(Point::Cluster, Point::PostCheck, true),
];

const fn line(from: Point, to: Point, critical: bool) -> Line {
    Line { from, to, critical }
}

/// What happens to a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// A task was accepted, or a failed one is tried again.
    Started(Point),
    /// A task ended well.
    Succeeded(Point),
    /// A task ended otherwise, or could not be carried out.
    Failed(Point),
    /// Nothing is under way, and what had passed counts no more.
    Lapsed,
    /// Somebody gives the workflow up.
    Cancelled,
}

const R: Option<Phase> = Some(Phase::Running);
const P: Option<Phase> = Some(Phase::Pending);
const S: Option<Phase> = Some(Phase::Success);
const C: Option<Phase> = Some(Phase::Cancel);
/// This cannot happen in this phase.
const X: Option<Phase> = None;

/// What each event makes of each phase. Each start leads to `Running`; so what ends well in `Pending` had something fail beside
/// it, and mends nothing. A workflow that is a success stays one, whatever else was under way.
#[rustfmt::skip]
static TABLE: [([Option<Phase>; 5], Event); 14] = [
  // Init Running Pending Success Cancel
    ([R,    R,      R,      X,      X], Event::Started(Point::PreCheck)),
    ([R,    R,      R,      X,      X], Event::Started(Point::Snapshot)),
    ([R,    R,      R,      X,      X], Event::Started(Point::Cluster)),
    ([R,    R,      R,      X,      X], Event::Started(Point::PostCheck)),
    ([X,    R,      P,      S,      X], Event::Succeeded(Point::PreCheck)),
    ([X,    R,      P,      S,      X], Event::Succeeded(Point::Snapshot)),
    ([X,    R,      P,      S,      X], Event::Succeeded(Point::Cluster)),
    ([X,    S,      S,      S,      X], Event::Succeeded(Point::PostCheck)),
    ([X,    P,      P,      S,      X], Event::Failed(Point::PreCheck)),
    ([X,    P,      P,      S,      X], Event::Failed(Point::Snapshot)),
    ([X,    P,      P,      S,      X], Event::Failed(Point::Cluster)),
    ([X,    P,      P,      S,      X], Event::Failed(Point::PostCheck)),
    ([X,    P,      X,      X,      X], Event::Lapsed),
    ([C,    C,      C,      X,      X], Event::Cancelled),
];

/// What `event` makes of `phase`; nothing where it cannot happen in that phase.
pub fn next(phase: Phase, event: Event) -> Option<Phase> {
    let column = Phase::ALL.iter().position(|it| *it == phase)?;
    let (row, _) = TABLE.iter().find(|(_, it)| *it == event)?;
    row[column]
}

/// Who gives a workflow up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Canceller {
    /// A caller of the API: only from `Init` and `Pending`.
    Caller,
    /// The operator of this service: from every phase that is not an end.
    Operator,
}

/// Why a workflow is not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotCancelled {
    /// The phase does not allow it.
    #[error("a workflow in phase {0} cannot be cancelled")]
    Phase(Phase),
    /// A task of it has not ended.
    #[error("a task of the workflow has not ended")]
    UnderWay,
}

/// The phase after a cancellation, or why there is none. `under_way` says whether a task of the workflow has not ended.
pub fn cancel(phase: Phase, by: Canceller, under_way: bool) -> Result<Phase, NotCancelled> {
    let refused = Err(NotCancelled::Phase(phase));
    if by == Canceller::Caller && phase == Phase::Running {
        return refused;
    }
    match next(phase, Event::Cancelled) {
        Some(_) if under_way => Err(NotCancelled::UnderWay),
        Some(phase) => Ok(phase),
        None => refused,
    }
}

/// How far the newest task of a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It has not ended.
    UnderWay,
    /// It ended well.
    Succeeded {
        /// When.
        at: Timestamp,
        /// Until when its result counts, where that is bounded.
        expires: Option<Timestamp>,
    },
    /// It ended otherwise.
    Failed {
        /// When.
        at: Timestamp,
    },
}

impl Progress {
    fn ended(self) -> Option<Timestamp> {
        match self {
            Self::UnderWay => None,
            Self::Succeeded { at, .. } | Self::Failed { at } => Some(at),
        }
    }
}

/// When a running workflow lapses, if nothing happens before; nothing while a task is under way or in another phase.
///
/// As long as a pre-check that passed is the last word of the way to an upgrade, its result decides; afterwards, or where
/// none passed, the workflow counts for `span` from the last end (from `changed` where no task is known any more).
pub fn lapses_at(
    phase: Phase,
    points: &[(Point, Progress)],
    changed: Timestamp,
    span: Duration,
) -> Option<Timestamp> {
    let under_way = points.iter().any(|(_, it)| *it == Progress::UnderWay);
    if phase != Phase::Running || under_way {
        return None;
    }
    let ended = points.iter().filter_map(|(_, it)| it.ended()).max();
    passed_until(points).or_else(|| ended.unwrap_or(changed).checked_add(span).ok())
}

/// Until when the pre-check that passed counts, unless an upgrade or a post-check has ended since.
fn passed_until(points: &[(Point, Progress)]) -> Option<Timestamp> {
    let of = |wanted| {
        let found = points.iter().find(|(point, _)| *point == wanted);
        found.map(|(_, progress)| *progress)
    };
    let Some(Progress::Succeeded { at, expires }) = of(Point::PreCheck) else {
        return None;
    };
    let later = [Point::Cluster, Point::PostCheck]
        .into_iter()
        .filter_map(|point| of(point)?.ended())
        .any(|ended| ended >= at);
    if later { None } else { expires }
}

#[cfg(test)]
#[path = "workflow_tests.rs"]
mod tests;
