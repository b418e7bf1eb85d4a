//! What a check is: data and one function.

use airworthy_model::{CheckInfo, Finding, Missing};

use crate::context::Context;

/// A check. Everything but the two functions is data.
#[derive(Debug)]
pub struct Check {
    /// Name, place on the wire, needs, page.
    pub info: CheckInfo,
    /// Whether it can reach a blocker in this context. Where it can, its *unknown* makes the verdict *cannot determine*.
    pub blocks: fn(&Context<'_>) -> bool,
    /// Looks at the facts.
    pub run: fn(&Context<'_>) -> Outcome,
}

/// What a check returns: a judgement, or the first group of facts that it could not do without.
pub type Outcome = Result<Judgement, Missing>;

/// What a check concluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What it found.
    pub findings: Vec<Finding>,
    /// Evidence that lacks although it could judge in part: nothing found then means *unknown*, not *clear*.
    pub missing: Vec<Missing>,
    /// Why the question has no meaning here.
    pub not_applicable: Option<String>,
}

impl Judgement {
    /// The question has no meaning here.
    pub fn not_applicable(why: impl Into<String>) -> Self {
        Self {
            not_applicable: Some(why.into()),
            ..Self::default()
        }
    }

    /// The same judgement, made without some of the evidence.
    #[must_use]
    pub fn without(mut self, missing: impl IntoIterator<Item = Missing>) -> Self {
        self.missing.extend(missing);
        self
    }
}

impl From<Vec<Finding>> for Judgement {
    fn from(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            ..Self::default()
        }
    }
}

impl FromIterator<Finding> for Judgement {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        findings.into_iter().collect::<Vec<_>>().into()
    }
}

impl FromIterator<Outcome> for Judgement {
    /// Parts that are judged one by one: what some of them lack does not hide what the others found.
    fn from_iter<I: IntoIterator<Item = Outcome>>(parts: I) -> Self {
        let mut whole = Self::default();
        for part in parts {
            let part = part.unwrap_or_else(|missing| Self::default().without([missing]));
            whole.findings.extend(part.findings);
            for missing in part.missing {
                if !whole.missing.contains(&missing) {
                    whole.missing.push(missing);
                }
            }
        }
        whole
    }
}

/// For checks whose level is a blocker wherever they apply.
pub fn always(_: &Context<'_>) -> bool {
    true
}

/// For checks that never reach a blocker.
pub fn never(_: &Context<'_>) -> bool {
    false
}

/// For checks that block only an upgrade that drains nodes.
pub fn when_draining(ctx: &Context<'_>) -> bool {
    ctx.drains_nodes()
}
