//! Evidence that lacks: the same obstacle once, whichever checks meet it, with what it costs and how to have it next time.

use airworthy_model::{Assessment, CheckResult, Need, Reason};

use crate::{text::count, words};

/// One obstacle, and every check that it stops.
pub(crate) struct Gap<'a> {
    /// `None` where a check does not say what it lacks.
    obstacle: Option<(Need, Reason)>,
    /// What was asked and what was answered.
    pub(crate) details: Vec<&'a str>,
    cures: Vec<&'a str>,
    blocking: Vec<&'a str>,
    others: Vec<&'a str>,
}

/// Every obstacle; those that could hide a blocker first.
pub(crate) fn gaps(assessment: &Assessment) -> Vec<Gap<'_>> {
    let mut gaps: Vec<Gap<'_>> = Vec::new();
    for check in words::undecided(assessment) {
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

    /// `services: forbidden`.
    pub(crate) fn title(&self) -> String {
        match self.obstacle {
            Some((need, reason)) => format!("{need}: {}", reason.label()),
            None => "no reason given".into(),
        }
    }

    /// `2 checks that could block (A, B) and 1 other (C)`.
    pub(crate) fn cost(&self) -> String {
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

    /// What to do, so that nothing lacks next time.
    pub(crate) fn cures(&self) -> Vec<String> {
        let granted = match self.obstacle {
            Some((need, Reason::Forbidden)) if self.cures.is_empty() => rules(need),
            _ => None,
        };
        let told = self.cures.iter().map(|cure| (*cure).to_owned());
        granted.into_iter().chain(told).collect()
    }
}

fn rules(need: Need) -> Option<String> {
    let rules: Vec<_> = need.access().iter().map(ToString::to_string).collect();
    (!rules.is_empty()).then(|| format!("grant {}", rules.join(", ")))
}
