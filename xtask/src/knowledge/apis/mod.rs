//! The section of kinds: the life of every kind at every version, merged from what each minor's sources say.

mod compare;
mod defaults;
mod golang;
mod lifecycle;
mod merge;
mod paths;
mod register;
mod snapshot;
mod stored;

use anyhow::{Context as _, Result};

use super::modules::Release;

pub(super) use compare::differences;
pub(super) use snapshot::Snapshot;

/// The rows of the section.
pub(super) fn section(releases: &[Release]) -> Result<Vec<String>> {
    let read = |release| Snapshot::read(release);
    let snapshots: Vec<_> = releases.iter().map(read).collect::<Result<_>>()?;
    let rows = merge::rows(&snapshots);
    rows.iter()
        .map(|row| serde_json::to_string(row).context("write a row"))
        .collect()
}
