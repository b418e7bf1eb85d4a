//! Runs the checks on facts, with what the caller left out or accepted, and reaches a verdict. Pure: no IO, no clock.

mod catalogue;
pub mod difference;
mod plan;
mod run;
mod selection;
mod settled;
#[cfg(test)]
mod table_tests;
pub mod users;
mod verdict;
pub mod waivers;
mod words;

pub use catalogue::Catalogue;
pub use run::{Run, assess};
pub use selection::{Selection, SelectionError};
pub use settled::{Settled, settled};
pub use waivers::{Acceptance, Covers};

use airworthy_checks::CATALOGUE;
use airworthy_model::{CheckInfo, Phase};

/// The data of every check of ours of a phase, in catalogue order.
pub fn catalogue(phase: Option<Phase>) -> Vec<&'static CheckInfo> {
    CATALOGUE
        .iter()
        .map(|check| &check.info)
        .filter(|info| phase.is_none_or(|phase| info.phase == phase))
        .collect()
}

/// The data of the check of ours of a name.
pub fn check(name: &str) -> Option<&'static CheckInfo> {
    airworthy_checks::find(name).map(|check| &check.info)
}
