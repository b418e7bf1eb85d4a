//! Pieces of the page.

use airworthy_model::{Evidence, Finding};

use crate::{
    fixes::steps,
    markup::{escape, escape_lines},
    words,
};

/// How many objects of one finding are named.
const OBJECTS: usize = 50;

pub(super) fn paragraph(class: &str, text: &str) -> String {
    let text = escape(text);
    match class {
        "" => format!("<p>{text}</p>\n"),
        class => format!("<p class=\"{class}\">{text}</p>\n"),
    }
}

/// A clause as a sentence begins.
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

pub(super) fn lines<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<_> = texts
        .into_iter()
        .map(|text| escape(text.as_ref()))
        .collect();
    texts.join("<br/>")
}

/// A sign that stands beside a word and says the same, for those who see no colours.
pub(super) fn shape(sign: &str) -> String {
    format!("<span class=\"shape\" aria-hidden=\"true\">{sign}</span> ")
}

/// The name of a check, as a link where it has a page.
pub(super) fn check(name: &str, pages: Option<&str>) -> String {
    if name.is_empty() {
        return "(no name)".into();
    }
    let shown = escape(name);
    // Names of checks are letters and digits; what a recording calls so may be anything.
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric());
    match pages.filter(|_| plain) {
        Some(pages) => format!("<a href=\"{}/{shown}\">{shown}</a>", escape(pages)),
        None => shown,
    }
}

/// A table; it can be reached by the keyboard, because it may be wider than the page.
pub(super) fn table(caption: &str, head: &[&str], rows: &str) -> String {
    let head = head.join("</th><th scope=\"col\">");
    format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\"><table>\n\
         <caption>{caption}</caption>\n<thead><tr><th scope=\"col\">{head}</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// A row of cells that are markup already; the first one names the row.
pub(super) fn row(cells: &[String]) -> String {
    let cells = cells.join("</td><td>");
    // Only the first cell is another element.
    let (name, rest) = cells.split_once("</td>").unwrap_or((&cells, ""));
    format!("<tr><th scope=\"row\">{name}</th>{rest}</td></tr>\n")
}

pub(super) fn findings(findings: &[&Finding], several_steps: bool) -> String {
    let items: String = findings.iter().map(|f| item(f, several_steps)).collect();
    format!("<ul class=\"findings\">\n{items}</ul>\n")
}

fn item(finding: &Finding, several_steps: bool) -> String {
    let subject = escape(&words::subject(&finding.subject));
    let message = escape(&finding.message);
    let more = words::circumstances(finding, several_steps).join("; ");
    let mut out = format!("<li>\n<p><span class=\"subject\">{subject}</span> {message}</p>\n");
    if !more.is_empty() {
        out += &paragraph("", &capitalised(&more));
    }
    if let Some(objects) = words::objects(finding, OBJECTS) {
        out += &paragraph("", &objects);
    }
    let evidence = finding.evidence.iter().map(evidence);
    out.extend(evidence.map(|text| paragraph("soft small", &text)));
    let fingerprint = format!("fingerprint: {}", finding.fingerprint());
    out + &paragraph("soft small", &fingerprint) + "</li>\n"
}

fn evidence(evidence: &Evidence) -> String {
    let when = evidence.observed_at;
    let when = when.map_or(String::new(), |time| format!(" at {time:.0}"));
    let kind = words::evidence(evidence.kind);
    format!("{kind}: {} ({}{when})", evidence.detail, evidence.source)
}

pub(super) fn repair(findings: &[&Finding]) -> String {
    let replacements = words::replacements(findings);
    let mut out: String = replacements.iter().map(|new| paragraph("", new)).collect();
    for step in steps(findings) {
        out += &paragraph("", &format!("Fix: {}", step.text));
        out += &block(&step.commands);
        out += &step
            .patches
            .iter()
            .map(|patch| block(&[patch]))
            .collect::<String>();
    }
    out
}

/// Text to copy, as it is.
fn block(texts: &[&str]) -> String {
    if texts.is_empty() {
        return String::new();
    }
    let texts: Vec<_> = texts.iter().map(|text| escape_lines(text)).collect();
    format!("<pre>{}</pre>\n", texts.join("\n"))
}
