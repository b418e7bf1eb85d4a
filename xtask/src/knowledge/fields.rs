//! The section of fields.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_knowledge::{Deprecation, FieldRow, Marked, Provenance, TypeRow};
use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::{
    modules::Release,
    reader,
    runs::{self, Minors},
};

#[derive(Deserialize)]
struct ReadPackage {
    path: String,
    module: String,
    #[serde(default)]
    groups: Option<Vec<String>>,
    types: Option<Vec<ReadType>>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct ReadType {
    name: String,
    file: String,
    kind: bool,
    opaque: bool,
    alias: String,
    #[serde(rename = "enum")]
    closed: bool,
    values: Vec<String>,
    fields: Vec<ReadField>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ReadField {
    name: String,
    #[serde(rename = "type")]
    of: String,
    gates: Vec<String>,
    deprecated: String,
    required: bool,
    rules: Vec<String>,
}

/// A type through the minors.
#[derive(Default)]
struct Type {
    there: Minors,
    closed: Minors,
    values: BTreeMap<String, Minors>,
    fields: BTreeMap<(String, String), Field>,
    groups: BTreeSet<String>,
    kind: bool,
    opaque: bool,
    alias: String,
    source: Option<Provenance>,
}

/// A field through the minors.
#[derive(Default)]
struct Field {
    /// Where it stands in the newest minor that has it, so that rows read as the type does.
    place: usize,
    there: Minors,
    gates: BTreeMap<String, Minors>,
    rules: BTreeMap<String, Minors>,
    required: Minors,
    deprecated: Minors,
    words: String,
}

type Types = BTreeMap<(String, String), Type>;

/// The rows of the section.
pub(super) fn section(releases: &[Release]) -> Result<Vec<String>> {
    let mut types = Types::new();
    for release in releases {
        for package in reader::read::<Vec<ReadPackage>>(release, "fields")? {
            add_package(&mut types, release, package)?;
        }
    }
    let kept = reachable(&types);
    let rows = types
        .into_iter()
        .filter(|(key, _)| kept.contains(key))
        .filter_map(|(key, one)| row(key, one));
    rows.map(|row| serde_json::to_string(&row).context("write a row"))
        .collect()
}

fn add_package(types: &mut Types, release: &Release, package: ReadPackage) -> Result<()> {
    let tag = &release.module(&package.module)?.tag;
    for read in package.types.unwrap_or_default() {
        let key = (package.path.clone(), read.name.clone());
        let one = types.entry(key).or_default();
        one.groups.extend(package.groups.iter().flatten().cloned());
        one.source = Some(Provenance {
            module: package.module.clone(),
            tag: tag.clone(),
            file: read.file.clone(),
        });
        one.add(release.minor, read);
    }
    Ok(())
}

impl Type {
    fn add(&mut self, minor: u16, read: ReadType) {
        self.there.insert(minor);
        (self.kind, self.opaque, self.alias) = (read.kind, read.opaque, read.alias);
        if read.closed {
            self.closed.insert(minor);
        }
        for value in read.values {
            self.values.entry(value).or_default().insert(minor);
        }
        for (place, field) in read.fields.into_iter().enumerate() {
            let key = (field.name.clone(), field.of.clone());
            self.fields.entry(key).or_default().add(minor, place, field);
        }
    }
}

impl Field {
    fn add(&mut self, minor: u16, place: usize, read: ReadField) {
        self.there.insert(minor);
        self.place = place;
        for gate in read.gates {
            self.gates.entry(gate).or_default().insert(minor);
        }
        for rule in read.rules {
            self.rules.entry(rule).or_default().insert(minor);
        }
        if read.required {
            self.required.insert(minor);
        }
        if !read.deprecated.is_empty() {
            self.deprecated.insert(minor);
            self.words = read.deprecated;
        }
    }
}

/// The types that a kind leads to.
fn reachable(types: &Types) -> BTreeSet<(String, String)> {
    let kinds = types
        .iter()
        .filter(|(_, one)| one.kind && !one.groups.is_empty());
    let mut queue: Vec<_> = kinds.map(|(key, _)| key.clone()).collect();
    let mut kept = BTreeSet::new();
    while let Some(key) = queue.pop() {
        let Some(one) = types.get(&key) else { continue };
        if !kept.insert(key.clone()) {
            continue;
        }
        let of = one.fields.keys().map(|(_, of)| of);
        queue.extend(of.chain([&one.alias]).map(|of| named(&key.0, of)));
    }
    kept
}

/// Package and name of the type that a text such as `[]Container` or `{}k8s.io/api/core/v1.Pod` names.
fn named(package: &str, of: &str) -> (String, String) {
    let name = of.trim_start_matches(['[', ']', '{', '}']);
    let (package, name) = name.rsplit_once('.').unwrap_or((package, name));
    (package.to_owned(), name.to_owned())
}

fn row((package, name): (String, String), one: Type) -> Option<TypeRow> {
    let closed = runs::spans(&one.closed);
    let values = if closed.is_empty() {
        Vec::new()
    } else {
        marked(one.values, &one.there)
    };
    let mut fields: Vec<_> = one.fields.into_iter().collect();
    fields.sort_by_key(|(_, field)| field.place);
    let there = one.there;
    let fields = fields
        .into_iter()
        .map(|(key, field)| field_row(key, field, &there));
    Some(TypeRow {
        package,
        name,
        groups: if one.kind {
            one.groups.into_iter().collect()
        } else {
            Vec::new()
        },
        kind: one.kind,
        spans: runs::spans(&there),
        opaque: one.opaque,
        alias: Some(one.alias).filter(|alias| !alias.is_empty()),
        closed,
        values,
        fields: fields.collect(),
        source: one.source?,
    })
}

fn field_row((name, of): (String, String), field: Field, type_there: &Minors) -> FieldRow {
    let deprecated = runs::since(&field.deprecated, &field.there);
    FieldRow {
        name,
        of,
        spans: unless_all(&field.there, type_there),
        gates: marked(field.gates, &field.there),
        deprecated: deprecated.map(|since| Deprecation {
            since,
            words: field.words,
        }),
        required: runs::spans(&field.required),
        rules: marked(field.rules, &field.there),
    }
}

fn marked(texts: BTreeMap<String, Minors>, whole: &Minors) -> Vec<Marked> {
    let texts = texts.into_iter().map(|(text, minors)| Marked {
        text,
        spans: unless_all(&minors, whole),
    });
    texts.collect()
}

/// No spans where they would say what is said already.
fn unless_all(minors: &Minors, whole: &Minors) -> Vec<airworthy_knowledge::Span> {
    if minors == whole {
        Vec::new()
    } else {
        runs::spans(minors)
    }
}
