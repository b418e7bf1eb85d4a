//! The report as Markdown, for comments on a change and for step summaries.
//!
//! It is bounded, for such places take no more: the verdict, the coverage and what could not be assessed stand first and are never
//! cut; findings follow, the worst first, until the room is used up, and then it says how many are left.

use std::fmt::Write as _;

use airworthy_model::{Assessment, CheckInfo, Finding, Severity};

use crate::{
    decided::{self, Accepted},
    fixes::steps,
    gaps::{Gap, gaps},
    sentence,
    text::{clean, clean_line, count},
    words,
};

/// GitHub takes comments of 65,536 characters.
const ROOM: usize = 60_000;
/// How many findings of one check, obstacles, steps of repair, or commands of a step are shown.
const ROWS: usize = 20;
const STEPS: usize = 5;
/// How many objects of one finding are named.
const OBJECTS: usize = 5;
/// A longer text is cut.
const CELL: usize = 400;

/// The report as Markdown. Summaries come from `catalogue`; a check that it lacks goes by its name alone.
pub fn render(assessment: &Assessment, catalogue: &[CheckInfo]) -> String {
    let mut out = head(assessment);
    out += &unknown(assessment);
    let mut left = 0;
    for (severity, title) in [(Severity::Blocker, "Blockers"), (Severity::Risk, "Risks")] {
        left += section(&mut out, assessment, catalogue, severity, title);
    }
    out += &waived(assessment);
    out += &closing(assessment, left);
    out
}

fn head(assessment: &Assessment) -> String {
    let mut lines = vec![format!("## {}", inline(&sentence(assessment)))];
    lines.push(inline(&words::origin(assessment)));
    lines.extend(words::steps(assessment).map(|steps| inline(&steps)));
    let plan = decided::plan(assessment);
    let plan = plan.iter().map(|step| format!("1. {}", inline(step)));
    let plan = plan.collect::<Vec<_>>().join("\n");
    lines.extend((!plan.is_empty()).then_some(plan));
    lines.push(format!("**{}**", inline(&words::coverage(assessment))));
    lines.join("\n\n") + "\n"
}

fn unknown(assessment: &Assessment) -> String {
    let checks = words::undecided(assessment).len();
    if checks == 0 {
        return String::new();
    }
    let title = format!("Unknown ({} without evidence)", count(checks, "check"));
    let mut out = format!("\n### {title}\n\n");
    out += &table_head(["Could not look at", "What was answered", "Costs", "Cure"]);
    let gaps = gaps(assessment);
    for gap in gaps.iter().take(ROWS) {
        out += &table_row(&obstacle(gap));
    }
    out + &more(gaps.len().saturating_sub(ROWS), "obstacle")
}

/// What somebody accepted, and what is wrong with waivers.
fn waived(assessment: &Assessment) -> String {
    let waived = decided::waived(assessment);
    let mut out = String::new();
    if !waived.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n### Waived ({})\n\n", waived.len());
        out += &table_head(["Check", "Level", "Accepted", "By", "Until", "Why"]);
        let rows = waived.iter().take(ROWS).map(accepted);
        out.extend(rows.map(|cells| table_row(&cells)));
        out += &more(waived.len().saturating_sub(ROWS), "finding");
    }
    out + &waiver_notes(assessment)
}

fn accepted(accepted: &Accepted<'_>) -> [String; 6] {
    let what = accepted.what.iter().map(|part| inline(part));
    [
        inline(accepted.check),
        accepted.level.to_owned(),
        what.collect::<Vec<_>>().join(" "),
        inline(&accepted.waiver.owner),
        decided::until(accepted.waiver),
        format!(
            "{} ({})",
            inline(&accepted.waiver.reason),
            inline(&accepted.waiver.source)
        ),
    ]
}

fn waiver_notes(assessment: &Assessment) -> String {
    let notes = &assessment.waiver_notes;
    if notes.is_empty() {
        return String::new();
    }
    let mut out = format!("\n### {}\n\n", words::of_waivers(notes.len()));
    out += &table_head(["Waiver", "What is wrong"]);
    let rows = notes.iter().take(ROWS);
    out.extend(rows.map(|note| table_row(&[inline(&note.source), inline(&note.message)])));
    out + &more(notes.len().saturating_sub(ROWS), "waiver")
}

fn obstacle(gap: &Gap<'_>) -> [String; 4] {
    let mut details: Vec<_> = gap
        .details
        .iter()
        .take(OBJECTS)
        .map(|d| inline(d))
        .collect();
    let left = gap.details.len() - details.len();
    details.extend((left > 0).then(|| format!("and {left} more")));
    let cures: Vec<_> = gap
        .cures()
        .iter()
        .take(OBJECTS)
        .map(|c| inline(c))
        .collect();
    [
        inline(&gap.title()),
        details.join("; "),
        inline(&gap.cost()),
        cures.join("; "),
    ]
}

/// Adds the findings of one severity, check by check, as far as there is room; tells how many findings are left.
fn section(
    out: &mut String,
    assessment: &Assessment,
    catalogue: &[CheckInfo],
    severity: Severity,
    title: &str,
) -> usize {
    let groups = words::by_check(assessment.of(severity));
    let mut left = 0;
    let all = assessment.of(severity).count();
    let mut title = Some(format!("\n### {title} ({all})\n"));
    let several_steps = words::several_steps(assessment);
    for (check, findings) in groups {
        let text = group(check, &findings, catalogue, several_steps);
        if out.len() + text.len() > ROOM {
            left += findings.len();
            continue;
        }
        *out += &title.take().unwrap_or_default();
        *out += &text;
    }
    left
}

fn group(
    check: &str,
    findings: &[&Finding],
    catalogue: &[CheckInfo],
    several_steps: bool,
) -> String {
    let info = catalogue.iter().find(|info| info.name == check);
    let summary = info.map_or(String::new(), |info| format!(": {}", inline(info.summary)));
    let mut out = format!("\n#### {}{summary}\n\n", inline(check));
    out += &table_head(["Object", "Finding", "Circumstances"]);
    for finding in findings.iter().take(ROWS) {
        out += &table_row(&row(finding, several_steps));
    }
    out += &more(findings.len().saturating_sub(ROWS), "finding");
    out + &repair(findings)
}

fn row(finding: &Finding, several_steps: bool) -> [String; 3] {
    let mut circumstances = words::circumstances(finding, several_steps);
    circumstances.extend(words::objects(finding, OBJECTS));
    let circumstances: Vec<_> = circumstances.iter().map(|part| inline(part)).collect();
    [
        inline(&words::subject(&finding.subject)),
        inline(&finding.message),
        circumstances.join("; "),
    ]
}

fn repair(findings: &[&Finding]) -> String {
    let steps = steps(findings);
    let replacements = words::replacements(findings);
    let mut out = String::new();
    for replacement in replacements.iter().take(STEPS) {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n{}\n", inline(replacement));
    }
    out += &more(replacements.len().saturating_sub(STEPS), "replacement");
    for step in steps.iter().take(STEPS) {
        // Writing to a String cannot fail.
        let _ = write!(out, "\nFix: {}\n", inline(step.text));
        out += &code(step.commands.iter().take(STEPS).copied());
        out += &more(step.commands.len().saturating_sub(STEPS), "command");
        if !step.patches.is_empty() {
            out += "\nThere is a patch: -o wide or -o json shows it.\n";
        }
    }
    out + &more(steps.len().saturating_sub(STEPS), "step")
}

/// Commands in a block that none of them can end.
fn code<'a>(commands: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<_> = commands.map(clean_line).collect();
    if lines.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&lines).max(2) + 1);
    format!("\n{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

fn longest_run(lines: &[String]) -> usize {
    let runs = lines.iter().flat_map(|line| line.split(|c| c != '`'));
    runs.map(str::len).max().unwrap_or_default()
}

fn closing(assessment: &Assessment, left: usize) -> String {
    let mut lines = Vec::new();
    if left > 0 {
        lines.push(format!(
            "{} more not shown for want of room: -o wide or -o json shows them",
            count(left, "finding")
        ));
    }
    let notes = assessment.of(Severity::Note).count();
    if notes > 0 {
        lines.push(format!(
            "{} not shown: -o wide or -o json shows them",
            count(notes, "note")
        ));
    }
    for (label, names) in [
        ("Accepted", words::accepted(assessment)),
        ("Left out", words::left_out(assessment)),
    ] {
        if !names.is_empty() {
            lines.push(format!("{label}: {}", inline(&names.join(", "))));
        }
    }
    lines.push(format!(
        "Judged with knowledge {}",
        inline(&assessment.knowledge)
    ));
    format!("\n{}\n", lines.join("\n\n"))
}

fn more(left: usize, noun: &str) -> String {
    match left {
        0 => String::new(),
        _ => format!(
            "\nand {} more: -o wide or -o json shows them\n",
            count(left, noun)
        ),
    }
}

fn table_head<const N: usize>(names: [&str; N]) -> String {
    let rule = ["---"; N].join(" | ");
    format!("| {} |\n| {rule} |\n", names.join(" | "))
}

fn table_row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Text of a cluster that is nothing but text: no markup, no link, no mention of a person, no reference to an issue.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let text = clean(text);
    for (number, c) in text.chars().enumerate() {
        if number == CELL {
            out.push('…');
            break;
        }
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            // A zero-width space behind them: the character shows, and nobody is called.
            '@' | '#' => {
                out.push('\\');
                out.push(c);
                out += "&#8203;";
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
