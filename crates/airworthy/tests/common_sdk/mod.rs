//! What the tests of the SDKs share: the SDKs with the own clients, the service, and runs of programs.
#![allow(dead_code, unused_imports, reason = "each test binary uses a part")]

mod language;
mod run;
mod service;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use tokio::task::JoinSet;

pub(crate) use language::{Language, Sdk};
pub(crate) use run::{Ended, Run, say};
pub(crate) use service::{House, Key, Service};

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Of these languages, those whose tools are there, each with its SDK; in CI all must be. In the order of [`Language`].
pub(crate) async fn installed(wanted: &[Language]) -> Result<Vec<Sdk>> {
    let mut installing = JoinSet::new();
    for &language in wanted {
        match language.lacks() {
            None => drop(installing.spawn(Sdk::install(language))),
            Some(tool) if std::env::var_os("CI").is_some() => bail!("{tool} is not installed"),
            Some(tool) => say(&format!("LEFT OUT: {language:?}, {tool} is not installed")),
        }
    }
    let all = installing.join_all().await;
    let mut sdks = all.into_iter().collect::<Result<Vec<_>>>()?;
    sdks.sort_by_key(|sdk: &Sdk| sdk.language);
    Ok(sdks)
}
