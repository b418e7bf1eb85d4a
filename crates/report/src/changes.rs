//! What has changed from one look at a cluster to the next, a line each.

use std::collections::BTreeMap;

use airworthy_model::{Assessment, Finding, Severity};

use crate::{sentence, text::clean, words};

/// The time of the look and its verdict, then one line for each finding that is new, worse, better or gone. Notes change nothing. The
/// first look has nothing before it: all that it found is new.
pub fn render(earlier: Option<&Assessment>, last: &Assessment) -> Vec<String> {
    let before = earlier.map(by_print).unwrap_or_default();
    let now = by_print(last);
    let time = last.observed_at.strftime("%H:%M:%SZ");
    let head = format!("{time}  {}", clean(&sentence(last)));
    let new = now.iter().filter(|(print, _)| !before.contains_key(*print));
    let new = new.map(|(_, finding)| line("+", finding));
    let gone = before.iter().filter(|(print, _)| !now.contains_key(*print));
    let gone = gone.map(|(_, finding)| line("-", finding));
    let other = now.iter().filter_map(|(print, finding)| {
        let old = before.get(print)?;
        (old.severity != finding.severity).then(|| line("~", finding))
    });
    [head]
        .into_iter()
        .chain(new)
        .chain(other)
        .chain(gone)
        .collect()
}

fn by_print(assessment: &Assessment) -> BTreeMap<String, &Finding> {
    let counts = assessment.findings.iter();
    let counts = counts.filter(|finding| finding.severity > Severity::Note);
    counts
        .map(|finding| (finding.fingerprint(), finding))
        .collect()
}

fn line(sign: &str, finding: &Finding) -> String {
    let subject = &finding.subject;
    let text = format!(
        "{} {}: {} {}: {}",
        words::severity(finding.severity),
        finding.check,
        subject.kind,
        subject.path(),
        finding.message
    );
    format!("  {sign} {}", clean(&text))
}
