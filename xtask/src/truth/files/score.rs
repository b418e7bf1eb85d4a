//! Compares the findings with what the target's API server says.

use std::{collections::BTreeMap, fmt::Write as _};

use airworthy_model::Minor;
use anyhow::{Result, bail};
use serde_json::Value;

use super::{Verdicts, corpus::Item, judge::Verdict, place, shapes::File};
use crate::table;

/// The least share of findings that have to be right.
const LEAST_PRECISION: f64 = 0.99;

/// What came out for a target.
#[derive(Debug)]
pub struct Score {
    target: Minor,
    /// Objects in files, list items one by one.
    pub objects: usize,
    /// Files.
    pub files: usize,
    /// Objects that the target refuses, and that were found.
    pub right: usize,
    /// Objects that the target refuses and that were not found, one line each.
    pub missed: Vec<String>,
    /// Objects of which the target refuses a field alone that comes later or that only servers write, by the API server's words.
    /// They are told and fail no run.
    pub missed_fields: BTreeMap<String, usize>,
    /// Findings about objects that the target takes, one line each.
    pub false_alarms: Vec<String>,
    /// Different objects of which the target does not serve the version.
    pub(super) gone: Vec<Item>,
    rows: BTreeMap<String, Row>,
}

#[derive(Debug, Default)]
struct Row {
    objects: usize,
    refused: usize,
    missed: usize,
    /// Of those that are refused, the ones with an unknown field that were not found.
    fields: usize,
    wrong: usize,
}

/// The field that an answer names.
fn field(answer: &str) -> String {
    let named = answer
        .split_once("unknown field ")
        .map_or(answer, |(_, named)| named);
    named.replace('"', "")
}

/// What a finding is about: file, kind, name.
type Key = (String, String, String);

impl Score {
    /// Judges the findings of a report. Fails when the target refuses an object for a reason that is none of ours.
    pub(super) fn of(
        target: Minor,
        files: &[File],
        verdicts: &Verdicts,
        report: &Value,
    ) -> Result<Self> {
        let mut found = findings(report);
        let mut score = Self::empty(target, files.len());
        let mut bad = Vec::new();
        for file in files {
            for item in &file.items {
                match &verdicts[&item.object.to_string()] {
                    Verdict::Refuses(why) => bad.push(format!("{}: {why}", place(file, item))),
                    verdict => score.count(file, item, verdict, &mut found),
                }
            }
        }
        if !bad.is_empty() {
            bail!(
                "{} examples are refused for other reasons:\n{}",
                bad.len(),
                bad.join("\n")
            );
        }
        score.false_alarms.extend(found.into_values());
        Ok(score)
    }

    fn empty(target: Minor, files: usize) -> Self {
        Self {
            target,
            objects: 0,
            files,
            right: 0,
            missed: Vec::new(),
            missed_fields: BTreeMap::new(),
            false_alarms: Vec::new(),
            gone: Vec::new(),
            rows: BTreeMap::new(),
        }
    }

    fn count(
        &mut self,
        file: &File,
        item: &Item,
        verdict: &Verdict,
        found: &mut BTreeMap<Key, String>,
    ) {
        let key = (
            file.name.clone(),
            item.kind().to_owned(),
            item.name().to_owned(),
        );
        let said = found.remove(&key);
        let row = self.rows.entry(file.shape()).or_default();
        self.objects += 1;
        row.objects += 1;
        let refused = *verdict != Verdict::Accepts;
        row.refused += usize::from(refused);
        match (verdict, said) {
            (Verdict::Accepts, Some(said)) => {
                row.wrong += 1;
                self.false_alarms.push(said);
            }
            (Verdict::Accepts, None) => {}
            (_, Some(_)) => self.right += 1,
            (Verdict::NoSuchField(why), None) if item.is_unsought(self.target) => {
                row.fields += 1;
                *self.missed_fields.entry(field(why)).or_default() += 1;
            }
            (verdict, None) => {
                row.missed += 1;
                self.missed
                    .push(format!("{}: {verdict:?}", place(file, item)));
            }
        }
        if *verdict == Verdict::NoSuchVersion && !self.gone.contains(item) {
            self.gone.push(item.clone());
        }
    }

    /// Whether nothing was missed and hardly anything was wrong.
    pub fn is_perfect(&self) -> bool {
        self.missed.is_empty() && self.precision() >= LEAST_PRECISION
    }

    /// The share of refused objects that were found.
    pub fn recall(&self) -> f64 {
        share(self.right, self.right + self.missed.len())
    }

    /// The share of findings that were right.
    pub fn precision(&self) -> f64 {
        share(self.right, self.right + self.false_alarms.len())
    }

    /// A table of the shapes, the totals, and each miss and false alarm.
    pub fn render(&self) -> String {
        let heading = [
            "shape",
            "objects",
            "refused",
            "missed",
            "unknown field",
            "false alarms",
        ];
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|(shape, row)| row.cells(shape))
            .collect();
        let mut text = table::render(&heading, &rows);
        let fields: usize = self.missed_fields.values().sum();
        let refused = self.right + self.missed.len();
        let _ = writeln!(
            text,
            "\n{} objects in {} files; {refused} are refused: recall {:.3}, precision {:.3}",
            self.objects,
            self.files,
            self.recall(),
            self.precision()
        );
        if fields > 0 {
            let _ = writeln!(
                text,
                "{fields} more are refused for a field that comes later, or that only servers write, which nobody looks for in files:"
            );
        }
        for (field, count) in &self.missed_fields {
            let _ = writeln!(text, "UNKNOWN FIELD: {field} ({count})");
        }
        for line in &self.missed {
            let _ = writeln!(text, "MISSED: {line}");
        }
        for line in &self.false_alarms {
            let _ = writeln!(text, "FALSE ALARM: {line}");
        }
        text
    }
}

impl Row {
    fn cells(&self, shape: &str) -> Vec<String> {
        let counts = [
            self.objects,
            self.refused,
            self.missed,
            self.fields,
            self.wrong,
        ];
        [shape.to_owned()]
            .into_iter()
            .chain(counts.iter().map(ToString::to_string))
            .collect()
    }
}

#[allow(clippy::cast_precision_loss)] // For people.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

/// The findings that count, each by what it is about.
fn findings(report: &Value) -> BTreeMap<Key, String> {
    let all = report["findings"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let severe = |finding: &&Value| {
        ["risk", "blocker"]
            .iter()
            .any(|severity| finding["severity"] == *severity)
    };
    all.iter()
        .filter(severe)
        .map(|finding| (key(finding), line(finding)))
        .collect()
}

fn key(finding: &Value) -> Key {
    let file = text(&finding["location"]["file"]);
    let file = file.rsplit('/').next().unwrap_or_default();
    let subject = &finding["subject"];
    (
        file.to_owned(),
        text(&subject["kind"]).to_owned(),
        text(&subject["name"]).to_owned(),
    )
}

fn line(finding: &Value) -> String {
    let (file, kind, name) = key(finding);
    let message = text(&finding["message"]);
    format!(
        "{} on {kind} {name} in {file}: {message}",
        text(&finding["check"])
    )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{corpus, shapes::PLAIN},
        *,
    };

    fn old() -> File {
        let kinds = corpus::kinds().unwrap();
        let item = kinds
            .iter()
            .find(|item| item.api_version() == "batch/v1beta1")
            .unwrap();
        PLAIN.file(1, item)
    }

    fn judged(verdict: Verdict, report: &Value) -> Result<Score> {
        let file = old();
        let verdicts = [(file.items[0].object.to_string(), verdict)].into();
        Score::of(Minor::v1(32), &[file], &verdicts, report)
    }

    fn found() -> Value {
        let location = json!({ "file": format!("/some/where/{}", old().name) });
        let subject = json!({ "kind": "CronJob", "name": "web" });
        json!({ "findings": [{ "severity": "blocker", "location": location, "subject": subject }] })
    }

    #[test]
    fn what_is_refused_has_to_be_found() {
        let score = judged(Verdict::NoSuchVersion, &found()).unwrap();
        assert!(score.is_perfect() && score.right == 1);
        let score = judged(Verdict::NoSuchVersion, &json!({ "findings": [] })).unwrap();
        assert!(!score.is_perfect());
        assert_eq!(score.missed.len(), 1);
    }

    #[test]
    fn what_is_taken_may_not_be_found() {
        let score = judged(Verdict::Accepts, &found()).unwrap();
        assert_eq!(score.false_alarms.len(), 1);
        assert!(!score.is_perfect());
    }

    #[test]
    fn a_field_that_nobody_looks_for_is_told_apart() {
        let why = || Verdict::NoSuchField("strict decoding error: unknown field \"spec.x\"".into());
        let nothing = json!({ "findings": [] });
        assert_eq!(judged(why(), &nothing).unwrap().missed.len(), 1);
        assert_eq!(judged(why(), &found()).unwrap().right, 1);
        let mut file = old();
        file.items[0].unsought = corpus::Unsought::Before(Minor::v1(33));
        let verdicts = [(file.items[0].object.to_string(), why())].into();
        let score = Score::of(Minor::v1(32), &[file], &verdicts, &nothing).unwrap();
        assert!(score.is_perfect());
        assert!(score.render().contains("UNKNOWN FIELD: spec.x (1)"));
    }

    #[test]
    fn a_bad_example_judges_nobody() {
        assert!(judged(Verdict::Refuses("no such namespace".into()), &found()).is_err());
    }
}
