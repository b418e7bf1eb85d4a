//! Where clusters may go to, other than upstream: `[[path]]` and `[patches]`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use airworthy_model::{Hop, KubeVersion, Minor};
use airworthy_upgrade::paths::{Row, Table};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// `[[path]]`, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PathEntry {
    /// The minor that runs.
    from: String,
    /// Where it leads: exact versions, or minors.
    to: Vec<String>,
}

/// `[patches]`, as written: a minor, and its newest version.
pub(super) type Patches = BTreeMap<String, String>;

/// What both mean; nothing when neither is there.
pub(super) fn table(
    entries: Option<Vec<PathEntry>>,
    patches: Option<Patches>,
    file: &Path,
) -> Result<Option<Table>> {
    if entries.is_none() && patches.is_none() {
        return Ok(None);
    }
    let read = || -> Result<_> {
        Ok(Table {
            rows: rows(entries.unwrap_or_default())?,
            patches: newest(patches.unwrap_or_default())?,
        })
    };
    read().map(Some).with_context(|| file.display().to_string())
}

/// The jumps over several minors that a table sells as one step: checks judge them as it does.
pub(super) fn jumps(table: &Table) -> impl Iterator<Item = Hop> {
    let hops = table.rows.iter().flat_map(|row| {
        let from = row.from;
        row.to.iter().map(move |to| Hop { from, to: to.minor })
    });
    hops.filter(|hop| hop.to.distance_from(hop.from) > 1)
}

fn rows(entries: Vec<PathEntry>) -> Result<Vec<Row>> {
    let mut seen = BTreeSet::new();
    let rows = entries.into_iter().map(|entry| {
        let row = row(&entry).with_context(|| format!("path from {:?}", entry.from))?;
        if !seen.insert(row.from) {
            bail!(
                "there are two paths from {}: give one with all its versions",
                row.from
            );
        }
        Ok(row)
    });
    rows.collect()
}

fn row(entry: &PathEntry) -> Result<Row> {
    let from = minor(&entry.from)?;
    let to = entry.to.iter().map(|to| {
        let to: KubeVersion = to.parse()?;
        if to.minor <= from {
            bail!("{to} is not above {from}; newer patches of a minor are given under [patches]");
        }
        Ok(to)
    });
    let to = to.collect::<Result<_>>()?;
    Ok(Row { from, to })
}

fn newest(patches: Patches) -> Result<Vec<KubeVersion>> {
    let versions = patches.into_iter().map(|(of, version)| {
        let place = || format!("patches: {of:?}");
        let minor = minor(&of).with_context(place)?;
        let version: KubeVersion = version.parse().with_context(place)?;
        if version.minor != minor || version.patch.is_none() {
            bail!("patches: {version} is no patch of {minor}: an exact version such as v{minor}.4-r2 is expected");
        }
        Ok(version)
    });
    versions.collect()
}

/// A minor, and nothing beside it.
fn minor(text: &str) -> Result<Minor> {
    let version: KubeVersion = text.parse()?;
    if version.patch.is_some() || !version.suffix.is_empty() {
        bail!("{text:?} is no minor: give one such as {}", version.minor);
    }
    Ok(version.minor)
}
