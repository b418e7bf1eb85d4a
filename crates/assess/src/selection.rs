//! Which checks run, and what the caller has accepted.

use std::collections::BTreeSet;

use airworthy_checks::CATALOGUE;
use airworthy_model::{CheckInfo, Need, Phase};

/// What the caller chose. The default runs everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these checks; empty means all.
    pub only: Vec<String>,
    /// What is left out.
    pub skip: Vec<Skip>,
}

/// A check that is left out, everywhere or for some nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Name of the check.
    pub check: String,
    /// Uids of the nodes whose findings are accepted; `None` leaves out the whole check.
    pub nodes: Option<BTreeSet<String>>,
}

impl Skip {
    /// Leaves out a whole check.
    pub fn whole(check: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            nodes: None,
        }
    }
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
        let names = self
            .only
            .iter()
            .chain(self.skip.iter().map(|skip| &skip.check));
        names
            .map(|name| known(name, phase))
            .collect::<Result<Vec<_>, _>>()
            .map(|_| ())
    }

    /// Whether a check runs at all.
    pub fn runs(&self, info: &CheckInfo) -> bool {
        let chosen = self.only.is_empty() || self.only.iter().any(|name| name == info.name);
        chosen
            && !self
                .skip
                .iter()
                .any(|skip| skip.nodes.is_none() && skip.check == info.name)
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

    /// Whether a finding on this node is accepted.
    pub(crate) fn accepts(&self, check: &str, node_uid: Option<&str>) -> bool {
        let on_node = |skip: &Skip| {
            skip.nodes
                .as_ref()
                .zip(node_uid)
                .is_some_and(|(nodes, uid)| nodes.contains(uid))
        };
        self.skip
            .iter()
            .any(|skip| skip.check == check && on_node(skip))
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

/// A name that differs only in case, or begins or ends alike.
fn nearest(name: &str) -> Option<String> {
    let low = name.to_lowercase();
    let alike = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        candidate == low
            || (low.len() >= 4
                && (candidate.contains(&low)
                    || low.contains(&candidate)
                    || candidate.starts_with(&low[..low.floor_char_boundary(5)])))
    };
    CATALOGUE
        .iter()
        .map(|check| check.info.name)
        .find(|candidate| alike(candidate))
        .map(str::to_owned)
}
