//! `cargo xtask knowledge`: the tables of every Kubernetes minor, generated from Kubernetes' own Go modules.

#![allow(clippy::print_stdout)] // This is a command-line program.

#[allow(dead_code)] // The generators that come read them.
mod modules;

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use modules::Pins;

/// What to do with the tables.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Pin the newest modules of a minor that can be had
    Pin {
        /// A full version such as 1.31.14: its patch and those before it are tried
        version: String,
    },
}

impl Command {
    /// Runs the command to its end.
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Pin { version } => pin(&version),
        }
    }
}

fn pin(version: &str) -> Result<()> {
    let numbers: Vec<u16> = version
        .trim_start_matches('v')
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    match numbers[..] {
        [1, minor, patch] => Pins::pin(minor, patch),
        _ => anyhow::bail!("{version} is not a full version such as 1.31.14"),
    }
}

/// The folder of the embedded tables.
pub(crate) fn data() -> PathBuf {
    crate::test::root().join("crates/knowledge/data")
}
