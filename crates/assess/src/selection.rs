//! Which checks run, and what the caller has accepted.

use std::collections::BTreeSet;

use airworthy_model::{CheckInfo, Need, Phase};
use jiff::Timestamp;

use crate::{Acceptance, Catalogue};

/// What the caller chose. The default runs everything of ours and accepts nothing.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The checks there are.
    pub catalogue: Catalogue,
    /// Only these checks; empty means all.
    pub only: Vec<String>,
    /// Checks that do not run.
    pub skip: Vec<String>,
    /// What is accepted of what they find.
    pub accept: Vec<Acceptance>,
    /// The time at which it is judged whether that still holds; without one, and where it is earlier, when the facts were read.
    pub now: Option<Timestamp>,
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
    /// Refuses names that no check of the phase has: a typing error must not turn into a check that did not run. A file of waivers is
    /// for both phases, and its names are judged when it is read.
    pub fn validate(&self, phase: Phase) -> Result<(), SelectionError> {
        let requested = self.accept.iter().filter(|it| it.is_of_a_request());
        let accepted = requested.map(|acceptance| &acceptance.check);
        let names = self.only.iter().chain(&self.skip).chain(accepted);
        names
            .map(|name| self.known(name, phase))
            .collect::<Result<Vec<_>, _>>()
            .map(|_| ())
    }

    fn known(&self, name: &str, phase: Phase) -> Result<(), SelectionError> {
        let info = self.catalogue.known(name)?;
        if info.phase == phase {
            return Ok(());
        }
        Err(SelectionError::OtherPhase {
            name: name.into(),
            phase: info.phase,
        })
    }

    /// Whether a check runs at all.
    pub fn runs(&self, info: &CheckInfo) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name == info.name);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }

    /// The facts that the chosen checks of a phase need: what has to be collected.
    pub fn needs(&self, phase: Phase) -> BTreeSet<Need> {
        let all = self.catalogue.infos(Some(phase));
        let chosen = all.into_iter().filter(|info| self.runs(info));
        let needs = chosen.flat_map(|info| info.needs.iter().copied());
        needs
            .filter(|need| *need != Need::Baseline)
            .chain([Need::Version, Need::Collection])
            .collect()
    }
}
