//! `cargo xtask truth`: are the predictions right? Real API servers are the judge.

pub mod files;
pub mod live;
mod program;
pub mod upgrade;

use std::path::PathBuf;

use anyhow::Result;

/// What to judge.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Writes objects in every way, predicts what breaks, upgrades, and lets every owner call again
    Live(live::Live),
    /// Writes files of every kind, version and shape, predicts which of them the target refuses, and asks its API server
    Files(files::Files),
    /// Plants hazards and what looks like them, predicts, upgrades a whole cluster, nodes drained and all, and looks what became of each
    Upgrade(upgrade::Upgrade),
}

/// Which program predicts.
#[derive(Clone, clap::Args)]
pub struct Program {
    /// The program airworthy that predicts [default: built from this checkout]
    #[arg(long = "program", value_name = "FILE")]
    path: Option<PathBuf>,
}

impl Command {
    /// Judges, and prints what came out; an error when a prediction was wrong.
    pub async fn run(self) -> Result<()> {
        match self {
            Self::Live(live) => live.run().await,
            Self::Files(files) => files.run().await,
            Self::Upgrade(upgrade) => upgrade.run().await,
        }
    }
}

#[allow(clippy::print_stderr)] // People wait.
fn progress(line: &str) {
    eprintln!("truth: {line}");
}

#[allow(clippy::print_stdout)] // The result.
fn say(text: &str) {
    println!("{text}");
}
