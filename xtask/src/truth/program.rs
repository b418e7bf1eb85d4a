//! The program that predicts, and what it said.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Program, progress};

/// What the program answers when it judged: ready, not ready, cannot determine.
const JUDGED: [i32; 3] = [0, 1, 3];

impl Program {
    /// Builds the program unless one is named.
    pub(super) fn ready(self) -> Result<PathBuf> {
        match self.path {
            Some(path) => Ok(path),
            None => build(),
        }
    }
}

fn build() -> Result<PathBuf> {
    progress("building airworthy");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "airworthy"])
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("airworthy does not build");
    }
    let own = std::env::current_exe().context("cannot find this program")?;
    let path = own.with_file_name("airworthy");
    if !path.is_file() {
        bail!("there is no program at {}", path.display());
    }
    Ok(path)
}

/// Runs the program with nothing of the caller's environment, and gives its JSON report.
pub(super) fn report(program: &Path, args: &[&str]) -> Result<Value> {
    let output = run(program, args)?;
    serde_json::from_slice(&output.stdout).with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("airworthy {} printed no report:\n{said}", args.join(" "))
    })
}

/// Runs the program with nothing of the caller's environment; fails when it says that it could not do its work.
pub(super) fn run(program: &Path, args: &[&str]) -> Result<Output> {
    let mut command = Command::new(program);
    let output = command.args(args).env_clear().output();
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    if !output
        .status
        .code()
        .is_some_and(|code| JUDGED.contains(&code))
    {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("airworthy {}: {}\n{said}", args.join(" "), output.status);
    }
    Ok(output)
}
