//! The vendor's official SDKs, unmodified, against `airworthy serve` with a real API server behind it: the own client
//! programs in `clients/`, and the samples of the vendor's pages as they stand.
//!
//! `AIRWORTHY_SEED_PAGES` names the folder of the pages, from the root of the workspace. Where they are absent the samples
//! are left out, loudly; in CI that is a failure.

mod language;
mod pages;
mod printed;
mod run;
mod service;
mod walk;

use std::path::{Path, PathBuf};

use airworthy_testbed::{Cluster, ClusterOptions};
use anyhow::{Result, bail};
use tokio::task::JoinSet;

use language::{Language, Sdk};
use pages::Samples;
use run::say;
use walk::Walk;

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One cluster and one upgrade for all languages: both take longer than everything that is asked.
#[tokio::test]
async fn sdks_and_samples_check_a_cluster_before_and_after_its_upgrade() {
    if let Err(error) = walk().await {
        panic!("{error:#}");
    }
}

/// The languages whose tools are there; in CI all must be.
fn languages() -> Result<Vec<Language>> {
    let mut there = Vec::new();
    for language in Language::ALL {
        match language.lacks() {
            None => there.push(language),
            Some(tool) if std::env::var_os("CI").is_some() => bail!("{tool} is not installed"),
            Some(tool) => say(&format!("LEFT OUT: {language:?}, {tool} is not installed")),
        }
    }
    Ok(there)
}

async fn walk() -> Result<()> {
    let samples = Samples::read()?;
    if samples.is_none() {
        say(
            "LEFT OUT: the samples of the vendor's pages, which are not at hand (AIRWORTHY_SEED_PAGES)",
        );
    }
    let mut installing = JoinSet::new();
    for language in languages()? {
        installing.spawn(Sdk::install(language));
    }
    let cluster = Cluster::start(ClusterOptions::new("1.31").nodes(2)).await?;
    let installed = installing.join_all().await;
    let mut sdks = installed.into_iter().collect::<Result<Vec<Sdk>>>()?;
    sdks.sort_by_key(|sdk| sdk.language);
    let mut walk = Walk::start(cluster, sdks, samples).await?;
    walk.find_the_project().await?;
    walk.errors_are_the_services().await?;
    walk.a_good_cluster_is_ready().await?;
    walk.a_blocking_budget_and_a_dead_webhook_are_shown()
        .await?;
    walk.repaired_it_is_ready_again().await?;
    walk.post_checks_as_printed_fail_or_are_refused().await?;
    walk.after_the_upgrade_it_serves().await?;
    walk.a_workload_that_did_not_come_back_fails().await?;
    walk.end().await
}
