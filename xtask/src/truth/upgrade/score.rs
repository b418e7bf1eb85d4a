//! Compares what was predicted with what happened.

use std::fmt::Write as _;

use serde_json::Value;

use super::case::{Case, Intent};
use crate::table;

/// A case and what became of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) case: Case,
    /// What went wrong; nothing when all went well.
    pub(super) harm: Option<String>,
}

/// What came out of a hop.
#[derive(Debug, Default)]
pub struct Score {
    /// Cases that were harmed.
    pub hazards: usize,
    /// Cases that were not.
    pub harmless: usize,
    /// Harms that were predicted.
    pub predicted: usize,
    /// Harms that were not, one line each.
    pub missed: Vec<String>,
    /// Predictions of what did not happen, one line each.
    pub false_alarms: Vec<String>,
    /// Cases that are not what they were made to be.
    pub mistaken: Vec<String>,
}

impl Score {
    /// Judges the findings of a report by the outcomes.
    pub(super) fn of(outcomes: &[Outcome], report: &Value) -> Self {
        let findings: Vec<_> = report["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|finding| counts(finding))
            .collect();
        let mut score = Self::default();
        for outcome in outcomes {
            score.count(outcome, &findings);
        }
        for finding in &findings {
            if !outcomes
                .iter()
                .any(|outcome| is_about(finding, &outcome.case))
            {
                score.false_alarms.push(line(finding, "no case"));
            }
        }
        score
    }

    fn count(&mut self, outcome: &Outcome, findings: &[&Value]) {
        let (case, about) = (&outcome.case, |finding: &&&Value| {
            is_about(finding, &outcome.case)
        });
        let mut claims = findings.iter().filter(about);
        let meant = if outcome.harm.is_some() {
            Intent::Hazard
        } else {
            Intent::LookAlike
        };
        if meant != case.intent {
            let what = outcome.harm.as_deref().unwrap_or("nothing went wrong");
            self.mistaken.push(format!("{}: {what}", case.name));
        }
        match &outcome.harm {
            None => {
                self.harmless += 1;
                self.false_alarms
                    .extend(claims.map(|claim| line(claim, &case.name)));
            }
            Some(harm) => {
                self.hazards += 1;
                if claims.next().is_some() {
                    self.predicted += 1;
                } else {
                    self.missed.push(format!("{}: {harm}", case.name));
                }
            }
        }
    }

    /// Whether every prediction was right, none lacked, and every case is what it was made to be.
    pub fn is_perfect(&self) -> bool {
        self.missed.is_empty() && self.false_alarms.is_empty() && self.mistaken.is_empty()
    }

    /// The totals, and each miss, false alarm and mistake.
    pub fn render(&self) -> String {
        let cells = [
            self.hazards,
            self.predicted,
            self.missed.len(),
            self.harmless,
            self.false_alarms.len(),
        ];
        let heading = [
            "",
            "hazards",
            "predicted",
            "missed",
            "look-alikes",
            "false alarms",
        ];
        let mut row = vec!["pre-check".to_owned()];
        row.extend(cells.map(|count| count.to_string()));
        let mut text = table::render(&heading, &[row]);
        for (title, lines) in [
            ("missed", &self.missed),
            ("false alarm", &self.false_alarms),
            ("not what it was made to be", &self.mistaken),
        ] {
            for line in lines {
                let _ = writeln!(text, "{title}: {line}");
            }
        }
        text
    }
}

/// Notes are no predictions.
fn counts(finding: &Value) -> bool {
    ["blocker", "risk"].contains(&finding["severity"].as_str().unwrap_or_default())
}

/// Whether a finding is about a case: its subject, or an object that it names, lies in the case's namespace or bears its name;
/// or the finding says one of the case's words.
fn is_about(finding: &Value, case: &Case) -> bool {
    let objects = finding["objects"].as_array().into_iter().flatten();
    let mut subjects = std::iter::once(&finding["subject"]).chain(objects);
    let own = case.namespace();
    let bears = |value: &Value| value.as_str().is_some_and(|text| names(text, &own));
    let message = finding["message"].as_str().unwrap_or_default();
    subjects.any(|subject| bears(&subject["namespace"]) || bears(&subject["name"]))
        || names(message, &own)
        || case.marks.iter().any(|mark| {
            message.contains(mark.as_str())
                || finding["subject"].to_string().contains(mark.as_str())
        })
}

/// Whether a text holds a name as a whole: `case-pdb` is not in `case-pdb-two`, but it is in `case-pdb/web` and `case-pdb.example`.
fn names(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = &text[at + name.len()..];
        let numbered = after.strip_prefix('-').is_some_and(|rest| {
            rest.chars()
                .next()
                .is_some_and(|first| first.is_ascii_digit())
        });
        let ends = after
            .chars()
            .next()
            .is_none_or(|next| !next.is_ascii_alphanumeric() && next != '-');
        before.is_none_or(|last| !last.is_ascii_alphanumeric() && last != '-') && (ends || numbered)
    })
}

fn line(finding: &Value, of: &str) -> String {
    let text = |pointer: &str| {
        finding
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    format!(
        "{} {} {}/{}: {} [{of}]",
        text("/check"),
        text("/severity"),
        text("/subject/namespace"),
        text("/subject/name"),
        text("/message")
    )
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_name_is_found_whole() {
        for text in [
            "case-pdb",
            "case-pdb/web",
            "case-pdb-1",
            "of case-pdb: x",
            "things.case-pdb.example",
        ] {
            assert!(names(text, "case-pdb"), "{text}");
        }
        for text in ["case-pdb-two", "case-pdbs", "showcase-pdb", ""] {
            assert!(!names(text, "case-pdb"), "{text}");
        }
    }
}
