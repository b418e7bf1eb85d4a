//! Files of users' checks. What is wrong in one is told with its line, and nothing of such a file is run.

use std::{collections::BTreeSet, sync::Arc};

use airworthy_model::{CheckInfo, Group, Kind, Need, Phase, Severity};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Example, Expression, UserCheck};

/// Largest file, in bytes.
const MOST_BYTES: usize = 256 << 10;
/// Most checks of a file.
const MOST_CHECKS: usize = 200;
/// Longest message, in characters.
const LONGEST: usize = 200;

/// What is wrong with a file of checks; each line begins with file and line, as far as there is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct CheckFileError(pub Vec<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    checks: Vec<Spanned<Entry>>,
}

/// A check, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    phase: Option<Phase>,
    #[serde(rename = "for")]
    group: Spanned<Need>,
    when: Spanned<String>,
    message: Spanned<String>,
    level: Severity,
    fix: Spanned<String>,
    #[serde(default)]
    examples: Vec<Example>,
}

/// A line, 0 where none is known, and what is wrong there.
type Fault = (u64, String);

/// The checks of a file. `origin` is its name; `taken` are names that other checks have, ours beside.
pub fn parse(text: &str, origin: &str, taken: &[&str]) -> Result<Vec<UserCheck>, CheckFileError> {
    let said = |(line, why): Fault| match line {
        0 => format!("{origin}: {why}"),
        line => format!("{origin}:{line}: {why}"),
    };
    let entries = entries(text).map_err(|fault| CheckFileError(vec![said(fault)]))?;
    let mut names: BTreeSet<String> = taken.iter().map(|name| name.to_lowercase()).collect();
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    for entry in entries {
        let line = entry.referenced.line();
        match entry.value.check(&format!("{origin}:{line}"), &mut names) {
            Ok(check) => read.push(check),
            Err(fault) => wrong.push(said(fault)),
        }
    }
    if wrong.is_empty() {
        Ok(read)
    } else {
        Err(CheckFileError(wrong))
    }
}

fn entries(text: &str) -> Result<Vec<Spanned<Entry>>, Fault> {
    if text.len() > MOST_BYTES {
        return Err((0, format!("it has more than {MOST_BYTES} bytes")));
    }
    let file: File = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(0, |at| at.line());
        (line, error.without_snippet().to_string())
    })?;
    if file.checks.len() > MOST_CHECKS {
        return Err((0, format!("it has more than {MOST_CHECKS} checks")));
    }
    Ok(file.checks)
}

impl Entry {
    fn check(self, origin: &str, names: &mut BTreeSet<String>) -> Result<UserCheck, Fault> {
        let line = |at: serde_saphyr::Location| at.line();
        let name = name(&self.id.value, names).map_err(|why| (line(self.id.referenced), why))?;
        let need = self.group.value;
        if need == Need::Baseline {
            let why = "for names facts that are read of a cluster: baseline is none of them";
            return Err((line(self.group.referenced), why.to_owned()));
        }
        let message = clause(&self.message.value, "message")
            .map_err(|why| (line(self.message.referenced), why))?;
        let fix = clause(&self.fix.value, "fix").map_err(|why| (line(self.fix.referenced), why))?;
        let when = Expression::parse(&self.when.value).map_err(|why| {
            (
                line(self.when.referenced),
                format!("when is no expression: {why}"),
            )
        })?;
        let summary = self
            .summary
            .as_deref()
            .unwrap_or(&message)
            .trim()
            .to_owned();
        let page = page(&name, &summary, origin, need, when.text(), &fix);
        let info = CheckInfo {
            name: kept(name),
            summary: kept(summary),
            phase: self.phase.unwrap_or(Phase::Pre),
            group: Group::LimitCheck,
            kind: match self.level {
                Severity::Blocker => Kind::Exception,
                Severity::Risk | Severity::Note => Kind::Risk,
            },
            level: self.level,
            vendor: false,
            needs: Box::leak(Box::new([need])),
            page: kept(page),
        };
        Ok(UserCheck {
            info,
            origin: origin.to_owned(),
            examples: Arc::from(self.examples),
            need,
            when,
            message,
            fix,
        })
    }
}

/// What describes a check lives as long as the program, for ours and for users': a file is read once, when the program begins.
fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// Names are as ours are, and no name of ours.
fn name(id: &str, names: &mut BTreeSet<String>) -> Result<String, String> {
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !(3..=64).contains(&id.len()) || !plain || !id.starts_with(|c: char| c.is_ascii_uppercase())
    {
        return Err(format!(
            "id {id:?} is no name: 3 to 64 letters and digits are expected, the first a capital, such as NoLatestImages"
        ));
    }
    let ours = airworthy_checks::CATALOGUE
        .iter()
        .any(|check| check.info.name.eq_ignore_ascii_case(id));
    if ours || !names.insert(id.to_lowercase()) {
        return Err(format!("id {id} is the name of another check"));
    }
    Ok(id.to_owned())
}

/// One clause, as findings have them.
fn clause(text: &str, what: &str) -> Result<String, String> {
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    if text.is_empty() || text.chars().count() > LONGEST || text.contains(char::is_control) {
        return Err(format!(
            "{what} must have 1 to {LONGEST} characters, and no control characters"
        ));
    }
    Ok(text.trim_end_matches('.').to_owned())
}

fn page(name: &str, summary: &str, origin: &str, need: Need, when: &str, fix: &str) -> String {
    format!(
        "# {name}\n\n## What it finds\n\n{summary}\n\nA check of your own ({origin}): it looks at {need} and finds those of which this holds:\n\n    {}\n\n## How to fix\n\n{fix}\n",
        when.split_whitespace().collect::<Vec<_>>().join(" ")
    )
}
