//! The document by a public validator, the explorer's code by the vendor's SDKs, and the pages as a browser shows them: looked
//! at in headless Chromium, judged by axe, and signing requests.
//!
//! What these need is installed by package name with the ordinary clients. Where it cannot be, the tests are left out, loudly;
//! in CI that is a failure.

mod calls;
#[path = "../common_sdk/mod.rs"]
mod common_sdk;
mod house;
#[path = "../../../report/tests/report/samples.rs"]
#[allow(dead_code, reason = "the reports of other formats use the rest")]
mod samples;
mod tools;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use common_sdk::{Run, say, workspace};
use house::House;
use tools::{Browser, Validator};

/// The folder of what is run outside this program.
fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

#[tokio::test]
async fn the_document_is_valid() {
    if let Err(error) = validate().await {
        panic!("{error:#}");
    }
}

async fn validate() -> Result<()> {
    let Some(validator) = Validator::install().await? else {
        return Ok(());
    };
    let told = validator
        .run(&workspace().join("docs/openapi.json"))
        .await?;
    say(told.stdout.trim());
    Ok(())
}

#[tokio::test]
async fn pages_are_shown_and_requests_signed_in_a_browser() {
    if let Err(error) = walk().await {
        panic!("{error:#}");
    }
}

async fn walk() -> Result<()> {
    let Some(browser) = Browser::install().await? else {
        return Ok(());
    };
    let house = House::start().await?;
    let told = json!({
        "endpoint": house.endpoint,
        "chromium": browser.chromium,
        "modules": browser.home.join("node_modules"),
        "shots": std::env::var_os("AIRWORTHY_SCREENSHOTS").map(PathBuf::from),
        "user": house::USER,
        "password": house::PASSWORD,
        "ak": house.key.ak,
        "sk": house.key.sk.expose(),
        "token": house.token.expose(),
        "project": house.project,
        "cluster": house.cluster,
    });
    let walked = Run::new("node")
        .arg(own().join("walk.mjs"))
        .input(&told.to_string())?
        .env("HOME", &browser.home)
        .named("a walk through the pages")
        .succeed()
        .await;
    house.end().await?;
    for line in walked?.stdout.lines() {
        say(line);
    }
    Ok(())
}

#[tokio::test]
async fn code_of_the_explorer_fits_the_sdks() {
    if let Err(error) = calls::fit().await {
        panic!("{error:#}");
    }
}

#[tokio::test]
async fn signatures_of_the_explorer_are_those_of_the_sdks() {
    if let Err(error) = calls::signatures().await {
        panic!("{error:#}");
    }
}
