//! A report for people: the verdict first, then what stands in the way, then what could not be looked at, then how much
//! was decided. Colour, where the caller wants it, repeats what the words say.

mod decided;
mod findings;
mod page;
mod unknown;

use airworthy_model::{Assessment, CheckInfo, Severity, Verdict};

pub(crate) use page::Page;
use page::{ALARM, CAUTION, GOOD, QUIET};

use crate::{
    sentence,
    text::{count, width},
    words,
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
    decided::waived(&mut page, assessment);
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
    page.text(0, &words::origin(assessment));
    if let Some(steps) = words::steps(assessment) {
        page.text(0, &steps);
    }
    decided::plan(page, assessment);
    if page.is_wide() {
        page.text(
            0,
            &format!("Judged with knowledge {}", assessment.knowledge),
        );
    }
}

fn every_check(page: &mut Page, assessment: &Assessment) {
    page.section(&format!("Checks ({})", assessment.checks.len()));
    let names = assessment.checks.iter().map(|check| width(&check.check));
    let column = names.max().unwrap_or_default();
    for check in &assessment.checks {
        let status = words::conclusion(check);
        page.row(2, &[(&check.check, column)], &status);
    }
}

fn closing(page: &mut Page, assessment: &Assessment) {
    let coverage = assessment.coverage();
    page.blank();
    let notes = assessment.of(Severity::Note).count();
    if notes > 0 && !page.is_wide() {
        page.text(
            0,
            &format!("{} not shown (-o wide shows them)", count(notes, "note")),
        );
    }
    for (label, names) in [
        ("Accepted", words::accepted(assessment)),
        ("Left out", words::left_out(assessment)),
    ] {
        if !names.is_empty() {
            page.text(0, &format!("{label}: {}", names.join(", ")));
        }
    }
    let style = if coverage.decided < coverage.applicable {
        CAUTION
    } else {
        QUIET
    };
    page.styled(0, style, &words::coverage(assessment));
}
