//! What is wrong with a text, and where.

use std::fmt;

/// Why a text, or a part of it, could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1; 0 for the whole file.
    pub line: u32,
    /// Column in characters, from 1; 0 for the whole line.
    pub column: u32,
    /// Why, for people.
    pub why: String,
    /// What to do.
    pub cure: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub fn at(line: u32, column: u32, why: impl Into<String>) -> Self {
        Self {
            line,
            column,
            why: why.into(),
            cure: None,
        }
    }

    /// A problem of the whole file.
    pub fn whole(why: impl Into<String>) -> Self {
        Self::at(0, 0, why)
    }

    /// Says what to do.
    #[must_use]
    pub fn cure(self, cure: impl Into<String>) -> Self {
        Self {
            cure: Some(cure.into()),
            ..self
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&self.why),
            (line, 0) => write!(f, "line {line}: {}", self.why),
            (line, column) => write!(f, "line {line}, column {column}: {}", self.why),
        }
    }
}

impl std::error::Error for Problem {}
