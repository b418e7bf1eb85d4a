//! Findings of one severity, check by check.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    Assessment, Breaks, CheckInfo, Evidence, EvidenceKind, Finding, Severity, finding::Caller,
};

use super::{
    Page,
    page::{ALARM, CAUTION, QUIET},
};
use crate::text::{clean, width};

/// How many subjects of one check a narrow view shows.
const SUBJECTS: usize = 20;
/// How many commands of one step it shows, and how many steps.
const COMMANDS: usize = 5;
/// A longer subject does not push the messages of the others further right.
const SUBJECT_COLUMN: usize = 48;

pub(super) fn section(
    page: &mut Page,
    assessment: &Assessment,
    catalogue: &[CheckInfo],
    severity: Severity,
    title: &str,
) {
    let groups = by_check(assessment.of(severity));
    if groups.is_empty() {
        return;
    }
    let style = match severity {
        Severity::Blocker => ALARM,
        Severity::Risk => CAUTION,
        Severity::Note => QUIET.bold(),
    };
    let steps = assessment.path.as_ref().map_or(0, |path| path.hops.len());
    page.section(&format!("{title} ({})", assessment.of(severity).count()));
    for (number, (check, findings)) in groups.into_iter().enumerate() {
        if number > 0 {
            page.blank();
        }
        page.styled(2, style, &heading(check, findings.len(), catalogue));
        subjects(page, &findings, steps > 1);
        fixes(page, &findings);
    }
}

/// Findings by check, both in the order in which they come.
fn by_check<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<(&'a str, Vec<&'a Finding>)> {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|(check, _)| *check == finding.check) {
            Some((_, group)) => group.push(finding),
            None => groups.push((&finding.check, vec![finding])),
        }
    }
    groups
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
    let names: Vec<_> = findings.iter().take(shown).map(|f| subject(f)).collect();
    let widths = names.iter().map(|name| width(name));
    let column = widths.filter(|w| *w <= SUBJECT_COLUMN).max();
    for (finding, name) in findings.iter().zip(&names) {
        let text = finding.message.clone() + &circumstances(finding, several_steps);
        page.row(4, &[(name, column.unwrap_or_default())], &text);
        if page.is_wide() {
            evidence(page, finding);
        }
    }
    more(page, 4, findings.len().saturating_sub(shown));
}

fn more(page: &mut Page, indent: usize, left: usize) {
    if left > 0 {
        page.text(
            indent,
            &format!("and {left} more: -o wide or -o json shows them"),
        );
    }
}

fn subject(finding: &Finding) -> String {
    clean(&format!(
        "{} {}",
        finding.subject.kind,
        finding.subject.path()
    ))
}

/// What else there is to know, in parentheses behind the message.
fn circumstances(finding: &Finding, several_steps: bool) -> String {
    let hop = finding.hop.filter(|_| several_steps);
    let location = finding.location.as_ref();
    let parts = [
        hop.map(|hop| hop.to_string()),
        finding.breaks.map(|breaks| breaks_label(breaks).to_owned()),
        finding.caller.as_ref().map(caller),
        finding.owner.as_ref().map(|owner| {
            let namespace = owner.namespace.as_ref();
            let namespace = namespace.map_or(String::new(), |namespace| format!("{namespace}/"));
            format!("owned by {} {namespace}{}", owner.kind, owner.name)
        }),
        location.map(|place| format!("{}:{}:{}", place.file, place.line, place.column)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.as_slice() {
        [] => String::new(),
        parts => format!(" ({})", parts.join("; ")),
    }
}

const fn breaks_label(breaks: Breaks) -> &'static str {
    match breaks {
        Breaks::RunningClient => "breaks a running client",
        Breaks::NextDeploy => "breaks at the next deploy",
        Breaks::Stale => "stale",
    }
}

fn caller(caller: &Caller) -> String {
    match (&caller.user, &caller.user_agent) {
        (Some(user), Some(agent)) => format!("called by {user} with {agent}"),
        (Some(who), None) | (None, Some(who)) => format!("called by {who}"),
        (None, None) => "called by an unknown client".into(),
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
        let kind = evidence_label(*kind);
        page.text(6, &format!("{kind}: {detail} ({source}{when})"));
    }
    page.text(6, &format!("fingerprint: {}", finding.fingerprint()));
}

const fn evidence_label(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Call => "call",
        EvidenceKind::Writer => "writer",
        EvidenceKind::Reapply => "reapply",
        EvidenceKind::Stored => "stored",
        EvidenceKind::State => "state",
    }
}

/// A step of repair, once for all findings that ask for it.
#[derive(Default)]
struct Step<'a> {
    text: &'a str,
    commands: Vec<&'a str>,
    patches: Vec<&'a str>,
}

fn steps<'a>(findings: &[&'a Finding]) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let (mut places, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for fix in findings.iter().flat_map(|finding| &finding.fix) {
        let text = fix.text.as_str();
        let at = *places.entry(text).or_insert(steps.len());
        if at == steps.len() {
            steps.push(Step {
                text,
                ..Step::default()
            });
        }
        let mut new = |of: &'a Option<String>| of.as_deref().filter(|of| seen.insert((at, *of)));
        steps[at].commands.extend(new(&fix.command));
        steps[at].patches.extend(new(&fix.patch));
    }
    steps
}

fn fixes(page: &mut Page, findings: &[&Finding]) {
    let (steps, wide) = (steps(findings), page.is_wide());
    let shown = if wide { usize::MAX } else { COMMANDS };
    for step in steps.iter().take(shown) {
        page.text(4, &format!("Fix: {}", step.text));
        for command in step.commands.iter().take(shown) {
            page.verbatim(8, command);
        }
        more(page, 8, step.commands.len().saturating_sub(shown));
        let patches = if wide { step.patches.as_slice() } else { &[] };
        for line in patches.iter().flat_map(|patch| patch.lines()) {
            page.verbatim(8, line);
        }
        if !wide && !step.patches.is_empty() {
            page.text(8, "there is a patch: -o wide or -o json shows it");
        }
    }
    more(page, 4, steps.len().saturating_sub(shown));
}
