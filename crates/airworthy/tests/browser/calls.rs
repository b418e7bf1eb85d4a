//! The code that the explorer shows, for every operation with its example: the SDKs must take it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::json;

use crate::{
    common_sdk::{Language, Run, Sdk, installed, say, workspace},
    own,
    tools::at_hand,
};

/// The Go SDK is linked once a call.
const BUILD_DEADLINE: Duration = Duration::from_mins(5);

/// The Java SDK of the client has none of these yet.
const NOT_IN_JAVA: [&str; 2] = ["ListAutopilotUpgradePlans", "UpdateAutopilotUpgradePlan"];

/// One operation in all languages.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Call {
    #[serde(rename = "id")]
    id: String,
    python: String,
    go: String,
    java: String,
}

/// Whether what the explorer is made of can be run outside a browser.
fn has_node() -> Result<bool> {
    let there = at_hand("node", "nodejs")?.is_some();
    if !there {
        say("LEFT OUT: the explorer's modules, node is not installed");
    }
    Ok(there)
}

fn modules() -> PathBuf {
    workspace().join("crates/server/assets/explorer")
}

/// Signs what the vendor's SDKs signed.
pub(crate) async fn signatures() -> Result<()> {
    if !has_node()? {
        return Ok(());
    }
    let vectors = workspace().join("crates/cce/tests/signatures/vectors.json");
    let told = json!({ "assets": modules(), "vectors": vectors });
    let script = Run::new("node").arg(own().join("signatures.mjs"));
    let ended = script.input(&told.to_string())?.succeed().await?;
    let same: usize = ended.stdout.trim().parse()?;
    ensure!(same >= 4, "only {same} signatures were compared");
    Ok(())
}

pub(crate) async fn fit() -> Result<()> {
    if !has_node()? {
        return Ok(());
    }
    let calls = written().await?;
    ensure!(calls.len() >= 19, "only {} operations", calls.len());
    for sdk in installed(&[Language::Python, Language::Go, Language::Java]).await? {
        let folder = tempfile::tempdir()?;
        let programs = programs(&sdk, &calls, folder.path()).await?;
        say(&format!(
            "{} calls of the explorer by the SDK for {:?}",
            programs.len(),
            sdk.language
        ));
        for (id, program) in programs {
            let about = || format!("{id} in {:?}", sdk.language);
            refused(program).await.with_context(about)?;
        }
    }
    Ok(())
}

/// The calls as programs of one language.
async fn programs<'a>(sdk: &Sdk, calls: &'a [Call], folder: &Path) -> Result<Vec<(&'a str, Run)>> {
    if sdk.language == Language::Go {
        return built(calls, folder).await;
    }
    let mut programs = Vec::new();
    for call in calls {
        let code = match sdk.language {
            Language::Java if NOT_IN_JAVA.contains(&call.id.as_str()) => continue,
            Language::Java => &call.java,
            _ => &call.python,
        };
        let folder = folder.join(&call.id);
        fs::create_dir(&folder)?;
        programs.push((call.id.as_str(), sdk.sample(code, &folder).await?));
    }
    Ok(programs)
}

/// All calls in Go, compiled at once in folders that are in no work tree.
async fn built<'a>(calls: &'a [Call], folder: &Path) -> Result<Vec<(&'a str, Run)>> {
    let module = workspace().join("clients/go").canonicalize()?;
    let mut replace = serde_json::Map::new();
    for call in calls {
        let file = folder.join(format!("{}.go", call.id));
        fs::write(&file, &call.go)?;
        let place = module.join("explorer").join(&call.id).join("main.go");
        replace.insert(
            place.to_string_lossy().into(),
            file.to_string_lossy().into(),
        );
    }
    let overlay = folder.join("overlay.json");
    fs::write(&overlay, json!({ "Replace": replace }).to_string())?;
    let out = folder.join("programs");
    fs::create_dir(&out)?;
    Run::new("go")
        .args(["build", "-mod=readonly", "-buildvcs=false", "-overlay"])
        .arg(&overlay)
        .arg("-o")
        .arg(&out)
        .args(calls.iter().map(|call| format!("./explorer/{}", call.id)))
        .folder(&module)
        .within(BUILD_DEADLINE)
        .succeed()
        .await?;
    let program = |call: &'a Call| {
        (
            call.id.as_str(),
            Run::new(out.join(&call.id)).env("HOME", folder),
        )
    };
    Ok(calls.iter().map(program).collect())
}

/// What the explorer's own modules write, for a server that is not there.
async fn written() -> Result<Vec<Call>> {
    let told = json!({
        "assets": modules(),
        "document": workspace().join("docs/openapi.json"),
        // Nothing can listen there.
        "base": "http://127.0.0.1:1",
    });
    let written = Run::new("node")
        .arg(own().join("calls.mjs"))
        .input(&told.to_string())?
        .succeed()
        .await?;
    Ok(serde_json::from_str(&written.stdout)?)
}

/// Runs a call as far as its connection, which is refused; what the SDK does not know fails before.
async fn refused(program: Run) -> Result<()> {
    let credentials = program.env("CLOUD_SDK_AK", "AK").env("CLOUD_SDK_SK", "SK");
    let ended = credentials.end().await?;
    let said = format!("{}{}", ended.stdout, ended.stderr);
    let refused = ["refused", "ConnectionException", "ConnectException"];
    ensure!(
        !ended.success && refused.iter().any(|word| said.contains(word)),
        "{said}"
    );
    Ok(())
}
