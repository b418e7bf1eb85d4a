//! `airworthy inspect` and `airworthy diff`: recordings, looked into and held against each other.

use std::{fs, path::Path};

use airworthy_assess::difference::compare;
use airworthy_collect::recording;
use airworthy_knowledge::Knowledge;
use airworthy_model::{Facts, Need};
use airworthy_report::{
    difference,
    recording::{Contents, Form, rows},
};
use anyhow::{Result, anyhow, bail};

use crate::{
    cli::{Diff, Inspect, ListFormat, Written},
    console,
};

pub(crate) fn run(args: &Inspect) -> Result<u8> {
    let facts = recording::read_file(&args.file)?;
    if let Some(need) = args.group {
        return group(&facts, need, args.output);
    }
    let contents = Contents::of(&facts, size(&args.file));
    match args.output {
        None | Some(Written::Table) => console::print(&contents.table(console::view(false))),
        Some(Written::Json) => console::print(&contents.json()),
        Some(Written::Yaml) => {
            bail!("-o yaml shows the rows of a group: name one with --group")
        }
    }
}

/// What cannot be asked for its size, such as a pipe, has none.
fn size(file: &Path) -> u64 {
    fs::metadata(file)
        .map(|file| file.len())
        .unwrap_or_default()
}

fn group(facts: &Facts, need: Need, output: Option<Written>) -> Result<u8> {
    let form = match output {
        None | Some(Written::Yaml) => Form::Yaml,
        Some(Written::Json) => Form::Json,
        Some(Written::Table) => bail!("the rows of a group are shown as yaml or json"),
    };
    let rows =
        rows(facts, need, form).map_err(|missing| anyhow!("the recording lacks them: {missing}"));
    console::print(&rows?)
}

pub(crate) fn diff(args: &Diff) -> Result<u8> {
    let (before, after) = (
        recording::read_file(&args.before)?,
        recording::read_file(&args.after)?,
    );
    if let (Some(one), Some(other)) = (&before.cluster.uid, &after.cluster.uid)
        && one != other
    {
        bail!(
            "the recordings are of two clusters (their kube-system namespaces have the uids {one} and {other})"
        );
    }
    let compared = compare(&before, &after, Knowledge::embedded());
    console::print(&match args.output {
        ListFormat::Table => difference::table(&compared, console::view(args.wide)),
        ListFormat::Json => difference::json(&compared),
    })?;
    Ok(difference::exit_code(&compared))
}
