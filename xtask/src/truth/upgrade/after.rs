//! What the post-check sees: after the upgrade, and after damage beside harmless changes.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use super::{House, case::Reality, plant, score::Outcome};
use crate::truth::{program, progress};

/// Records the cluster as it is now.
pub(super) fn record(house: &House, program: &Path) -> Result<PathBuf> {
    let file = house.files.path().join("before.airworthy");
    let kubeconfig = house.cluster.kubeconfig();
    let args = ["record", "--kubeconfig", &kubeconfig.display().to_string()].map(str::to_owned);
    let output = ["--output".to_owned(), file.display().to_string()];
    let args: Vec<_> = args.iter().chain(&output).map(String::as_str).collect();
    program::run(program, &args)?;
    Ok(file)
}

/// What the post-check says of the cluster as it is now.
pub(super) fn report(house: &House, program: &Path, baseline: &Path) -> Result<Value> {
    let kubeconfig = house.cluster.kubeconfig().display().to_string();
    let baseline = baseline.display().to_string();
    let args = ["postcheck", "-o", "json", "--kubeconfig", &kubeconfig];
    program::report(program, &[&args[..], &["--baseline", &baseline]].concat())
}

/// Does what the cases say happens after the upgrade.
pub(super) async fn change(house: &mut House, outcomes: &[Outcome]) -> Result<()> {
    progress("damaging and changing");
    for outcome in outcomes {
        if let Reality::Changes(steps) = &outcome.case.reality {
            plant::steps(house, &outcome.case, steps).await?;
        }
    }
    Ok(())
}
