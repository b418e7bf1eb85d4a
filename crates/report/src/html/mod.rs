//! The report as one HTML file: no network, no script, and it can be printed.
//!
//! It is well-formed XML too. Everything that a cluster says goes through [`escape`], and a policy in the file itself lets the
//! browser load and run nothing.

mod parts;

use std::fmt::Write as _;

use airworthy_model::{Assessment, CheckInfo, Severity, Verdict};

use crate::{decided, gaps::gaps, markup::escape, sentence, text::count, words};

const STYLE: &str = include_str!("style.css");

/// The report as an HTML document. Summaries come from `catalogue`; a check that it lacks goes by its name alone.
pub fn render(assessment: &Assessment, catalogue: &[CheckInfo]) -> String {
    let body = fragment(assessment, catalogue, None);
    let title = escape(&sentence(assessment));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// The report as a piece of a page that has its own head and styles: one `h1`, and all below it. `pages` is the address below
/// which each check has a page of its own.
pub fn fragment(assessment: &Assessment, catalogue: &[CheckInfo], pages: Option<&str>) -> String {
    let mut out = header(assessment);
    for (severity, title) in [(Severity::Blocker, "Blockers"), (Severity::Risk, "Risks")] {
        out += &section(assessment, catalogue, severity, title, pages);
    }
    out += &unknown(assessment);
    out += &waived(assessment, pages);
    out += &section(assessment, catalogue, Severity::Note, "Notes", pages);
    out + &checks(assessment, pages)
}

fn header(assessment: &Assessment) -> String {
    let (class, shape) = match assessment.verdict {
        Verdict::Ready => ("good", "✓"),
        Verdict::ReadyWithRisks => ("caution", "!"),
        Verdict::CannotDetermine => ("caution", "?"),
        Verdict::NotReady => ("alarm", "✗"),
    };
    let mut lines = vec![words::coverage(assessment)];
    let undecided = words::undecided(assessment);
    let names: Vec<_> = undecided.iter().map(|check| check.check.as_str()).collect();
    if !names.is_empty() {
        lines.push(format!("Not assessed: {}", names.join(", ")));
    }
    lines.push(words::origin(assessment));
    lines.extend(words::steps(assessment));
    lines.push(format!("Judged with knowledge {}", assessment.knowledge));
    let lines: String = lines
        .iter()
        .map(|line| parts::paragraph("", line))
        .collect();
    let title = escape(&sentence(assessment));
    let shape = parts::shape(shape);
    let plan = plan(assessment);
    format!("<header class=\"{class}\">\n<h1>{shape}{title}</h1>\n{lines}{plan}</header>\n")
}

/// The steps of the upgrade, where the control plane takes more than one.
fn plan(assessment: &Assessment) -> String {
    let steps = decided::plan(assessment);
    if steps.is_empty() {
        return String::new();
    }
    let steps = steps
        .iter()
        .map(|step| format!("<li>{}</li>\n", escape(step)));
    format!("<ol class=\"plan\">\n{}</ol>\n", steps.collect::<String>())
}

/// What somebody accepted, and what is wrong with waivers.
fn waived(assessment: &Assessment, pages: Option<&str>) -> String {
    let waived = decided::waived(assessment);
    let rows = waived.iter().map(|accepted| {
        parts::row(&[
            parts::check(accepted.check, pages),
            parts::lines([format!("{}: {}", accepted.level, accepted.told())]),
            parts::lines([accepted.terms()]),
        ])
    });
    let rows: String = rows.collect();
    let mut out = String::new();
    if !waived.is_empty() {
        let head = ["Check", "Accepted", "By whom, until when, why"];
        let table = parts::table("What somebody accepted", &head, &rows);
        // Writing to a String cannot fail.
        let _ = write!(out, "<h2>Waived ({})</h2>\n{table}", waived.len());
    }
    let notes = &assessment.waiver_notes;
    if !notes.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "<h2>{}</h2>", words::of_waivers(notes.len()));
    }
    let notes = notes
        .iter()
        .map(|note| parts::paragraph("", &decided::note(note)));
    out + &notes.collect::<String>()
}

fn section(
    assessment: &Assessment,
    catalogue: &[CheckInfo],
    severity: Severity,
    title: &str,
    pages: Option<&str>,
) -> String {
    let groups = words::by_check(assessment.of(severity));
    if groups.is_empty() {
        return String::new();
    }
    let (class, shape) = match severity {
        Severity::Blocker => ("alarm", "✗"),
        Severity::Risk => ("caution", "!"),
        Severity::Note => ("soft", "i"),
    };
    let shape = parts::shape(shape);
    let several_steps = words::several_steps(assessment);
    let mut out = format!("<h2>{title} ({})</h2>\n", assessment.of(severity).count());
    for (check, findings) in groups {
        let info = catalogue.iter().find(|info| info.name == check);
        let name = parts::check(check, pages);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "<h3 class=\"{class}\">{shape}{name}</h3>");
        out += &info.map_or(String::new(), |info| {
            parts::paragraph("soft", &parts::capitalised(info.summary))
        });
        out += &parts::findings(&findings, several_steps);
        out += &parts::repair(&findings);
    }
    out
}

fn unknown(assessment: &Assessment) -> String {
    let checks = words::undecided(assessment).len();
    if checks == 0 {
        return String::new();
    }
    let title = format!("Unknown ({} without evidence)", count(checks, "check"));
    let rows: String = gaps(assessment)
        .iter()
        .map(|gap| {
            parts::row(&[
                parts::lines([gap.title()]),
                parts::lines(&gap.details),
                parts::lines([gap.cost()]),
                parts::lines(gap.cures()),
            ])
        })
        .collect();
    let head = ["Could not look at", "What was answered", "Costs", "Cure"];
    let caption = "What could not be looked at, and what to do about it";
    format!("<h2>{title}</h2>\n{}", parts::table(caption, &head, &rows))
}

fn checks(assessment: &Assessment, pages: Option<&str>) -> String {
    let rows: String = assessment
        .checks
        .iter()
        .map(|check| {
            parts::row(&[
                parts::check(&check.check, pages),
                parts::lines([words::conclusion(check)]),
            ])
        })
        .collect();
    let number = assessment.checks.len();
    let caption = "What each check concluded";
    let table = parts::table(caption, &["Check", "Conclusion"], &rows);
    format!("<h2>Checks ({number})</h2>\n{table}")
}
