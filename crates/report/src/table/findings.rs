//! Findings of one severity, check by check.

use airworthy_model::{Assessment, CheckInfo, Evidence, Finding, Severity};

use super::{
    Page,
    page::{ALARM, CAUTION, QUIET},
};
use crate::{
    fixes::steps,
    text::{clean, width},
    words,
};

/// How many subjects of one check a narrow view shows.
const SUBJECTS: usize = 20;
/// How many objects of one finding it names.
const OBJECTS: usize = 5;
/// How many commands of one step it shows, and how many steps.
const COMMANDS: usize = 5;
/// How far stands in what is said of a finding beside its message.
const DETAIL: usize = 8;
/// A longer subject does not push the messages of the others further right.
const SUBJECT_COLUMN: usize = 48;

pub(super) fn section(
    page: &mut Page,
    assessment: &Assessment,
    catalogue: &[CheckInfo],
    severity: Severity,
    title: &str,
) {
    let groups = words::by_check(assessment.of(severity));
    if groups.is_empty() {
        return;
    }
    let style = match severity {
        Severity::Blocker => ALARM,
        Severity::Risk => CAUTION,
        Severity::Note => QUIET.bold(),
    };
    let several_steps = words::several_steps(assessment);
    page.section(&format!("{title} ({})", assessment.of(severity).count()));
    for (number, (check, findings)) in groups.into_iter().enumerate() {
        if number > 0 {
            page.blank();
        }
        page.styled(2, style, &heading(check, findings.len(), catalogue));
        subjects(page, &findings, several_steps);
        fixes(page, &findings);
    }
}

fn heading(check: &str, found: usize, catalogue: &[CheckInfo]) -> String {
    let info = catalogue.iter().find(|info| info.name == check);
    let summary = info.map_or(String::new(), |info| format!(": {}", info.summary));
    match found {
        1 => format!("{check}{summary}"),
        _ => format!("{check}{summary} ({found} found)"),
    }
}

fn subjects(page: &mut Page, findings: &[&Finding], several_steps: bool) {
    let shown = if page.is_wide() {
        findings.len()
    } else {
        SUBJECTS
    };
    let names = findings.iter().take(shown);
    let names: Vec<_> = names.map(|f| clean(&words::subject(&f.subject))).collect();
    let widths = names.iter().map(|name| width(name));
    let limit = page.share(SUBJECT_COLUMN);
    let column = widths.filter(|w| *w <= limit).max().unwrap_or_default();
    for (finding, name) in findings.iter().zip(&names) {
        show(page, finding, (name, column), several_steps);
    }
    page.more(4, findings.len().saturating_sub(shown));
}

fn show(page: &mut Page, finding: &Finding, name: (&str, usize), several_steps: bool) {
    let more = words::circumstances(finding, several_steps).join("; ");
    if finding.api.is_some() {
        of_api(page, finding, name, &more);
    } else if more.is_empty() {
        page.row(4, &[name], &finding.message);
    } else {
        page.row(4, &[name], &format!("{} ({more})", finding.message));
    }
    let shown = if page.is_wide() { usize::MAX } else { OBJECTS };
    if let Some(objects) = words::objects(finding, shown) {
        page.text(DETAIL, &objects);
    }
    if page.is_wide() {
        evidence(page, finding);
    }
}

/// An API finding has much to say: where its message is too long for a column it goes on as a sentence, and what breaks, for
/// whom and where has a line of its own.
fn of_api(page: &mut Page, finding: &Finding, name: (&str, usize), more: &str) {
    if page.fits(4, name, &finding.message) {
        page.row(4, &[name], &finding.message);
    } else {
        page.text(4, &format!("{} {}", name.0, finding.message));
    }
    if !more.is_empty() {
        page.text(DETAIL, more);
    }
}

fn evidence(page: &mut Page, finding: &Finding) {
    for Evidence {
        kind,
        source,
        observed_at,
        detail,
    } in &finding.evidence
    {
        let when = observed_at.map_or(String::new(), |time| format!(" at {time:.0}"));
        let kind = words::evidence(*kind);
        page.text(DETAIL, &format!("{kind}: {detail} ({source}{when})"));
    }
    page.text(DETAIL, &format!("fingerprint: {}", finding.fingerprint()));
}

fn fixes(page: &mut Page, findings: &[&Finding]) {
    let (steps, wide) = (steps(findings), page.is_wide());
    let shown = if wide { usize::MAX } else { COMMANDS };
    let replacements = words::replacements(findings);
    for replacement in replacements.iter().take(shown) {
        page.text(4, replacement);
    }
    page.more(4, replacements.len().saturating_sub(shown));
    for step in steps.iter().take(shown) {
        page.text(4, &format!("Fix: {}", step.text));
        for command in step.commands.iter().take(shown) {
            page.verbatim(8, command);
        }
        page.more(8, step.commands.len().saturating_sub(shown));
        let patches = if wide { step.patches.as_slice() } else { &[] };
        for line in patches.iter().flat_map(|patch| patch.lines()) {
            page.verbatim(8, line);
        }
        if !wide && !step.patches.is_empty() {
            page.text(8, "there is a patch: -o wide or -o json shows it");
        }
    }
    page.more(4, steps.len().saturating_sub(shown));
}
