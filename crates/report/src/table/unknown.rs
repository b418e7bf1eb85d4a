//! Evidence that lacks: what, why, what it costs, and how to have it next time.

use airworthy_model::Assessment;

use super::{Page, page::CAUTION};
use crate::{
    gaps::{Gap, gaps},
    text::count,
    words,
};

/// How many details of one obstacle a narrow view shows: one that meets every file would fill the page.
const DETAILS: usize = 10;

pub(super) fn section(page: &mut Page, assessment: &Assessment) {
    let checks = words::undecided(assessment).len();
    if checks == 0 {
        return;
    }
    page.section(&format!(
        "Unknown ({} without evidence)",
        count(checks, "check")
    ));
    for (number, gap) in gaps(assessment).iter().enumerate() {
        if number > 0 {
            page.blank();
        }
        show(page, gap);
    }
}

fn show(page: &mut Page, gap: &Gap<'_>) {
    page.styled(2, CAUTION, &gap.title());
    let shown = if page.is_wide() { usize::MAX } else { DETAILS };
    for detail in gap.details.iter().take(shown) {
        page.text(4, detail);
    }
    page.more(4, gap.details.len().saturating_sub(shown));
    page.text(4, &format!("Costs {}", gap.cost()));
    for cure in gap.cures() {
        page.text(4, &format!("Cure: {cure}"));
    }
}
