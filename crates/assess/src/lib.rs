//! Runs the checks on facts, with what the caller left out or accepted, and reaches a verdict. Pure: no IO, no clock.

mod run;
mod selection;
mod verdict;

pub use run::{Run, assess};
pub use selection::{Acceptance, Selection, SelectionError};

use airworthy_checks::CATALOGUE;
use airworthy_model::{CheckInfo, Phase};

/// The data of every check of a phase, in catalogue order.
pub fn catalogue(phase: Option<Phase>) -> Vec<&'static CheckInfo> {
    CATALOGUE
        .iter()
        .map(|check| &check.info)
        .filter(|info| phase.is_none_or(|phase| info.phase == phase))
        .collect()
}

/// The data of the check of a name.
pub fn check(name: &str) -> Option<&'static CheckInfo> {
    airworthy_checks::find(name).map(|check| &check.info)
}
