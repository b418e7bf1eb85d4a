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
    /// What the pre-check predicted.
    pub before: Side,
    /// What the post-check saw, once after the upgrade and once after damage beside harmless changes.
    pub after: Side,
    /// Cases that are not what they were made to be.
    pub mistaken: Vec<String>,
}

/// The score of one of the two checks.
#[derive(Debug, Default)]
pub struct Side {
    /// Cases that were harmed.
    pub hazards: usize,
    /// Cases that were not.
    pub harmless: usize,
    /// Harms that were told.
    pub told: usize,
    /// Harms that were not, one line each.
    pub missed: Vec<String>,
    /// What was told and is no harm, one line each.
    pub false_alarms: Vec<String>,
}

impl Side {
    /// All that is told of a case is wrong.
    fn wrongly(&mut self, outcome: &Outcome, findings: &[&Value]) {
        let claims = findings
            .iter()
            .filter(|finding| is_about(finding, &outcome.case));
        self.false_alarms
            .extend(claims.map(|claim| line(claim, &outcome.case.name)));
    }

    fn count(&mut self, outcome: &Outcome, harm: Option<&str>, findings: &[&Value]) {
        let name = &outcome.case.name;
        let Some(harm) = harm else {
            self.harmless += 1;
            return self.wrongly(outcome, findings);
        };
        self.hazards += 1;
        if findings
            .iter()
            .any(|finding| is_about(finding, &outcome.case))
        {
            self.told += 1;
        } else {
            self.missed.push(format!("{name}: {harm}"));
        }
    }

    /// What is about no case at all: nothing else is wrong with the cluster.
    fn strangers(&mut self, outcomes: &[Outcome], findings: &[&Value]) {
        let strange = findings.iter().filter(|finding| {
            let mut about = outcomes.iter();
            !about.any(|outcome| is_about(finding, &outcome.case))
        });
        self.false_alarms
            .extend(strange.map(|finding| line(finding, "no case")));
    }

    fn row(&self, name: &str) -> Vec<String> {
        let cells = [
            self.hazards,
            self.told,
            self.missed.len(),
            self.harmless,
            self.false_alarms.len(),
        ];
        let mut row = vec![name.to_owned()];
        row.extend(cells.map(|count| count.to_string()));
        row
    }
}

impl Score {
    /// Judges the findings of three reports by the outcomes: before the upgrade, after it, and after the changes.
    pub(super) fn of(
        outcomes: &[Outcome],
        before: &Value,
        upgraded: &Value,
        changed: &Value,
    ) -> Self {
        let mut score = Self::default();
        let (before, upgraded, changed) = (said(before), said(upgraded), said(changed));
        for outcome in outcomes {
            score.believe(outcome);
            score.count(outcome, &before, &upgraded, &changed);
        }
        score.before.strangers(outcomes, &before);
        score.after.strangers(outcomes, &upgraded);
        score.after.strangers(outcomes, &changed);
        score
    }

    /// Whether a case is what it was made to be. What was done after the upgrade was looked at when it was done.
    fn believe(&mut self, outcome: &Outcome) {
        let case = &outcome.case;
        let hazard = case.intent == Intent::Hazard;
        if !case.is_after() && outcome.harm.is_some() != hazard {
            let what = outcome.harm.as_deref().unwrap_or("nothing went wrong");
            self.mistaken.push(format!("{}: {what}", case.name));
        }
    }

    fn count(
        &mut self,
        outcome: &Outcome,
        before: &[&Value],
        upgraded: &[&Value],
        changed: &[&Value],
    ) {
        let harm = outcome.harm.as_deref();
        if outcome.case.is_after() {
            // Until something happens to it nothing may be told.
            self.before.wrongly(outcome, before);
            self.after.wrongly(outcome, upgraded);
            let damaged = outcome.case.intent == Intent::Hazard;
            let harm = damaged.then_some("damaged on purpose");
            return self.after.count(outcome, harm, changed);
        }
        self.before.count(outcome, harm, before);
        // What the upgrade harmed may be told afterwards or not; what it left alone may not.
        if harm.is_none() {
            self.after.wrongly(outcome, upgraded);
            self.after.wrongly(outcome, changed);
        }
    }

    /// Whether every prediction was right, none lacked, and every case is what it was made to be.
    pub fn is_perfect(&self) -> bool {
        let right = |side: &Side| side.missed.is_empty() && side.false_alarms.is_empty();
        right(&self.before) && right(&self.after) && self.mistaken.is_empty()
    }

    /// The totals, and each miss, false alarm and mistake.
    pub fn render(&self) -> String {
        let heading = [
            "",
            "hazards",
            "told",
            "missed",
            "look-alikes",
            "false alarms",
        ];
        let rows = [self.before.row("pre-check"), self.after.row("post-check")];
        let mut text = table::render(&heading, &rows);
        for (title, lines) in [
            ("not predicted", &self.before.missed),
            ("predicted, and did not happen", &self.before.false_alarms),
            ("harm not seen", &self.after.missed),
            ("seen, and no harm", &self.after.false_alarms),
            ("not what it was made to be", &self.mistaken),
        ] {
            for line in lines {
                let _ = writeln!(text, "{title}: {line}");
            }
        }
        text
    }
}

/// The findings of a report that say that something goes wrong: notes do not.
fn said(report: &Value) -> Vec<&Value> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings.filter(|finding| counts(finding)).collect()
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
