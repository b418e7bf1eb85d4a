//! What checks do that can judge without the baseline, but not as finely.

use airworthy_model::{Missing, Severity};

/// What was read, or the gap in the evidence.
pub(crate) fn optional<T>(read: Result<T, Missing>) -> (Option<T>, Option<Missing>) {
    match read {
        Ok(facts) => (Some(facts), None),
        Err(gap) => (None, Some(gap)),
    }
}

/// How something that is broken now was before the upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// It was well.
    Well,
    /// It was broken in the same way.
    Broken,
    /// It was not there.
    Absent,
    /// Nothing tells.
    Unknown,
}

impl Before {
    /// What the upgrade is to be blamed for is a blocker; so is what nothing excuses.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Broken => Severity::Note,
            Self::Well | Self::Absent | Self::Unknown => Severity::Blocker,
        }
    }

    /// How a sentence about now goes on; `well` says how it was when it was well.
    pub(crate) fn words(self, well: &'static str) -> &'static str {
        match self {
            Self::Well => well,
            Self::Broken => ", as before the upgrade",
            Self::Absent => ", and new since the upgrade",
            Self::Unknown => "",
        }
    }
}

/// What the baseline has of one thing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Earlier<T> {
    /// There is no baseline to look in.
    Unread,
    /// It is not there.
    Absent,
    /// It is.
    There(T),
}

impl<T: Copy> Earlier<T> {
    /// Looks for something in what the baseline has, where there is a baseline.
    pub(crate) fn find<B>(baseline: Option<B>, look: impl FnOnce(B) -> Option<T>) -> Self {
        baseline.map_or(Self::Unread, |baseline| {
            look(baseline).map_or(Self::Absent, Self::There)
        })
    }

    /// Looks for a part of it.
    pub(crate) fn part<P: Copy>(self, look: impl FnOnce(T) -> Option<P>) -> Earlier<P> {
        match self {
            Self::Unread => Earlier::Unread,
            Self::Absent => Earlier::Absent,
            Self::There(whole) => look(whole).map_or(Earlier::Absent, Earlier::There),
        }
    }

    /// How it was.
    pub(crate) fn was(self, well: impl FnOnce(T) -> bool) -> Before {
        match self {
            Self::Unread => Before::Unknown,
            Self::Absent => Before::Absent,
            Self::There(old) if well(old) => Before::Well,
            Self::There(_) => Before::Broken,
        }
    }
}
