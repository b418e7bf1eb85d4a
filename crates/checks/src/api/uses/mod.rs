//! Who uses API versions that the target does not serve, from all evidence there is, one use an API version and owner.
//!
//! A use is reported once, by the check of its strongest evidence; the others only add to it. So each source is read only where
//! it can add something.

pub(crate) mod calls;
pub(crate) mod desired;
pub(crate) mod fate;
mod owner;
mod say;
mod shape;
pub(crate) mod system;
pub(crate) mod writers;

use airworthy_model::{
    Breaks, Evidence, Missing, Subject,
    facts::ApiCaller,
    finding::{Caller, Owner},
};
use jiff::Timestamp;

pub(crate) use fate::Ended;
pub(crate) use say::{describe, moved, program};

use crate::Context;

/// Who called, as what a finding is about.
pub(crate) fn caller(row: &ApiCaller) -> Subject {
    owner::subject(&owner::caller(row))
}

/// How well evidence proves use; the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// A client called.
    Call,
    /// A manager wrote.
    Writer,
    /// A deployed release will send it again.
    Helm,
    /// A GitOps source will.
    GitOps,
}

impl Strength {
    /// The check that reports uses of which this is the strongest evidence.
    const fn check(self) -> &'static str {
        match self {
            Self::Call => "DeprecatedApiCheck",
            Self::Writer => "DeprecatedApiWriter",
            Self::Helm => "HelmReleaseDeprecatedApi",
            Self::GitOps => "ManifestDeprecatedApi",
        }
    }

    fn uses<'a>(self, ctx: &Context<'a>) -> Result<Vec<ApiUse<'a>>, Missing> {
        match self {
            Self::Call => calls::uses(ctx),
            Self::Writer => writers::uses(ctx),
            Self::Helm => desired::releases(ctx),
            Self::GitOps => desired::sources(ctx),
        }
    }
}

/// The use of one API version by one owner.
#[derive(Clone, Debug)]
pub(crate) struct ApiUse<'a> {
    pub(crate) ended: Ended<'a>,
    pub(crate) owner: Owner,
    pub(crate) breaks: Breaks,
    /// What was seen, with what kind of evidence it is; the strongest first.
    pub(crate) evidence: Vec<(Strength, Evidence)>,
    pub(crate) objects: Vec<Subject>,
    /// Who called; of calls only.
    pub(crate) caller: Option<Caller>,
    /// Whether the server called it deprecated when it answered, so that it served it; of calls only.
    pub(crate) marked: bool,
    /// The latest call; of calls only.
    pub(crate) called: Option<Timestamp>,
    /// The time within which the caller wrote.
    wrote: Option<(Timestamp, Timestamp)>,
    /// The managers that wrote, and when.
    managers: Vec<(String, Option<Timestamp>)>,
}

impl<'a> ApiUse<'a> {
    fn new(ended: Ended<'a>, owner: Owner) -> Self {
        Self {
            ended,
            owner,
            breaks: Breaks::NextDeploy,
            evidence: Vec::new(),
            objects: Vec::new(),
            caller: None,
            marked: false,
            called: None,
            wrote: None,
            managers: Vec::new(),
        }
    }

    /// The check that reports it: that of the strongest evidence among those that run.
    fn reported_by(&self, ctx: &Context<'_>, own: Strength) -> Strength {
        let told = self.evidence.iter().map(|(strength, _)| *strength);
        told.filter(|strength| *strength == own || ctx.runs(strength.check()))
            .min()
            .unwrap_or(own)
    }

    /// Whether two pieces of evidence are of one use. A client is known by the program that called; objects by who wrote them
    /// and when.
    fn is_of(&self, other: &Self) -> bool {
        self.ended.name() == other.ended.name()
            && (self.owner == other.owner || self.wrote_as(other) || other.wrote_as(self))
            && (self.breaks == Breaks::Stale) == (other.breaks == Breaks::Stale)
    }

    /// Whether these are the calls by which the other's objects were written.
    fn wrote_as(&self, other: &Self) -> bool {
        let (Some(caller), Some((first, last))) = (&self.caller, self.wrote) else {
            return false;
        };
        let agent = caller.user_agent.as_deref().unwrap_or_default();
        let product = system::product(agent);
        let within = |time: &Option<Timestamp>| {
            // Managed fields have whole seconds.
            time.is_some_and(|time| {
                (first.as_second()..=last.as_second()).contains(&time.as_second())
            })
        };
        let same = |manager: &str| {
            manager
                .strip_prefix(product)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        other.owner.kind == owner::FIELD_MANAGER
            && !product.is_empty()
            && other
                .managers
                .iter()
                .any(|(manager, time)| same(manager) && within(time))
    }

    fn take(&mut self, other: &Self) {
        self.evidence.extend(other.evidence.iter().cloned());
        self.evidence.sort_by_key(|(strength, _)| *strength);
        for object in &other.objects {
            let known =
                |known: &Subject| known.kind == object.kind && known.path() == object.path();
            if !self.objects.iter().any(known) {
                self.objects.push(object.clone());
            }
        }
        self.objects.sort();
    }
}

/// The uses that the check of `own` evidence reports, each with all evidence there is. What other evidence lacks is for the check
/// of that evidence to say.
pub(crate) fn reported_by<'a>(
    ctx: &Context<'a>,
    own: Strength,
) -> Result<Vec<ApiUse<'a>>, Missing> {
    let mut uses = own.uses(ctx)?;
    if uses.is_empty() {
        return Ok(uses);
    }
    for other in [
        Strength::Call,
        Strength::Writer,
        Strength::Helm,
        Strength::GitOps,
    ] {
        let others = if other == own {
            Vec::new()
        } else {
            other.uses(ctx).unwrap_or_default()
        };
        for one in &mut uses {
            let more: Vec<_> = others.iter().filter(|other| one.is_of(other)).collect();
            for other in more {
                one.take(other);
            }
        }
    }
    uses.retain(|one| one.reported_by(ctx, own) == own);
    Ok(uses)
}
