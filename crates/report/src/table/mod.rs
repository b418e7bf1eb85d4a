//! A report for people: the verdict first, then what stands in the way, then what could not be looked at, then how much
//! was decided. Colour, where the caller wants it, repeats what the words say.

mod findings;
mod page;
mod unknown;

use airworthy_model::{Assessment, CheckInfo, CheckResult, Severity, Status, Verdict};

pub(crate) use page::Page;
use page::{ALARM, CAUTION, GOOD, QUIET};

use crate::{
    sentence,
    text::{count, width},
};

/// How a report for people is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Columns of the terminal; `None` where there is none, and lines may be of any length. Nothing is ever cut off.
    pub width: Option<usize>,
    /// Whether to colour.
    pub colour: bool,
    /// Whether to show evidence, notes, fingerprints and every check, with no limit to how many.
    pub wide: bool,
}

/// The report as text. Summaries come from `catalogue`; a check that it lacks goes by its name alone.
pub fn render(assessment: &Assessment, catalogue: &[CheckInfo], view: View) -> String {
    let mut page = Page::new(view);
    headline(&mut page, assessment);
    for (severity, title) in [(Severity::Blocker, "Blockers"), (Severity::Risk, "Risks")] {
        findings::section(&mut page, assessment, catalogue, severity, title);
    }
    unknown::section(&mut page, assessment);
    if view.wide {
        findings::section(&mut page, assessment, catalogue, Severity::Note, "Notes");
        every_check(&mut page, assessment);
    }
    closing(&mut page, assessment);
    page.finish()
}

fn headline(page: &mut Page, assessment: &Assessment) {
    let style = match assessment.verdict {
        Verdict::Ready => GOOD,
        Verdict::ReadyWithRisks | Verdict::CannotDetermine => CAUTION,
        Verdict::NotReady => ALARM,
    };
    page.styled(0, style, &sentence(assessment));
    page.text(0, &origin(assessment));
    let hops = assessment.path.as_ref().map_or(&[][..], |path| &path.hops);
    if hops.len() > 1 {
        let hops: Vec<_> = hops.iter().map(ToString::to_string).collect();
        page.text(0, &format!("{} steps: {}", hops.len(), hops.join(", ")));
    }
    if page.is_wide() {
        page.text(
            0,
            &format!("Judged with knowledge {}", assessment.knowledge),
        );
    }
}

/// Which cluster, what runs there, and when that was seen.
fn origin(assessment: &Assessment) -> String {
    let cluster = &assessment.cluster;
    let name = cluster.name.as_ref().or(cluster.uid.as_ref());
    let name = name.map_or("The cluster".into(), |name| format!("Cluster {name}"));
    let server = cluster.server.as_ref();
    let server = server.map_or(String::new(), |server| format!(" at {server}"));
    let read = assessment.observed_at;
    match &assessment.version {
        Some(version) => format!("{name}{server} runs {version}, read {read:.0}"),
        None => format!("Files, read {read:.0}"),
    }
}

fn every_check(page: &mut Page, assessment: &Assessment) {
    page.section(&format!("Checks ({})", assessment.checks.len()));
    let names = assessment.checks.iter().map(|check| width(&check.check));
    let column = names.max().unwrap_or_default();
    for check in &assessment.checks {
        let status = describe(check);
        page.row(2, &[(&check.check, column)], &status);
    }
}

fn describe(check: &CheckResult) -> String {
    let status = status_label(check.status);
    let lacks = match check.missing.len() {
        0 => String::new(),
        _ if check.status == Status::Unknown => String::new(),
        _ => ", evidence lacks".into(),
    };
    let why = check.why.as_ref();
    let why = why.map_or(String::new(), |why| format!(": {why}"));
    format!("{status}{lacks}{why}")
}

const fn status_label(status: Status) -> &'static str {
    match status {
        Status::Found => "found",
        Status::Clear => "clear",
        Status::Unknown => "unknown",
        Status::NotApplicable => "not applicable",
        Status::Skipped => "left out",
        Status::Waived => "accepted",
    }
}

fn closing(page: &mut Page, assessment: &Assessment) {
    let coverage = assessment.coverage();
    let of_status = |status| -> Vec<&str> {
        let checks = assessment.checks.iter();
        let these = checks.filter(|check| check.status == status);
        these.map(|check| check.check.as_str()).collect()
    };
    page.blank();
    let notes = assessment.of(Severity::Note).count();
    if notes > 0 && !page.is_wide() {
        page.text(
            0,
            &format!("{} not shown (-o wide shows them)", count(notes, "note")),
        );
    }
    for (label, names) in [
        ("Accepted", of_status(Status::Waived)),
        ("Left out", of_status(Status::Skipped)),
    ] {
        if !names.is_empty() {
            page.text(0, &format!("{label}: {}", names.join(", ")));
        }
    }
    let inapplicable = match of_status(Status::NotApplicable).len() {
        0 => String::new(),
        1 => "; 1 does not apply here".into(),
        more => format!("; {more} do not apply here"),
    };
    let decided = format!(
        "{} of {} decided{inapplicable}",
        coverage.decided,
        count(coverage.applicable, "check")
    );
    let style = if coverage.decided < coverage.applicable {
        CAUTION
    } else {
        QUIET
    };
    page.styled(0, style, &decided);
}
