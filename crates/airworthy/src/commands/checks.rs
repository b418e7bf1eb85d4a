//! `airworthy checks`, and the files of `--checks`.

use std::path::{Path, PathBuf};

use airworthy_assess::{Catalogue, Selection, SelectionError, users::UserCheck};
use airworthy_model::{CheckInfo, Phase};
use airworthy_report::catalogue;
use airworthy_service::read_checks;
use anyhow::Result;

use crate::{
    cli::{Checks, ListFormat, OwnChecks},
    config::Config,
    console,
};

/// What the exit code says when examples are judged wrongly.
const WRONG: u8 = 1;

pub(crate) fn run(command: Checks, config: &Config) -> Result<u8> {
    match command {
        Checks::List { own, output } => list(&load(&own, config)?, output),
        Checks::Show { own, name } => show(&load(&own, config)?, &name),
        Checks::Test { file } => test(&file),
    }
}

fn list(all: &Catalogue, output: ListFormat) -> Result<u8> {
    let infos: Vec<CheckInfo> = all.infos(None).into_iter().copied().collect();
    let users = all.users().iter();
    let origins: Vec<_> = users
        .map(|check| (check.info.name, check.origin.as_str()))
        .collect();
    console::print(&match output {
        ListFormat::Table => catalogue::table(&infos, &origins, console::view(false)),
        ListFormat::Json => catalogue::json(&infos, &origins),
    })
}

fn show(all: &Catalogue, name: &str) -> Result<u8> {
    let infos = all.infos(None);
    let found = infos
        .into_iter()
        .find(|info| info.name.eq_ignore_ascii_case(name));
    match found {
        Some(info) => console::print(info.page),
        None => Err(all
            .known(name)
            .err()
            .unwrap_or_else(|| unknown(name))
            .into()),
    }
}

fn test(file: &Path) -> Result<u8> {
    let checks = read_checks(&[file.to_owned()])?;
    let told: Vec<_> = checks.iter().map(judged).collect();
    let wrong = told.iter().any(|(right, _)| !right);
    let lines: Vec<_> = told.into_iter().map(|(_, lines)| lines).collect();
    console::print(&match lines.as_slice() {
        [] => format!("{} holds no check", file.display()),
        lines => lines.join("\n"),
    })?;
    Ok(if wrong { WRONG } else { 0 })
}

/// Whether a check judges its examples rightly, and what to say of that.
fn judged(check: &UserCheck) -> (bool, String) {
    let (name, number) = (check.info.name, check.examples.len());
    let failures = check.failures();
    if failures.is_empty() {
        return (true, format!("{name}: {number} examples judged rightly"));
    }
    let origin = &check.origin;
    let lines = failures
        .iter()
        .map(|why| format!("{name} ({origin}): {why}"));
    (false, lines.collect::<Vec<_>>().join("\n"))
}

/// Our checks, and those of the files that flags name, or else the configuration.
pub(crate) fn load(own: &OwnChecks, config: &Config) -> Result<Catalogue> {
    let files: &[PathBuf] = if own.files.is_empty() {
        &config.checks.value
    } else {
        &own.files
    };
    Ok(Catalogue::with(read_checks(files)?))
}

/// What to say of a name that no check of either phase has: with the nearest that is one.
pub(crate) fn unknown(name: &str) -> SelectionError {
    let only = Selection {
        only: vec![name.to_owned()],
        ..Selection::default()
    };
    let refused = only.validate(Phase::Pre).err();
    refused.unwrap_or_else(|| SelectionError::UnknownCheck {
        name: name.to_owned(),
        suggestion: None,
    })
}
