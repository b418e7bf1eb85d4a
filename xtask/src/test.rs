//! `cargo xtask test`: everything that must hold, in the order in which a failure is cheapest.

#![allow(clippy::print_stderr)] // A program that tells people what it does.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use airworthy_testbed::{Binaries, pinned_minors};
use anyhow::{Context as _, Result, bail};
use clap::Args;

/// The control planes that the tests start, unless all are asked for.
const MINORS: [&str; 2] = ["1.31", "1.32"];

#[derive(Args)]
pub(crate) struct Test {
    /// Leave out formatting, lints and licences
    #[arg(long)]
    no_lint: bool,
    /// With every pinned minor: their control planes judge the tables of knowledge, the predictions and the footprint, and the
    /// tables of all minors are held against their sources
    #[arg(long)]
    all: bool,
    /// Only tests whose name contains this text
    filter: Option<String>,
}

impl Test {
    /// Runs all steps, and tells how long each took.
    pub(crate) fn run(self) -> Result<()> {
        let mut steps = Steps {
            done: Vec::new(),
            minors: self.more_minors()?,
        };
        if !self.no_lint {
            steps.cargo("formatting", &["fmt", "--all", "--check"])?;
            steps.cargo(
                "lints",
                &[
                    "clippy",
                    "--locked",
                    "--workspace",
                    "--all-targets",
                    "--quiet",
                    "--",
                    "--deny",
                    "warnings",
                ],
            )?;
            steps.licences()?;
        }
        let began = Instant::now();
        for minor in self.minors()? {
            Binaries::for_version(&minor)
                .with_context(|| format!("building the Kubernetes {minor} control plane"))?;
        }
        steps.done("control planes", began.elapsed());
        if self.all {
            // Before the tests, which compare the tables with what the servers said.
            steps.cargo("discovery", &["xtask", "knowledge", "discover"])?;
            steps.cargo("knowledge", &["xtask", "knowledge", "check", "--all"])?;
        }
        let mut arguments = vec!["test", "--locked", "--workspace"];
        arguments.extend(self.filter.as_deref());
        steps.cargo("tests", &arguments)?;
        if self.all {
            steps.cargo("truth, live", &["xtask", "truth", "live", "--all"])?;
            steps.cargo(
                "truth, files",
                &["xtask", "truth", "files", "--all", "--fix"],
            )?;
            steps.cargo("truth, upgrades", &["xtask", "truth", "upgrade", "--all"])?;
        }
        steps.tell();
        Ok(())
    }

    /// The control planes that the tests start.
    fn minors(&self) -> Result<Vec<String>> {
        if self.all {
            return Ok(pinned_minors()?);
        }
        Ok(MINORS.map(str::to_owned).to_vec())
    }

    /// Those of them that tests start only when they are asked to.
    fn more_minors(&self) -> Result<String> {
        let mut minors = self.minors()?;
        minors.retain(|minor| !MINORS.contains(&minor.as_str()));
        Ok(minors.join(","))
    }
}

struct Steps {
    done: Vec<(String, Duration)>,
    /// The minors that tests start beside those that they always start; with commas.
    minors: String,
}

impl Steps {
    fn cargo(&mut self, name: &str, arguments: &[&str]) -> Result<()> {
        let began = Instant::now();
        eprintln!("== {name}: cargo {}", arguments.join(" "));
        let status = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(root())
            .envs((!self.minors.is_empty()).then_some(("AIRWORTHY_TEST_MINORS", &self.minors)))
            .status()
            .context("cannot start cargo")?;
        if !status.success() {
            bail!("{name} failed: cargo {}", arguments.join(" "));
        }
        self.done(name, began.elapsed());
        Ok(())
    }

    /// Licences, sources and banned crates, where the tool is there; it is not needed to work on the project.
    fn licences(&mut self) -> Result<()> {
        let there = Command::new(env!("CARGO"))
            .args(["deny", "--version"])
            .output()
            .is_ok_and(|output| output.status.success());
        if !there {
            eprintln!(
                "== licences: left out, cargo-deny is not installed (cargo install cargo-deny --locked)"
            );
            return Ok(());
        }
        self.cargo(
            "licences",
            &["deny", "check", "bans", "licenses", "sources"],
        )
    }

    fn done(&mut self, name: &str, took: Duration) {
        self.done.push((name.to_owned(), took));
    }

    fn tell(&self) {
        for (name, took) in &self.done {
            eprintln!("{name:16} {:6.1} s", took.as_secs_f64());
        }
    }
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent().map_or(own.clone(), PathBuf::from)
}
