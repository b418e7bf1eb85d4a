//! Checks that users write: expressions over facts, with the same findings as ours.

mod example;
mod expression;
mod file;
mod rows;

use std::sync::Arc;

use airworthy_checks::{Judgement, Outcome};
use airworthy_model::{
    CheckInfo, Evidence, Facts, Finding, Missing, Need, Reason, Severity, UpgradePath,
};
use serde_json::{Value as Json, json};

pub use example::{Example, Says};
use expression::Expression;
pub use file::{CheckFileError, parse};

/// Most parts that one check may look at: some ten seconds' worth.
const MOST_COST: u64 = 100_000_000;
/// Most items that one check names of those it could not judge.
const NAMED: usize = 3;

/// A check that a user wrote.
#[derive(Clone, Debug)]
pub struct UserCheck {
    /// Name, place on the wire, needs, page: as of ours.
    pub info: CheckInfo,
    /// Where it stands: file and line.
    pub origin: String,
    /// Cases that it must judge rightly.
    pub examples: Arc<[Example]>,
    need: Need,
    when: Expression,
    message: String,
    fix: String,
}

impl UserCheck {
    /// Judges facts. What cannot be decided of an item is missing, and never clear.
    pub(crate) fn judge(&self, facts: &Facts, path: Option<&UpgradePath>) -> Outcome {
        if let Some(why) = self.when.too_large() {
            return Err(self.missing(why.to_owned()));
        }
        let path = way(path);
        let (mut cost, mut wrong) = (0_u64, 0);
        rows::each(facts, self.need, &mut |_, item| {
            cost = cost.saturating_add(self.when.cost(item));
        })?;
        if cost > MOST_COST {
            let why = format!(
                "the expression would look at {cost} parts of these facts; {MOST_COST} are allowed"
            );
            return Err(self.missing(why));
        }
        let (mut findings, mut faults) = (Vec::new(), Vec::new());
        rows::each(
            facts,
            self.need,
            &mut |number, item| match self.when.holds(item, &path) {
                Ok(true) => findings.push(self.finding(facts, number, item)),
                Ok(false) => (),
                Err(why) => {
                    wrong += 1;
                    if faults.len() < NAMED {
                        let subject = rows::subject(self.need, number, item);
                        faults.push(format!("{} {}: {why}", subject.kind, subject.path()));
                    }
                }
            },
        )?;
        let missing = (wrong > 0).then(|| self.missing(undecided(wrong, &faults)));
        Ok(Judgement::from(findings).without(missing))
    }

    fn finding(&self, facts: &Facts, number: usize, item: &Json) -> Finding {
        let subject = rows::subject(self.need, number, item);
        let seen = format!("{} holds", self.when.text());
        let evidence = Evidence::state(self.need.label(), facts.observed_at, seen);
        Finding::new(self.info.level, subject, self.message.clone())
            .because(evidence)
            .fix(self.fix.clone())
    }

    fn missing(&self, detail: String) -> Missing {
        Missing {
            need: self.need,
            reason: Reason::Malformed,
            detail,
            cure: Some(format!(
                "correct the expression of {} ({})",
                self.info.name, self.origin
            )),
        }
    }

    /// Whether it can find a blocker.
    pub(crate) fn blocks(&self) -> bool {
        self.info.level == Severity::Blocker
    }

    /// Why it is never run, where its expression is beyond the bounds.
    pub fn too_large(&self) -> Option<&str> {
        self.when.too_large()
    }
}

fn undecided(wrong: usize, faults: &[String]) -> String {
    let named = crate::words::some_of(faults, NAMED);
    let more = wrong - faults.len();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("the expression could not be decided of {named}{more}")
}

/// The way as expressions see it; empty texts and zeros where nobody knows it.
fn way(path: Option<&UpgradePath>) -> Json {
    let minor = |text: String, number: u16| (text, number);
    let (from, from_minor) = path.map_or_else(Default::default, |path| {
        minor(path.from.minor.to_string(), path.from.minor.minor)
    });
    let (target, target_minor) = path.map_or_else(Default::default, |path| {
        minor(path.target.minor.to_string(), path.target.minor.minor)
    });
    json!({"from": from, "fromMinor": from_minor, "target": target, "targetMinor": target_minor})
}
