//! Which operation each SDK has called with success.

use std::{collections::BTreeMap, fmt::Write as _};

use airworthy_cce::operations::{OPERATIONS, Operation, operation};
use anyhow::{Context as _, Result, ensure};

use crate::common_sdk::Language;

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

/// Calls that succeeded, by operation and SDK.
#[derive(Debug, Default)]
pub(crate) struct Matrix(BTreeMap<(&'static str, Language), u32>);

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
        *self.0.entry((call, language)).or_default() += 1;
        Ok(())
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (cell, count) in other.0 {
            *self.0.entry(cell).or_default() += count;
        }
    }

    /// The cells that lack a successful call.
    pub(crate) fn gaps(&self, languages: &[Language]) -> Vec<String> {
        let mut gaps = Vec::new();
        for row in rows() {
            for &language in languages {
                if has(language, row.name) && !self.0.contains_key(&(row.name, language)) {
                    gaps.push(format!("{} by {language:?}", row.name));
                }
            }
        }
        gaps
    }

    /// As a table: the status of the answers, and how many calls there were.
    pub(crate) fn text(&self, languages: &[Language]) -> String {
        let mut text = format!("{:42}", "operation");
        for language in languages {
            let _ = write!(text, " {:15}", language.release());
        }
        for row in rows() {
            let _ = write!(text, "\n{:42}", row.name);
            for &language in languages {
                let cell = match self.0.get(&(row.name, language)) {
                    Some(count) => format!("{} x{count}", row.success),
                    None if has(language, row.name) => "MISSING".to_owned(),
                    None => "not in the SDK".to_owned(),
                };
                let _ = write!(text, " {cell:15}");
            }
        }
        text
    }
}
