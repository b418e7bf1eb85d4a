//! The section of storage versions.

use std::collections::BTreeMap;

use airworthy_knowledge::{Provenance, StorageVersion, Stored};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::{modules::Release, reader, runs};

/// One line of the table that Kubernetes' own test compares with the bytes in etcd.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    group: String,
    resource: String,
    served: String,
    as_group: String,
    as_version: String,
    file: String,
}

#[derive(Default)]
struct Life {
    seen: BTreeMap<u16, (String, String)>,
    source: Option<Provenance>,
}

/// The rows of the section.
pub(super) fn section(releases: &[Release]) -> Result<Vec<String>> {
    let mut lives: BTreeMap<(String, String), Life> = BTreeMap::new();
    for release in releases {
        let table: Vec<Read> = reader::read(release, "storage")?;
        for read in table.iter().filter(|read| !is_custom(&read.group)) {
            add(&mut lives, release, read)?;
        }
    }
    let rows = lives.into_iter().filter_map(|(key, life)| row(key, &life));
    rows.map(|row| serde_json::to_string(&row).context("write a row"))
        .collect()
}

/// Whether a group is that of the test's own custom resources.
fn is_custom(group: &str) -> bool {
    group.rsplit('.').next() == Some("com")
}

fn add(lives: &mut BTreeMap<(String, String), Life>, release: &Release, read: &Read) -> Result<()> {
    let key = (read.group.clone(), read.resource.clone());
    let life = lives.entry(key).or_default();
    let stored = (read.as_group.clone(), read.as_version.clone());
    if let Some(other) = life.seen.insert(release.minor, stored.clone())
        && other != stored
    {
        let (group, resource, served) = (&read.group, &read.resource, &read.served);
        bail!(
            "1.{} stores {resource}.{group} sent at {served} as {stored:?} and otherwise as {other:?}",
            release.minor
        );
    }
    let module = release.module("k8s.io/kubernetes")?;
    life.source = Some(Provenance {
        module: module.name.clone(),
        tag: module.tag.clone(),
        file: read.file.clone(),
    });
    Ok(())
}

fn row((group, resource): (String, String), life: &Life) -> Option<Stored> {
    let versions = runs::merged(&life.seen)
        .into_iter()
        .map(|(span, (group, version))| StorageVersion {
            from: span.from,
            to: span.to,
            group,
            version,
        });
    Some(Stored {
        group,
        resource,
        versions: versions.collect(),
        source: life.source.clone()?,
    })
}
