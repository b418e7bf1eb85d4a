//! The section of releases: which patch of each minor was read.

use airworthy_knowledge::Release as Row;
use airworthy_model::Minor;
use anyhow::{Context as _, Result};

use super::modules::Release;

/// The module whose versions are those of Kubernetes: it is published with every patch, v0.31.14 with 1.31.14.
const MODULE: &str = "k8s.io/api";

/// The rows of the section.
pub(super) fn section(releases: &[Release]) -> Result<Vec<String>> {
    let rows = releases.iter().map(row);
    rows.map(|row| serde_json::to_string(&row?).context("write a row"))
        .collect()
}

/// The row of one minor.
pub(super) fn row(release: &Release) -> Result<Row> {
    let module = release.module(MODULE)?;
    Ok(Row {
        minor: Minor::v1(release.minor),
        patch: patch(&module.tag, release.minor)?,
        module: module.name.clone(),
        tag: module.tag.clone(),
    })
}

fn patch(tag: &str, minor: u16) -> Result<u16> {
    let number = tag.strip_prefix(&format!("v0.{minor}."));
    number
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("{MODULE} {tag} is no release of 1.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_releases_of_the_minor_have_a_patch() {
        assert_eq!(patch("v0.31.14", 31).unwrap(), 14);
        for tag in ["v0.31.0-rc.1", "v0.3.14", "v1.31.14", "v0.31", ""] {
            patch(tag, 31).unwrap_err();
        }
    }
}
