//! Where reports go: one to stdout, any number into files.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use airworthy_assess::Catalogue;
use airworthy_model::{Assessment, CheckInfo};
use airworthy_report::{self as report, View, drop_in};
use anyhow::{Context as _, Result, bail};

use crate::{
    cli::{Format, Output},
    console,
};

/// Refuses what cannot be written as asked, before anything is read of a cluster.
pub(crate) fn check(output: &Output) -> Result<()> {
    printed_once(output)?;
    let mut seen = BTreeSet::new();
    for (_, file) in files(output) {
        if !seen.insert(file) {
            bail!("{} is given for two formats", file.display());
        }
        can_be_written(file)?;
    }
    Ok(())
}

fn printed_once(output: &Output) -> Result<()> {
    let printed: Vec<_> = printed(output).collect();
    match printed.as_slice() {
        [first, second, ..] => bail!(
            "{first} and {second} cannot both be printed: give one of them a file (-o {second}=FILE)"
        ),
        [format] if output.format_as.is_some() => bail!(
            "{format} and --format-as cannot both be printed: give the first a file (-o {format}=FILE)"
        ),
        _ => Ok(()),
    }
}

/// What is found out early is no promise, but a wrong path costs no long run.
fn can_be_written(file: &Path) -> Result<()> {
    let folder = folder(file);
    if !folder.is_dir() {
        let folder = folder.display();
        bail!(
            "cannot write {}: there is no folder {folder}",
            file.display()
        );
    }
    if file.is_dir() {
        bail!("cannot write {}: it is a folder", file.display());
    }
    Ok(())
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn printed(output: &Output) -> impl Iterator<Item = Format> {
    let destinations = output.destinations.iter();
    let printed = destinations.filter(|destination| destination.file.is_none());
    printed.map(|destination| destination.format)
}

fn files(output: &Output) -> impl Iterator<Item = (Format, &PathBuf)> {
    let destinations = output.destinations.iter();
    destinations.filter_map(|to| to.file.as_ref().map(|file| (to.format, file)))
}

/// Prints one report and writes the others.
pub(crate) fn write(assessment: &Assessment, output: &Output, catalogue: &Catalogue) -> Result<()> {
    let catalogue: Vec<CheckInfo> = catalogue
        .infos(Some(assessment.phase))
        .into_iter()
        .copied()
        .collect();
    let render = |format, view| render(assessment, &catalogue, format, view);
    let format = printed(output).next().unwrap_or(Format::Table);
    let text = match output.format_as {
        Some(tool) => drop_in::render(assessment, tool.into()),
        None => render(format, console::view(format == Format::Wide)),
    };
    console::print(&text)?;
    for (format, file) in files(output) {
        let view = View {
            wide: format == Format::Wide,
            ..View::default()
        };
        let text = render(format, view);
        save(file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if output.format_as.or(output.exit_codes).is_some() {
        tell_omissions(assessment);
    }
    Ok(())
}

fn render(assessment: &Assessment, catalogue: &[CheckInfo], format: Format, view: View) -> String {
    match format {
        Format::Table | Format::Wide => report::table::render(assessment, catalogue, view),
        Format::Json => report::json::render(assessment),
        Format::Yaml => report::yaml::render(assessment),
        Format::Csv => report::csv::render(assessment),
        Format::Markdown => report::markdown::render(assessment, catalogue),
        Format::Html => report::html::render(assessment, catalogue),
        Format::Sarif => report::sarif::render(assessment, catalogue),
        Format::Junit => report::junit::render(assessment),
        Format::Github => report::github::render(assessment),
    }
}

fn tell_omissions(assessment: &Assessment) {
    for omission in drop_in::omissions(assessment) {
        console::say(&format!("warning: {omission}\n"));
    }
}

/// Writes a file whole or not at all. What is no regular file (a pipe, /dev/stderr) is written to and not replaced.
pub(super) fn save(file: &Path, text: &[u8]) -> Result<()> {
    match fs::metadata(file) {
        Ok(there) if !there.is_file() => {
            let mut to = OpenOptions::new().write(true).open(file)?;
            Ok(to.write_all(text)?)
        }
        // A link stays one: what it names is replaced.
        Ok(there) => replace(&fs::canonicalize(file)?, text, Some(there.permissions())),
        Err(_) => replace(file, text, None),
    }
}

fn replace(file: &Path, text: &[u8], permissions: Option<fs::Permissions>) -> Result<()> {
    let mut new = temporary(folder(file))?;
    new.write_all(text)?;
    let written: &File = new.as_file();
    if let Some(permissions) = permissions {
        written.set_permissions(permissions)?;
    }
    written.sync_all()?;
    new.persist(file)?;
    Ok(())
}

/// A new file with the rights that the user's files have, and not only for the user as temporary files are.
fn temporary(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".airworthy-");
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder)
}
