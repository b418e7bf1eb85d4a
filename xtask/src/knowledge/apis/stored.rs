//! At which version objects are stored: Kubernetes' own table for its test of what is in etcd.

use std::collections::BTreeSet;

use airworthy_model::Minor;
use anyhow::{Result, ensure};

use super::{golang, register::GroupVersion};

/// Versions that are stored, by the kind or by the resource that has it.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    kinds: BTreeSet<(GroupVersion, String)>,
    resources: BTreeSet<(GroupVersion, String)>,
}

impl Stored {
    /// Whether objects of a kind are stored at this version.
    pub(crate) fn at(&self, version: &GroupVersion, kind: &str, plural: &str) -> bool {
        let has = |set: &BTreeSet<_>, name: &str| set.contains(&(version.clone(), name.to_owned()));
        has(&self.kinds, kind) || has(&self.resources, plural)
    }
}

/// Reads `test/integration/etcd/data.go` of a minor.
pub(crate) fn read(text: &str, minor: u16) -> Result<Stored> {
    let code = golang::without_comments(text);
    let mut found = Stored::default();
    for entry in code.split("\tgvr(").skip(1) {
        let Some((version, plural)) = three(entry) else {
            continue;
        };
        if gone(entry, minor) {
            continue;
        }
        match entry
            .split_once("ExpectedGVK:")
            .and_then(|(_, rest)| three(rest.split_once("gvkP(")?.1))
        {
            Some(kind) => found.kinds.insert(kind),
            None => found.resources.insert((version, plural)),
        };
    }
    ensure!(
        found.resources.len() > 30,
        "the table of stored versions has another form than the one known here"
    );
    Ok(found)
}

/// The three texts that follow: group, version, and kind or resource.
fn three(text: &str) -> Option<(GroupVersion, String)> {
    let mut texts = text.split('"').skip(1).step_by(2).map(str::to_owned);
    Some(((texts.next()?, texts.next()?), texts.next()?))
}

fn gone(entry: &str, minor: u16) -> bool {
    let removed = entry
        .split_once("RemovedVersion:")
        .and_then(|(_, rest)| golang::quoted(rest)?.parse::<Minor>().ok());
    removed.is_some_and(|removed| removed <= Minor::v1(minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_expected_is_the_one_stored() {
        let entries = (0..40).map(|n| format!("\tgvr(\"\", \"v1\", \"r{n}\"): {{\n\t}},\n"));
        let mut text = entries.collect::<Vec<_>>().concat();
        text += "\tgvr(\"a\", \"v1\", \"xs\"): {\n\t\tExpectedGVK: gvkP(\"a\", \"v1beta1\", \"X\"),\n\t},\n";
        text += "\tgvr(\"a\", \"v1alpha1\", \"xs\"): {\n\t\tRemovedVersion: \"1.37\",\n\t},\n";
        let stored = read(&text, 37).unwrap();
        let at = |group: &str, version: &str| (group.to_owned(), version.to_owned());
        assert!(stored.at(&at("a", "v1beta1"), "X", "xs") && stored.at(&at("", "v1"), "R7", "r7"));
        assert!(
            !stored.at(&at("a", "v1"), "X", "xs") && !stored.at(&at("a", "v1alpha1"), "X", "xs")
        );
        assert!(read("package etcd", 37).is_err());
    }
}
