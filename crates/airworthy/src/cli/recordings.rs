//! The words of `airworthy inspect` and `airworthy diff`.

use std::path::PathBuf;

use airworthy_model::Need;
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The recording
    #[arg(value_name = "RECORDING")]
    pub(crate) file: PathBuf,
    /// Print the rows of one group of facts, such as pods
    #[arg(long, value_name = "GROUP", value_parser = group)]
    pub(crate) group: Option<Need>,
    /// Output format [default: table; yaml for the rows of a group]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<Written>,
}

/// How a recording is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Written {
    /// For people
    Table,
    /// For programs
    Json,
    /// For both
    Yaml,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  nothing is worse, and nothing is gone
  1  something is worse, or gone
  2  usage error, or a recording could not be read, or they are of two clusters
  3  nothing is worse or gone among what could be compared, and something could not")]
pub(crate) struct Diff {
    /// The earlier recording
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// The later recording of the same cluster
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,
    /// Output format
    #[arg(short, long, value_enum, default_value = "table")]
    pub(crate) output: super::ListFormat,
    /// Show every difference, with no limit to how many
    #[arg(long)]
    pub(crate) wide: bool,
}

/// Reads the name of a group: as recordings write it, in any case, with or without dashes.
fn group(text: &str) -> Result<Need, String> {
    let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
    let name = |need: &Need| serde_json::to_value(need).ok()?.as_str().map(str::to_owned);
    let known: Vec<_> = Need::ALL
        .into_iter()
        .filter(|need| *need != Need::Baseline)
        .filter_map(|need| Some((need, name(&need)?)))
        .collect();
    let found = known.iter().find(|(_, name)| plain(name) == plain(text));
    found.map(|(need, _)| *need).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(_, name)| name.as_str()).collect();
        format!(
            "there is no such group of facts; there are {}",
            names.join(", ")
        )
    })
}
