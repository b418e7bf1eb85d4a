//! The sections of command-line flags and of admission plugins.

use std::collections::BTreeMap;

use airworthy_knowledge::{Component, Flag, Plugin, Provenance};
use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::{
    modules::Release,
    reader,
    runs::{self, Minors},
};

#[derive(Deserialize)]
struct ReadFlag {
    component: Component,
    name: String,
    module: String,
    file: String,
    #[serde(default)]
    deprecated: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadPlugin {
    name: String,
    default_on: bool,
    module: String,
    file: String,
}

/// A flag or a plugin through the minors. What is marked is deprecation of a flag, and running by default of a plugin.
#[derive(Default)]
struct Life {
    there: Minors,
    marked: Minors,
    note: String,
    source: Option<Provenance>,
}

impl Life {
    fn add(&mut self, minor: u16, marked: bool, note: String, source: Provenance) {
        self.there.insert(minor);
        if marked {
            self.marked.insert(minor);
        }
        self.note = note;
        self.source = Some(source);
    }
}

/// Where a file of a minor is. Of modules that Kubernetes is only made with, the version is in that minor's go.mod.
fn provenance(release: &Release, module: String, file: String) -> Provenance {
    let tag = release.find(&module).map(|module| module.tag.clone());
    match tag {
        Some(tag) => Provenance { module, tag, file },
        None => Provenance {
            tag: format!("as in go.mod of k8s.io/kubernetes 1.{}", release.minor),
            module,
            file,
        },
    }
}

/// The rows of flags.
pub(super) fn section(releases: &[Release]) -> Result<Vec<String>> {
    rows(releases)?
        .iter()
        .map(|row| serde_json::to_string(row).context("write a row"))
        .collect()
}

pub(super) fn rows(releases: &[Release]) -> Result<Vec<Flag>> {
    let mut lives: BTreeMap<(Component, String), Life> = BTreeMap::new();
    for release in releases {
        for flag in reader::read::<Vec<ReadFlag>>(release, "flags")? {
            let life = lives.entry((flag.component, flag.name)).or_default();
            let source = provenance(release, flag.module, flag.file);
            let marked = !flag.deprecated.is_empty();
            life.add(release.minor, marked, flag.deprecated, source);
        }
    }
    let rows = lives.into_iter().filter_map(|((component, flag), life)| {
        Some(Flag {
            component,
            flag,
            spans: runs::spans(&life.there),
            deprecated: runs::since(&life.marked, &life.there),
            note: life.note,
            source: life.source?,
        })
    });
    Ok(rows.collect())
}

/// The rows of admission plugins.
pub(super) fn plugins(releases: &[Release]) -> Result<Vec<String>> {
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    for release in releases {
        for plugin in reader::read::<Vec<ReadPlugin>>(release, "plugins")? {
            let life = lives.entry(plugin.name).or_default();
            let source = provenance(release, plugin.module, plugin.file);
            life.add(release.minor, plugin.default_on, String::new(), source);
        }
    }
    let rows = lives.into_iter().filter_map(|(plugin, life)| {
        Some(Plugin {
            plugin,
            spans: runs::spans(&life.there),
            default_on: runs::spans(&life.marked),
            source: life.source?,
        })
    });
    rows.map(|row| serde_json::to_string(&row).context("write a row"))
        .collect()
}
