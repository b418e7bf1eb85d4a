//! The report as workflow commands of GitHub Actions, which show as annotations of a run and of the lines of a change.
//!
//! GitHub shows only the first few annotations of a level for each step, so the verdict comes first, with the names of the
//! checks that lacked evidence.

use airworthy_model::{Assessment, CheckResult, Finding, Severity, Verdict};

use crate::{sentence, text::clean_line, words};

/// How many objects of one finding are named.
const OBJECTS: usize = 5;

/// The report as lines of workflow commands.
pub fn render(assessment: &Assessment) -> String {
    let mut out = verdict(assessment);
    for check in words::undecided(assessment) {
        out += &unknown(check);
    }
    let several_steps = words::several_steps(assessment);
    for finding in &assessment.findings {
        out += &of_finding(finding, several_steps);
    }
    out
}

fn verdict(assessment: &Assessment) -> String {
    let level = match assessment.verdict {
        Verdict::Ready => "notice",
        Verdict::ReadyWithRisks => "warning",
        Verdict::NotReady | Verdict::CannotDetermine => "error",
    };
    let undecided = words::undecided(assessment);
    let names: Vec<_> = undecided.iter().map(|check| check.check.as_str()).collect();
    let unknown = if names.is_empty() {
        String::new()
    } else {
        format!(". Not assessed: {}", names.join(", "))
    };
    let coverage = words::coverage(assessment);
    let message = format!("{} {coverage}{unknown}", sentence(assessment));
    command(level, &[("title", "airworthy")], &message)
}

/// What could hide a blocker is as loud as one.
fn unknown(check: &CheckResult) -> String {
    let level = if check.can_block { "error" } else { "warning" };
    let title = format!("Not assessed: {}", check.check);
    let message = format!(
        "{} lacks evidence: {}",
        check.check,
        words::reasons_and_cures(check)
    );
    command(level, &[("title", &title)], &message)
}

fn of_finding(finding: &Finding, several_steps: bool) -> String {
    let level = match finding.severity {
        Severity::Blocker => "error",
        Severity::Risk => "warning",
        Severity::Note => "notice",
    };
    let place = finding.location.as_ref();
    let place = place.map(|p| (p.file.clone(), p.line.to_string(), p.column.to_string()));
    let mut properties = Vec::new();
    if let Some((file, line, column)) = &place {
        properties = vec![("file", file.as_str()), ("line", line), ("col", column)];
    }
    properties.push(("title", &finding.check));
    command(
        level,
        &properties,
        &words::line(finding, several_steps, OBJECTS),
    )
}

fn command(level: &str, properties: &[(&str, &str)], message: &str) -> String {
    let properties: Vec<_> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    format!("::{level} {}::{}\n", properties.join(","), data(message))
}

/// A message: what would end it, or start an escape, is escaped. Line breaks are gone before.
fn data(text: &str) -> String {
    clean_line(text).replace('%', "%25")
}

/// A property of a command: what would end it is escaped as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
