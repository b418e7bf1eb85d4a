//! What is printed, what is written, and what makes a command fail.

use std::{ffi::OsStr, fmt, path::PathBuf};

use airworthy_report::drop_in;
use clap::{
    Arg, Args, Command, ValueEnum,
    builder::{EnumValueParser, PossibleValue, TypedValueParser},
    error::ErrorKind,
};

use super::FailOn;

/// What is printed and what fails.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Output format [default: table]; FORMAT=FILE writes a file beside what is printed (may be given several times)
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", value_parser = DestinationParser)]
    pub(crate) destinations: Vec<Destination>,
    /// Print what another tool would print of the same objects, as JSON; what it has no place for goes to stderr
    #[arg(long, value_enum, value_name = "TOOL")]
    pub(crate) format_as: Option<Tool>,
    /// End with another tool's exit codes; 1 where evidence lacks
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with = "fail_on")]
    pub(crate) exit_codes: Option<Tool>,
    /// From which finding on the command fails
    #[arg(long, value_enum, default_value = "blocker", value_name = "LEVEL")]
    pub(crate) fail_on: FailOn,
    /// Run only these checks
    #[arg(long = "check", value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub(crate) checks: Vec<String>,
    /// Leave these checks out
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For people, with evidence, notes and every check
    Wide,
    /// For programs; has a schema
    Json,
    /// For programs
    Yaml,
    /// For spreadsheets: verdict, checks and findings in one table
    Csv,
    /// For comments on a change and step summaries
    #[value(alias = "md")]
    Markdown,
    /// One page that needs no network, to read or to print
    Html,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML: a test case a check, skipped where evidence lacks
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", PossibleValue::get_name))
    }
}

/// Another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// FairwindsOps/pluto; its exit codes are 2 (deprecated), 3 (removed), 4 (no replacement at the target)
    Pluto,
    /// doitintl/kube-no-trouble; its exit code is 200 (found)
    Kubent,
}

impl From<Tool> for drop_in::Tool {
    fn from(tool: Tool) -> Self {
        match tool {
            Tool::Pluto => Self::Pluto,
            Tool::Kubent => Self::Kubent,
        }
    }
}

/// A format, and the file it goes to; stdout where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) format: Format,
    pub(crate) file: Option<PathBuf>,
}

/// Reads `sarif` or `sarif=report.sarif`; `-` is stdout.
#[derive(Clone)]
struct DestinationParser;

impl TypedValueParser for DestinationParser {
    type Value = Destination;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Destination, clap::Error> {
        let Some(text) = value.to_str() else {
            return Err(clap::Error::new(ErrorKind::InvalidUtf8).with_cmd(command));
        };
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format, Some(file)),
            None => (text, None),
        };
        let format = EnumValueParser::new().parse_ref(command, arg, OsStr::new(format))?;
        if file == Some("") {
            let problem = format!("{text:?} names no file behind the =\n");
            return Err(clap::Error::raw(ErrorKind::ValueValidation, problem).with_cmd(command));
        }
        let file = file.filter(|file| *file != "-").map(PathBuf::from);
        Ok(Destination { format, file })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let formats = Format::value_variants().iter();
        Some(Box::new(formats.filter_map(ValueEnum::to_possible_value)))
    }
}
