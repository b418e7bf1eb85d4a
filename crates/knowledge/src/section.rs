//! Parts of the knowledge: each is a list of rows in a file of its own, and a member of the bundle.

use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The schema of knowledge files that this program reads and writes.
pub const SCHEMA: u32 = 2;

/// A file that is no knowledge, or that is broken.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not JSON, or its head is not that of a knowledge file.
    #[error("the knowledge file cannot be read: {0}")]
    Decode(#[from] serde_json::Error),
    /// Written for another program version.
    #[error("the knowledge file has schema {0}; this program reads schema {SCHEMA}")]
    Schema(u32),
    /// A section is not there. A table that lacks would answer everything with "nothing known".
    #[error(
        "the knowledge file has no section \"{0}\"; `airworthy knowledge export` prints one that has all"
    )]
    Lacks(&'static str),
    /// A section is not a list.
    #[error("the section \"{section}\" of the knowledge file is not a list of rows: {source}")]
    NoList {
        /// The section.
        section: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A row that cannot be read.
    #[error("the section \"{section}\" of the knowledge file, row {row} (line {line}): {why}")]
    Row {
        /// The section.
        section: &'static str,
        /// Number of the row, from 1.
        row: usize,
        /// Line of the file, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

/// What is wrong with a list of rows, each of which can be read: the place in the list (from 0), and why.
#[derive(Debug)]
pub(crate) struct BadRow {
    pub(crate) at: usize,
    pub(crate) why: String,
}

/// The table that is made of a section's rows.
pub(crate) trait Table: Sized {
    /// The section's name, in the bundle and in errors.
    const NAME: &'static str;
    /// A row of the section.
    type Row: DeserializeOwned;
    /// Puts the rows in order, so that they are found fast; refuses rows that contradict one another.
    fn of(rows: Vec<Self::Row>) -> Result<Self, BadRow>;
}

/// A section of the knowledge: embedded text that is read when it is first asked for, or a table that was read from a file.
#[derive(Clone, Debug)]
pub(crate) struct Section<T> {
    text: &'static str,
    table: OnceLock<T>,
}

impl<T: Table> Section<T> {
    /// The text of a JSON list.
    pub(crate) const fn embedded(text: &'static str) -> Self {
        Self {
            text,
            table: OnceLock::new(),
        }
    }

    /// Reads a section of a knowledge file whole, so that all its faults are told before anything is judged by it.
    pub(crate) fn parse(file: &str, rows: Option<&RawValue>) -> Result<Self, ParseError> {
        let rows = rows.ok_or(ParseError::Lacks(T::NAME))?;
        let section = Self::embedded("[]");
        // A fresh cell takes its first value.
        let _ = section.table.set(read(file, rows.get())?);
        Ok(section)
    }

    pub(crate) fn get(&self) -> &T {
        self.table.get_or_init(|| {
            // A test reads every section, so a broken table does not leave the workshop.
            read(self.text, self.text).expect("the embedded knowledge is well-formed")
        })
    }
}

/// Reads a list of rows; `list` is a part of `file`, whose lines errors count.
fn read<T: Table>(file: &str, list: &str) -> Result<T, ParseError> {
    let raw: Vec<&RawValue> = serde_json::from_str(list).map_err(|source| ParseError::NoList {
        section: T::NAME,
        source,
    })?;
    let refuse = |bad: BadRow| ParseError::Row {
        section: T::NAME,
        row: bad.at + 1,
        line: raw.get(bad.at).map_or(0, |row| line_of(file, row.get())),
        why: bad.why,
    };
    let rows: Result<Vec<_>, _> = raw.iter().enumerate().map(row).collect();
    T::of(rows.map_err(&refuse)?).map_err(&refuse)
}

fn row<R: DeserializeOwned>((at, raw): (usize, &&RawValue)) -> Result<R, BadRow> {
    serde_json::from_str(raw.get()).map_err(|error| {
        // Its line is that within the row, which misleads.
        let why = error.to_string();
        let why = why.rsplit_once(" at line ").map_or(&*why, |(why, _)| why);
        BadRow {
            at,
            why: why.to_owned(),
        }
    })
}

/// The line of `file` on which `part`, which is a slice of it, begins.
fn line_of(file: &str, part: &str) -> usize {
    let offset = part.as_ptr().addr().saturating_sub(file.as_ptr().addr());
    let before = file.get(..offset).unwrap_or_default();
    1 + before.matches('\n').count()
}
