//! `airworthy supervise`, which the service starts beside a program of the operator's.

use std::{ffi::OsString, path::Path, process::ExitCode};

use airworthy_drivers::program;
use anyhow::{Context as _, Result};

use crate::{cli::FAILED, console};

/// Supervises one run until its program has ended.
pub(crate) fn run(folder: &Path) -> ExitCode {
    match program::supervise(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let why = format!("the run in {} is not supervised", folder.display());
            console::complain(&anyhow::Error::new(error).context(why));
            ExitCode::from(FAILED)
        }
    }
}

/// The command line of a supervisor, to which the folder is added.
pub(crate) fn command_line() -> Result<Vec<OsString>> {
    let this = std::env::current_exe().context("the path of this program is not known")?;
    Ok(vec![this.into_os_string(), "supervise".into()])
}
