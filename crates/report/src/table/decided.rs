//! What was decided: the steps of the upgrade, and what somebody accepted.

use airworthy_model::Assessment;

use super::{Page, page::CAUTION};
use crate::{decided, words};

/// How many accepted findings a narrow view shows.
const SHOWN: usize = 20;

pub(super) fn plan(page: &mut Page, assessment: &Assessment) {
    for (number, step) in decided::plan(assessment).iter().enumerate() {
        page.text(2, &format!("{}. {step}", number + 1));
    }
}

pub(super) fn waived(page: &mut Page, assessment: &Assessment) {
    let waived = decided::waived(assessment);
    if !waived.is_empty() {
        page.section(&format!("Waived ({})", waived.len()));
        let shown = if page.is_wide() { waived.len() } else { SHOWN };
        for accepted in waived.iter().take(shown) {
            let (check, level) = (accepted.check, accepted.level);
            page.text(2, &format!("{check} ({level}): {}", accepted.told()));
            page.text(6, &accepted.terms());
        }
        page.more(4, waived.len().saturating_sub(shown));
    }
    notes(page, assessment);
}

fn notes(page: &mut Page, assessment: &Assessment) {
    if assessment.waiver_notes.is_empty() {
        return;
    }
    let title = words::of_waivers(assessment.waiver_notes.len());
    page.section(&title);
    for note in &assessment.waiver_notes {
        page.styled(2, CAUTION, &decided::note(note));
    }
}
