//! Evidence that lacks: what, why, what it costs, and how to have it next time.

use airworthy_model::{Assessment, CheckResult, Need, Reason, Status};

use super::{Page, page::CAUTION};
use crate::text::count;

/// One obstacle, and every check that it stops.
struct Gap<'a> {
    /// `None` where a check does not say what it lacks.
    obstacle: Option<(Need, Reason)>,
    details: Vec<&'a str>,
    cures: Vec<&'a str>,
    blocking: Vec<&'a str>,
    others: Vec<&'a str>,
}

pub(super) fn section(page: &mut Page, assessment: &Assessment) {
    let lacks =
        |check: &&CheckResult| !matches!(check.status, Status::Skipped | Status::NotApplicable);
    let checks: Vec<_> = assessment.undecided().filter(lacks).collect();
    if checks.is_empty() {
        return;
    }
    page.section(&format!(
        "Unknown ({} without evidence)",
        count(checks.len(), "check")
    ));
    for (number, gap) in gaps(&checks).iter().enumerate() {
        if number > 0 {
            page.blank();
        }
        show(page, gap);
    }
}

/// The same obstacle once, whichever checks meet it; those that could hide a blocker first.
fn gaps<'a>(checks: &[&'a CheckResult]) -> Vec<Gap<'a>> {
    let mut gaps: Vec<Gap<'a>> = Vec::new();
    for check in checks {
        for missing in &check.missing {
            let gap = gap(&mut gaps, Some((missing.need, missing.reason)));
            once(&mut gap.details, Some(&missing.detail));
            once(&mut gap.cures, missing.cure.as_ref());
            gap.stops(check);
        }
        if check.missing.is_empty() {
            let gap = gap(&mut gaps, None);
            once(&mut gap.details, check.why.as_ref());
            gap.stops(check);
        }
    }
    gaps.sort_by_key(|gap| gap.blocking.is_empty());
    gaps
}

fn gap<'g, 'a>(gaps: &'g mut Vec<Gap<'a>>, obstacle: Option<(Need, Reason)>) -> &'g mut Gap<'a> {
    let known = gaps.iter().position(|gap| gap.obstacle == obstacle);
    let at = known.unwrap_or_else(|| {
        gaps.push(Gap {
            obstacle,
            details: Vec::new(),
            cures: Vec::new(),
            blocking: Vec::new(),
            others: Vec::new(),
        });
        gaps.len() - 1
    });
    &mut gaps[at]
}

fn once<'a>(list: &mut Vec<&'a str>, new: Option<&'a String>) {
    list.extend(new.map(String::as_str).filter(|new| !list.contains(new)));
}

impl<'a> Gap<'a> {
    fn stops(&mut self, check: &'a CheckResult) {
        let list = if check.can_block {
            &mut self.blocking
        } else {
            &mut self.others
        };
        once(list, Some(&check.check));
    }

    /// `2 checks that could block (A, B) and 1 other (C)`.
    fn cost(&self) -> String {
        let (blocking, others) = (self.blocking.join(", "), self.others.join(", "));
        let could_block = format!(
            "{} that could block ({blocking})",
            count(self.blocking.len(), "check")
        );
        match (self.blocking.len(), self.others.len()) {
            (0, others_count) => format!("{} ({others})", count(others_count, "check")),
            (_, 0) => could_block,
            (_, others_count) => format!(
                "{could_block} and {} ({others})",
                count(others_count, "other")
            ),
        }
    }
}

fn show(page: &mut Page, gap: &Gap<'_>) {
    match gap.obstacle {
        Some((need, reason)) => page.styled(2, CAUTION, &format!("{need}: {}", reason.label())),
        None => page.styled(2, CAUTION, "no reason given"),
    }
    for detail in &gap.details {
        page.text(4, detail);
    }
    page.text(4, &format!("Costs {}", gap.cost()));
    if let (Some((need, Reason::Forbidden)), true) = (gap.obstacle, gap.cures.is_empty()) {
        let rules: Vec<_> = need.access().iter().map(ToString::to_string).collect();
        if !rules.is_empty() {
            page.text(4, &format!("Cure: grant {}", rules.join(", ")));
        }
    }
    for cure in &gap.cures {
        page.text(4, &format!("Cure: {cure}"));
    }
}
