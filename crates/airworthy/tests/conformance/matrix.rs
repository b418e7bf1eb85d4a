//! Which operation each SDK has called with success, and which errors it has met.

use std::{collections::BTreeMap, fmt::Write as _};

use airworthy_cce::operations::{OPERATIONS, Operation, operation};
use anyhow::{Context as _, Result, ensure};

use crate::{
    common_sdk::Language,
    refusals::{ERRORS, Expected},
};

/// The upgrade family stands first in the table of routes.
const FAMILY: usize = 19;
/// What the Java SDK at hand does not have yet.
const NOT_IN_JAVA: [&str; 2] = ["ListAutopilotUpgradePlans", "UpdateAutopilotUpgradePlan"];
/// What stands around an upgrade and is in every SDK.
const AROUND: [&str; 5] = [
    "CreateAutopilotCluster",
    "ListAutopilotClusters",
    "ShowAutopilotCluster",
    "DeleteAutopilotCluster",
    "ShowAutopilotJob",
];

/// How often it happened, by SDK.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    answered: BTreeMap<(&'static str, Language), u32>,
    refused: BTreeMap<(Expected, Language), u32>,
}

/// Whether the SDK has the operation at all.
pub(crate) fn has(language: Language, operation: &str) -> bool {
    language != Language::Java || !NOT_IN_JAVA.contains(&operation)
}

/// The operations that every SDK has to call.
fn rows() -> impl Iterator<Item = &'static Operation> {
    let around = AROUND.iter().filter_map(|name| operation(name));
    OPERATIONS[..FAMILY].iter().chain(around)
}

impl Matrix {
    /// Takes down that a call succeeded; with another status than the documented one it did not.
    pub(crate) fn answered(
        &mut self,
        call: &'static str,
        language: Language,
        status: u64,
    ) -> Result<()> {
        let documented = operation(call).with_context(|| format!("{call} is not in the table"))?;
        ensure!(
            status == u64::from(documented.success),
            "{language:?} {call}: status {status}, not {}",
            documented.success
        );
        *self.answered.entry((call, language)).or_default() += 1;
        Ok(())
    }

    /// Takes down that an error arrived as it had to.
    pub(crate) fn refused(&mut self, error: Expected, language: Language) {
        *self.refused.entry((error, language)).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (cell, count) in other.answered {
            *self.answered.entry(cell).or_default() += count;
        }
        for (cell, count) in other.refused {
            *self.refused.entry(cell).or_default() += count;
        }
    }

    /// The cells in which nothing happened that had to.
    pub(crate) fn gaps(&self, languages: &[Language]) -> Vec<String> {
        let mut gaps = Vec::new();
        for &language in languages {
            let lacking = rows().filter(|row| {
                has(language, row.name) && !self.answered.contains_key(&(row.name, language))
            });
            gaps.extend(lacking.map(|row| format!("{} by {language:?}", row.name)));
            let unmet = ERRORS
                .into_iter()
                .filter(|error| !self.refused.contains_key(&(*error, language)));
            gaps.extend(unmet.map(|error| format!("{error:?} by {language:?}")));
        }
        gaps
    }

    /// As a table: the status of the answers, and how many there were.
    pub(crate) fn text(&self, languages: &[Language]) -> String {
        let mut text = format!("{:42}", "operation or error");
        for language in languages {
            let _ = write!(text, " {:15}", language.release());
        }
        for row in rows() {
            let cells = languages
                .iter()
                .map(|&language| self.answers(row, language));
            line(&mut text, row.name, cells);
        }
        for error in ERRORS {
            let (status, code) = error;
            let cells = languages.iter().map(|&language| {
                let count = self.refused.get(&(error, language));
                count.map_or("MISSING".to_owned(), |count| format!("{status} x{count}"))
            });
            line(&mut text, code, cells);
        }
        text
    }

    fn answers(&self, row: &Operation, language: Language) -> String {
        match self.answered.get(&(row.name, language)) {
            Some(count) => format!("{} x{count}", row.success),
            None if has(language, row.name) => "MISSING".to_owned(),
            None => "not in the SDK".to_owned(),
        }
    }
}

fn line(text: &mut String, name: &str, cells: impl Iterator<Item = String>) {
    let _ = write!(text, "\n{name:42}");
    for cell in cells {
        let _ = write!(text, " {cell:15}");
    }
}
