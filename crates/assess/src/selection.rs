//! Which checks run, and what the caller has accepted.

use std::collections::BTreeSet;

use airworthy_checks::CATALOGUE;
use airworthy_model::{CheckInfo, Finding, Kind, Need, Phase, Severity};

/// What the caller chose. The default runs everything and accepts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these checks; empty means all.
    pub only: Vec<String>,
    /// Checks that do not run.
    pub skip: Vec<String>,
    /// Checks that run and whose findings the caller has accepted.
    pub accept: Vec<Acceptance>,
}

/// Findings that the caller has accepted. A blocker of a check of kind *Exception* cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Name of the check.
    pub check: String,
    /// Uids of the nodes whose findings are accepted; `None` accepts all, evidence that lacks included.
    pub nodes: Option<BTreeSet<String>>,
}

/// A selection that names what is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// No check has this name.
    #[error("there is no check named {name:?}{}", did_you_mean(suggestion.as_deref()))]
    UnknownCheck {
        /// The name given.
        name: String,
        /// A check of nearly that name.
        suggestion: Option<String>,
    },
    /// The check belongs to the other phase.
    #[error("{name} is a {}-check; it does not run here", if *phase == Phase::Pre { "pre" } else { "post" })]
    OtherPhase {
        /// The name given.
        name: String,
        /// When that check runs.
        phase: Phase,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(
        || " (airworthy checks list shows them)".to_owned(),
        |name| format!("; did you mean {name}?"),
    )
}

impl Selection {
    /// Refuses names that no check of the phase has: a typing error must not turn into a check that did not run.
    pub fn validate(&self, phase: Phase) -> Result<(), SelectionError> {
        let accepted = self.accept.iter().map(|acceptance| &acceptance.check);
        let names = self.only.iter().chain(&self.skip).chain(accepted);
        names
            .map(|name| known(name, phase))
            .collect::<Result<Vec<_>, _>>()
            .map(|_| ())
    }

    /// Whether a check runs at all.
    pub fn runs(&self, info: &CheckInfo) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name == info.name);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }

    /// The facts that the chosen checks of a phase need: what has to be collected.
    pub fn needs(&self, phase: Phase) -> BTreeSet<Need> {
        let chosen = CATALOGUE
            .iter()
            .map(|check| &check.info)
            .filter(|info| info.phase == phase && self.runs(info));
        let needs = chosen.flat_map(|info| info.needs.iter().copied());
        needs
            .filter(|need| *need != Need::Baseline)
            .chain([Need::Version, Need::Collection])
            .collect()
    }

    /// Whether the caller has accepted this finding.
    pub(crate) fn accepts(&self, info: &CheckInfo, finding: &Finding) -> bool {
        let acceptable = info.kind == Kind::Risk || finding.severity < Severity::Blocker;
        let covers = |acceptance: &Acceptance| match &acceptance.nodes {
            None => true,
            Some(nodes) => finding
                .subject
                .uid
                .as_ref()
                .is_some_and(|uid| nodes.contains(uid)),
        };
        acceptable
            && self
                .accept
                .iter()
                .any(|acceptance| acceptance.check == info.name && covers(acceptance))
    }

    /// Whether the caller has accepted that evidence lacks for this check.
    pub(crate) fn accepts_missing(&self, name: &str) -> bool {
        self.accept
            .iter()
            .any(|acceptance| acceptance.check == name && acceptance.nodes.is_none())
    }
}

fn known(name: &str, phase: Phase) -> Result<(), SelectionError> {
    match airworthy_checks::find(name) {
        Some(check) if check.info.phase == phase => Ok(()),
        Some(check) => Err(SelectionError::OtherPhase {
            name: name.into(),
            phase: check.info.phase,
        }),
        None => Err(SelectionError::UnknownCheck {
            name: name.chars().take(80).collect(),
            suggestion: nearest(name),
        }),
    }
}

/// The name that takes the fewest changes, where those are few; else one that holds the text, or is held by it.
fn nearest(name: &str) -> Option<String> {
    let low = name.to_lowercase();
    if !(4..=80).contains(&low.len()) {
        return None;
    }
    let names = || CATALOGUE.iter().map(|check| check.info.name);
    let (changes, near) = names()
        .map(|name| (changes(&low, &name.to_lowercase()), name))
        .min()?;
    let alike = |candidate: &&str| {
        let candidate = candidate.to_lowercase();
        candidate.contains(&low) || low.contains(&candidate)
    };
    let found = if changes <= 1 + low.len() / 4 {
        Some(near)
    } else {
        names().find(alike)
    };
    found.map(str::to_owned)
}

/// How many characters must be put in, left out or replaced to make one text the other (Levenshtein).
fn changes(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, from) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (place, to) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}
