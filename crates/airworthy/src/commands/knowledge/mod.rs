//! `airworthy knowledge`: the tables of every minor, for people and programs.

mod diff;
mod nearest;
mod show;

use std::{fs::File, io::Read as _, path::Path};

use airworthy_knowledge::{Knowledge, Span};
use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use crate::{
    cli::{KnowledgeCommand, ListFormat},
    console,
};

/// More than ten times what the embedded tables are.
const MOST_BYTES: u64 = 64 << 20;

pub(crate) fn run(command: KnowledgeCommand, file: Option<&Path>) -> Result<u8> {
    match command {
        KnowledgeCommand::Show { names, output } => show::run(&names.join(" "), output),
        KnowledgeCommand::Diff { from, to, output } => diff::run(from, to, output),
        KnowledgeCommand::Export => match file {
            Some(file) => console::print(&read(file)?),
            None => console::print(&Knowledge::bundle()),
        },
    }
}

/// Lets a knowledge file take the place of the embedded tables, for all that this process does.
pub(crate) fn replace(file: &Path) -> Result<()> {
    let text = read(file)?;
    let shown = file.display();
    let knowledge = Knowledge::parse(&text).with_context(|| format!("{shown} is no knowledge"))?;
    if !knowledge.from_file(shown.to_string()).replace_embedded() {
        bail!("the embedded knowledge is in use already, {shown} cannot take its place");
    }
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let shown = file.display();
    let opened = File::open(file).with_context(|| format!("cannot open {shown}"))?;
    let mut bounded = opened.take(MOST_BYTES + 1);
    bounded
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {shown}"))?;
    if text.len() as u64 > MOST_BYTES {
        bail!(
            "{shown} is larger than {} MiB, which no knowledge file is",
            MOST_BYTES >> 20
        );
    }
    Ok(text)
}

/// Prints for people or for programs.
fn print<T: Serialize>(
    answer: &T,
    table: impl FnOnce() -> String,
    output: ListFormat,
) -> Result<u8> {
    match output {
        ListFormat::Table => console::print(&clean(&table())),
        ListFormat::Json => console::print(&serde_json::to_string_pretty(answer)?),
    }
}

/// A knowledge file is somebody's text: nothing in it may steer a terminal.
fn clean(text: &str) -> String {
    let shown = |letter: char| {
        if letter.is_control() && letter != '\n' {
            '?'
        } else {
            letter
        }
    };
    text.chars().map(shown).collect()
}

/// Rows with columns as wide as they need to be.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|at| width(at).unwrap_or_default());
    let mut text = String::new();
    for row in rows {
        let padded = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// `1.19 to 1.24, 1.30`
fn spans(spans: &[Span]) -> String {
    let one = |span: &Span| {
        if span.from == span.to {
            span.from.to_string()
        } else {
            format!("{} to {}", span.from, span.to)
        }
    };
    spans.iter().map(one).collect::<Vec<_>>().join(", ")
}
