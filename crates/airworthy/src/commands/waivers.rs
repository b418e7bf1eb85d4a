//! `airworthy waivers`, and the files of `--waivers`.

use std::path::Path;

use airworthy_assess::{Acceptance, Catalogue};
use airworthy_model::Assessment;
use airworthy_service::read_waivers;
use anyhow::Result;
use jiff::Timestamp;

use crate::{
    cli::{Decisions, Format, Output, Waivers},
    config::Config,
    console,
};

/// What the exit code says when some waivers have ended.
const ENDED: u8 = 1;

pub(crate) fn run(command: &Waivers) -> Result<u8> {
    let Waivers::Check { file } = command;
    let named = file.display().to_string();
    let all = read_waivers(file, &named, &Catalogue::default())?;
    let now = Timestamp::now();
    let lines: Vec<_> = all.iter().map(|one| line(one, now)).collect();
    let ended = all.iter().filter(|one| one.is_over(now)).count();
    let total = match (all.len(), ended) {
        (0, _) => format!("{named} holds no waiver"),
        (total, 0) => format!("{total} can be used"),
        (total, ended) => format!("{} can be used, {ended} ended", total - ended),
    };
    console::print(&[lines, vec![total]].concat().join("\n"))?;
    Ok(if ended > 0 { ENDED } else { 0 })
}

fn line(one: &Acceptance, now: Timestamp) -> String {
    let Acceptance {
        check,
        covers,
        waiver,
    } = one;
    let until = waiver
        .expires
        .map_or(String::new(), |at| format!("{at:.0}"));
    let state = if one.is_over(now) { "ENDED" } else { "until" };
    format!(
        "{}: {check}, {covers}: {state} {until}, {}: {}",
        waiver.source, waiver.owner, waiver.reason
    )
}

/// The waivers that flags name, or else the configuration.
pub(crate) fn load(
    decisions: &Decisions,
    config: &Config,
    catalogue: &Catalogue,
) -> Result<Vec<Acceptance>> {
    let configured = config.waivers.value.iter();
    let files: Vec<&Path> = if decisions.waivers.is_empty() {
        configured.map(AsRef::as_ref).collect()
    } else {
        decisions.waivers.iter().map(AsRef::as_ref).collect()
    };
    let mut all = Vec::new();
    for file in files {
        all.extend(read_waivers(file, &file.display().to_string(), catalogue)?);
    }
    Ok(all)
}

/// Reads every file of waivers that the configuration names: what is wrong in one is told before the service begins, though each run
/// reads them anew.
pub(crate) fn check_all(config: &Config, catalogue: &Catalogue) -> Result<()> {
    let own = config.clusters.value.iter();
    let own = own.filter_map(|cluster| cluster.waivers.as_ref());
    for file in config.waivers.value.iter().chain(own) {
        read_waivers(file, &file.display().to_string(), catalogue)?;
    }
    Ok(())
}

/// Tells on stderr what is wrong with waivers where what is printed is not for people.
pub(crate) fn tell(assessment: &Assessment, output: &Output) {
    let printed = output.destinations.iter().find(|to| to.file.is_none());
    let format = printed.map_or(Format::Table, |to| to.format);
    let for_people = matches!(format, Format::Table | Format::Wide) && output.format_as.is_none();
    if for_people {
        return;
    }
    for note in &assessment.waiver_notes {
        console::say(&format!("warning: {}: {}\n", note.source, note.message));
    }
}
