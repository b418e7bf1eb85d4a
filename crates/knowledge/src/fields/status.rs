//! Whether a minor knows a field.

use airworthy_model::Minor;

use super::{
    graph::{Fields, Node, Reached},
    rows::FieldRow,
};
use crate::Knowledge;

/// Longer paths than this are no paths of Kubernetes.
const LONGEST: usize = 64;

/// What a minor makes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldStatus {
    /// Knows it, or may: below a type that takes anything.
    Known {
        /// The first minor of those that do without a break; the first minor that was read may not be the first that did.
        since: Minor,
    },
    /// Does not know it any more: drops it, or refuses the object where asked to be strict.
    RemovedIn(Minor),
    /// Does not know it yet.
    NotYet(Minor),
    /// No minor that was read knows it.
    Unknown,
    /// The minor has no such kind at that version, so the field is not the question.
    NoKind,
    /// The minor was not read, or the kind is none of Kubernetes' own.
    Unread,
}

impl Knowledge {
    /// What a minor makes of a field of a kind. The segments of the path are names in JSON; lists take no segment, and keys of
    /// maps may be there or left out: `["spec", "containers", "lifecycle", "stopSignal"]`.
    pub fn field_status(
        &self,
        kind: (&str, &str, &str),
        path: &[&str],
        minor: Minor,
    ) -> FieldStatus {
        let fields = self.fields.get();
        if !self.covers(minor) || !fields.has_kind(kind) {
            return FieldStatus::Unread;
        }
        if fields.kind(kind, minor).is_none() {
            return FieldStatus::NoKind;
        }
        let known: Vec<_> = self
            .minors()
            .filter(|minor| fields.knows(kind, path, *minor))
            .collect();
        if known.contains(&minor) {
            let since = known.iter().rev().skip_while(|known| **known > minor);
            return FieldStatus::Known {
                since: first_of_run(since.copied(), minor),
            };
        }
        let before = known.iter().copied().filter(|known| *known < minor).max();
        match (before, known.first()) {
            (Some(last), _) => FieldStatus::RemovedIn(last.next()),
            (None, Some(first)) => FieldStatus::NotYet(*first),
            (None, None) => FieldStatus::Unknown,
        }
    }

    /// The values that a minor takes for a field, where its sources say that it takes no others.
    pub fn field_values(
        &self,
        kind: (&str, &str, &str),
        path: &[&str],
        minor: Minor,
    ) -> Option<Vec<&str>> {
        let fields = self.fields.get();
        match fields.reach(kind, path, minor)?.node {
            Node::Scalar(Some(at)) => fields.row(at).closed_values(minor),
            _ => None,
        }
    }

    /// Every minor that was read, oldest first.
    pub fn minors(&self) -> impl DoubleEndedIterator<Item = Minor> {
        (self.oldest.minor..=self.newest.minor).map(Minor::v1)
    }
}

/// The earliest of the minors that go down from `minor` without a break.
fn first_of_run(down: impl Iterator<Item = Minor>, minor: Minor) -> Minor {
    down.fold((minor, false), |(first, broken), next| {
        let adjoins = next == first || next.next() == first;
        if adjoins && !broken {
            (next, false)
        } else {
            (first, true)
        }
    })
    .0
}

impl Fields {
    pub(super) fn knows(&self, kind: (&str, &str, &str), path: &[&str], minor: Minor) -> bool {
        self.reach(kind, path, minor).is_some()
    }

    /// Follows a path; nothing where it leads nowhere.
    pub(super) fn reach(
        &self,
        kind: (&str, &str, &str),
        path: &[&str],
        minor: Minor,
    ) -> Option<Reached> {
        if path.len() > LONGEST {
            return None;
        }
        let mut reached = Reached {
            node: self.kind(kind, minor)?,
            map: false,
            list: false,
        };
        for segment in path {
            reached = self.step(reached, segment, minor)?;
        }
        Some(reached)
    }

    /// The row of a path's last segment, where that is the name of a field.
    pub(super) fn field_at(
        &self,
        kind: (&str, &str, &str),
        path: &[&str],
        minor: Minor,
    ) -> Option<(usize, &FieldRow)> {
        let (name, parents) = path.split_last()?;
        match self.reach(kind, parents, minor)?.node {
            Node::Struct(at) => self.member(at, name, minor),
            _ => None,
        }
    }

    fn step(&self, from: Reached, segment: &str, minor: Minor) -> Option<Reached> {
        let member = match from.node {
            Node::Any => return Some(from),
            Node::Scalar(_) => None,
            Node::Struct(at) => self.member(at, segment, minor),
        };
        match member {
            Some((at, field)) => Some(self.target(at, field)),
            // A key of the map, which takes its place once.
            None if from.map => Some(Reached { map: false, ..from }),
            None => None,
        }
    }
}
