//! `cargo xtask knowledge`: the tables of every Kubernetes minor, generated from Kubernetes' own Go modules.

#![allow(clippy::print_stdout)] // This is a command-line program.

mod apis;
mod corefile;
mod diff;
mod discover;
mod enabled;
mod fields;
mod flags;
mod freshness;
mod gates;
mod modules;
mod reader;
mod releases;
mod runs;
mod storage;
mod told;

use std::{fs, path::PathBuf};

use airworthy_model::Minor;
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;

use modules::{Pins, Release};

/// A section of the tables: its name, which is that of its file, and what makes its rows, each a line of JSON, from the modules
/// of all minors, oldest first.
struct Section {
    name: &'static str,
    rows: fn(&[Release]) -> Result<Vec<String>>,
}

/// All sections that are generated.
const SECTIONS: &[Section] = &[
    Section {
        name: "apis",
        rows: apis::section,
    },
    Section {
        name: "fields",
        rows: fields::section,
    },
    Section {
        name: "flags",
        rows: flags::section,
    },
    Section {
        name: "gates",
        rows: gates::section,
    },
    Section {
        name: "plugins",
        rows: flags::plugins,
    },
    Section {
        name: "releases",
        rows: releases::section,
    },
    Section {
        name: "storage",
        rows: storage::section,
    },
];

/// What to do with the tables.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Write the tables anew
    Generate(Chosen),
    /// Compare the tables with the sources of single minors
    Check {
        /// The minors; 1.31 and 1.32 if none is given
        #[arg(long)]
        minor: Vec<Minor>,
        /// Every minor
        #[arg(long, conflicts_with = "minor")]
        all: bool,
    },
    /// Show what writing the tables anew would change
    Diff(Chosen),
    /// Keep what the testbed's API servers serve, by default and with everything on, as the judge of the tables
    Discover {
        /// The minors; all that are pinned if none is given
        #[arg(long)]
        minor: Vec<String>,
    },
    /// Pin the newest modules of a minor that can be had
    Pin {
        /// A full version such as 1.31.14: its patch and those before it are tried
        version: String,
    },
}

/// Which sections are made.
#[derive(clap::Args)]
pub(crate) struct Chosen {
    /// Only these sections, such as apis; all if none is given
    #[arg(long)]
    section: Vec<String>,
}

impl Chosen {
    fn sections(&self) -> Result<Vec<&'static Section>> {
        if self.section.is_empty() {
            return Ok(SECTIONS.iter().collect());
        }
        let named = |name: &String| SECTIONS.iter().find(|section| section.name == name);
        let found = self
            .section
            .iter()
            .map(|name| named(name).with_context(|| format!("there is no section {name}")));
        found.collect()
    }
}

impl Command {
    /// Runs the command to its end.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Generate(chosen) => generate(&chosen.sections()?),
            Self::Check { all: true, .. } => check(Pins::read()?.minors().map(Minor::v1)),
            Self::Check { minor, .. } if minor.is_empty() => {
                check(freshness::MINORS.map(Minor::v1))
            }
            Self::Check { minor, .. } => check(minor),
            Self::Diff(chosen) => diff(&chosen.sections()?),
            Self::Discover { minor } => discover(minor).await,
            Self::Pin { version } => pin(&version),
        }
    }
}

/// The folder of the embedded tables.
fn data() -> PathBuf {
    crate::test::root().join("crates/knowledge/data")
}

fn file(section: &Section) -> PathBuf {
    data().join(format!("{}.json", section.name))
}

/// The text of a section's file.
fn text(rows: &[String]) -> String {
    format!("[\n{}\n]\n", rows.join(",\n"))
}

fn releases() -> Result<Vec<Release>> {
    let pins = Pins::read()?;
    pins.minors().map(|minor| pins.fetch(minor)).collect()
}

fn generate(sections: &[&Section]) -> Result<()> {
    let releases = releases()?;
    let mut changed = false;
    for section in sections {
        let file = file(section);
        let made = text(&(section.rows)(&releases)?);
        if fs::read_to_string(&file).ok().as_ref() != Some(&made) {
            fs::write(&file, made).with_context(|| format!("write {}", file.display()))?;
            println!("{} is new", file.display());
            changed = true;
        }
    }
    if changed {
        println!("now set the day in {}", data().join("head.json").display());
    }
    Ok(())
}

fn check(minors: impl IntoIterator<Item = Minor>) -> Result<()> {
    let mut found = 0;
    for minor in minors {
        let differences = freshness::differences(minor)?;
        found += differences.len();
        for line in differences {
            println!("{minor}: {line}");
        }
    }
    if found > 0 {
        bail!(
            "the tables are not what the sources say; `cargo xtask knowledge generate` writes them anew"
        );
    }
    println!("the tables are what the sources say");
    Ok(())
}

fn diff(sections: &[&Section]) -> Result<()> {
    let releases = releases()?;
    let mut changes = 0;
    for section in sections {
        let committed = fs::read_to_string(file(section)).unwrap_or_default();
        let made = text(&(section.rows)(&releases)?);
        for line in diff::lines(&committed, &made) {
            println!("{} {line}", section.name);
            changes += 1;
        }
    }
    if changes == 0 {
        println!("nothing would change");
    }
    Ok(())
}

/// Starts the API servers one after the other.
pub(crate) async fn discover(minors: Vec<String>) -> Result<()> {
    let all = airworthy_testbed::pinned_minors()?;
    for minor in if minors.is_empty() { all } else { minors } {
        discover::discover(&minor).await?;
    }
    Ok(())
}

fn pin(version: &str) -> Result<()> {
    let numbers: Vec<u16> = version
        .trim_start_matches('v')
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    match numbers[..] {
        [1, minor, patch] => Pins::pin(minor, patch),
        _ => bail!("{version} is not a full version such as 1.31.14"),
    }
}
