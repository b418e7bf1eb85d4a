//! The vendor's official SDKs, unmodified, against `airworthy serve` with a real API server behind it: the own client
//! programs in `clients/`, and the samples of the vendor's pages as they stand.
//!
//! `AIRWORTHY_SEED_PAGES` names the folder of the pages, from the root of the workspace. Where they are absent the samples
//! are left out, loudly; in CI that is a failure.

#[path = "../common_sdk/mod.rs"]
mod common_sdk;
mod pages;
mod printed;
mod walk;

use airworthy_testbed::{Cluster, ClusterOptions};
use anyhow::Result;

use common_sdk::{Language, installed, say};
use pages::Samples;
use walk::Walk;

/// One SDK a language: the samples are the same for all releases of it.
const LANGUAGES: [Language; 3] = [Language::Python, Language::Go, Language::Java];

/// One cluster and one upgrade for all languages: both take longer than everything that is asked.
#[tokio::test]
async fn sdks_and_samples_check_a_cluster_before_and_after_its_upgrade() {
    if let Err(error) = walk().await {
        panic!("{error:#}");
    }
}

async fn walk() -> Result<()> {
    let samples = Samples::read()?;
    if samples.is_none() {
        say(
            "LEFT OUT: the samples of the vendor's pages, which are not at hand (AIRWORTHY_SEED_PAGES)",
        );
    }
    let installing = tokio::spawn(installed(&LANGUAGES));
    let cluster = Cluster::start(ClusterOptions::new("1.31").nodes(2)).await?;
    let sdks = installing.await??;
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
