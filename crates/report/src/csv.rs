//! The report as one CSV table (RFC 4180): the verdict, then every check, then every finding, then what somebody accepted and what
//! is wrong with waivers, told apart by the first column.
//!
//! Made for spreadsheets: no cell is a formula, and no cell has a line break.

use airworthy_model::{Assessment, CheckResult, Finding, Fix, Minor, Waived, Waiver, WaiverNote};

use crate::{decided, sentence, text::clean_line, words};

const HEADER: [&str; 28] = [
    "record",
    "check",
    "level",
    "status",
    "apiVersion",
    "kind",
    "namespace",
    "name",
    "file",
    "line",
    "column",
    "message",
    "breaks",
    "owner",
    "caller",
    "api",
    "deprecated",
    "removed",
    "replacement",
    "replacementSince",
    "objects",
    "fix",
    "command",
    "fingerprint",
    "waivedBy",
    "waivedUntil",
    "waivedBecause",
    "waiver",
];

type Row = [String; HEADER.len()];

/// The report as CSV.
pub fn render(assessment: &Assessment) -> String {
    let mut out = String::new();
    line(&mut out, &HEADER.map(str::to_owned));
    line(&mut out, &verdict(assessment));
    for check in &assessment.checks {
        line(&mut out, &of_check(check));
    }
    for finding in &assessment.findings {
        line(&mut out, &of_finding(finding));
    }
    for waived in &assessment.waived {
        line(&mut out, &of_waived(waived));
    }
    for note in &assessment.waiver_notes {
        line(&mut out, &of_note(note));
    }
    out
}

/// A row of these cells, by the names of their columns.
fn row<const N: usize>(cells: [(&str, String); N]) -> Row {
    let mut row: Row = Default::default();
    for (column, cell) in cells {
        let at = HEADER.iter().position(|name| *name == column);
        row[at.expect("a column of the header")] = cell;
    }
    row
}

fn verdict(assessment: &Assessment) -> Row {
    let message = format!("{} {}", sentence(assessment), words::coverage(assessment));
    row([
        ("record", "verdict".into()),
        ("status", words::verdict(assessment.verdict).into()),
        ("message", message),
    ])
}

fn of_check(check: &CheckResult) -> Row {
    let lacks = words::lacks(check);
    let message = if lacks {
        words::reasons(check).join("; ")
    } else {
        check.why.clone().unwrap_or_default()
    };
    let status = match words::status(check.status) {
        "found" if lacks => "found and unknown",
        status => status,
    };
    row([
        ("record", "check".into()),
        ("check", check.check.clone()),
        ("status", status.into()),
        ("message", message),
    ])
}

fn of_finding(finding: &Finding) -> Row {
    let subject = &finding.subject;
    let location = finding.location.as_ref();
    let api = finding.api.clone().unwrap_or_default();
    let minor = |minor: Option<Minor>| text(minor.as_ref());
    let fixes = |of: fn(&Fix) -> Option<&String>| joined(&finding.fix, of);
    row([
        ("record", "finding".into()),
        ("check", finding.check.clone()),
        ("level", words::severity(finding.severity).into()),
        ("apiVersion", subject.api_version.clone()),
        ("kind", subject.kind.clone()),
        ("namespace", text(subject.namespace.as_ref())),
        ("name", subject.name.clone()),
        ("file", text(location.map(|place| &place.file))),
        ("line", text(location.map(|place| place.line).as_ref())),
        ("column", text(location.map(|place| place.column).as_ref())),
        ("message", finding.message.clone()),
        ("breaks", text(finding.breaks.map(words::breaks).as_ref())),
        (
            "owner",
            text(finding.owner.as_ref().map(words::owner).as_ref()),
        ),
        (
            "caller",
            text(finding.caller.as_ref().map(words::caller).as_ref()),
        ),
        ("api", format!("{} {}", api.api_version, api.kind)),
        ("deprecated", minor(api.deprecated)),
        ("removed", minor(api.removed)),
        ("replacement", text(api.replacement.as_ref())),
        ("replacementSince", minor(api.replacement_since)),
        ("objects", objects(finding)),
        ("fix", fixes(|fix| Some(&fix.text))),
        ("command", fixes(|fix| fix.command.as_ref())),
        ("fingerprint", finding.fingerprint()),
    ])
}

/// The row of its finding, with who accepted it.
fn of_waived(waived: &Waived) -> Row {
    let Waiver {
        owner,
        reason,
        expires,
        source,
    } = &waived.waiver;
    let lacks = || {
        row([
            ("check", waived.check.clone()),
            (
                "message",
                format!("not assessed: {}", decided::lacking(waived)),
            ),
        ])
    };
    let found = waived.finding.as_ref().map_or_else(lacks, of_finding);
    let said = row([
        ("record", "waived".into()),
        ("status", "waived".into()),
        ("waivedBy", owner.clone()),
        ("waivedUntil", text(expires.as_ref())),
        ("waivedBecause", reason.clone()),
        ("waiver", source.clone()),
    ]);
    let mut cells = found.into_iter().zip(said);
    std::array::from_fn(|_| match cells.next() {
        Some((cell, said)) if said.is_empty() => cell,
        Some((_, said)) => said,
        None => String::new(),
    })
}

fn of_note(note: &WaiverNote) -> Row {
    row([
        ("record", "waiver".into()),
        ("check", note.check.clone()),
        ("message", note.message.clone()),
        ("waiver", note.source.clone()),
    ])
}

fn text(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn objects(finding: &Finding) -> String {
    let names: Vec<_> = finding.objects.iter().map(words::subject).collect();
    names.join("; ")
}

fn joined(fixes: &[Fix], of: fn(&Fix) -> Option<&String>) -> String {
    let texts: Vec<_> = fixes.iter().filter_map(of).map(String::as_str).collect();
    texts.join("; ")
}

fn line(out: &mut String, row: &Row) {
    for (number, cell) in row.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        push(out, cell);
    }
    *out += "\r\n";
}

/// A cell in quotes, unless it is so plain that no reader takes any part of it for a separator, whatever its locale.
fn push(out: &mut String, cell: &str) {
    let cell = clean_line(cell);
    let cell = cell.trim();
    let plain = |c: char| c.is_alphanumeric() || " ._/:-".contains(c);
    let guard = if runs_as_formula(cell) { "'" } else { "" };
    if guard.is_empty() && cell.chars().all(plain) {
        *out += cell;
    } else {
        out.push('"');
        *out += guard;
        *out += &cell.replace('"', "\"\"");
        out.push('"');
    }
}

/// Whether a spreadsheet would compute a cell in place of showing it. The wide forms count: some programs fold them.
fn runs_as_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠'])
}
