//! Accepted risks: what they cover, and what is to be said of them.

mod file;
mod labels;
mod pattern;

use std::{collections::BTreeSet, fmt};

use airworthy_model::{
    CheckInfo, CheckResult, Facts, Finding, Kind, Severity, Status, Waiver, WaiverFault, WaiverNote,
};
use jiff::Timestamp;

pub use file::{Form, WaiverFileError, parse};
pub use labels::LabelSelector;
pub use pattern::SubjectPattern;

use crate::words;

/// Most findings that one note names.
const NAMED: usize = 3;

/// What somebody accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Name of the check.
    pub check: String,
    /// Which of its findings.
    pub covers: Covers,
    /// By whom, why, until when.
    pub waiver: Waiver,
}

/// Which findings of a check are accepted. The first two are what a request can say; the others stand in files, and of those none
/// covers a blocker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covers {
    /// All of them, and that evidence lacks. A blocker only where the wire lets an item of that kind be skipped.
    Everything,
    /// Those on nodes with these uids; a blocker as above.
    NodeUids(BTreeSet<String>),
    /// Those on nodes with such labels.
    Nodes(LabelSelector),
    /// Those on objects of such a name.
    Subject(SubjectPattern),
    /// The one with this fingerprint.
    Fingerprint(String),
}

impl Covers {
    fn is_of_a_request(&self) -> bool {
        matches!(self, Self::Everything | Self::NodeUids(_))
    }
}

impl fmt::Display for Covers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::NodeUids(uids) => write!(f, "{} nodes", uids.len()),
            Self::Nodes(selector) => write!(f, "nodes with {selector}"),
            Self::Subject(pattern) => pattern.fmt(f),
            Self::Fingerprint(fingerprint) => write!(f, "fingerprint {fingerprint}"),
        }
    }
}

impl Acceptance {
    /// What a caller of the service accepts for one task: an item as a whole, or on some nodes.
    pub fn of_request(check: String, nodes: Option<BTreeSet<String>>, owner: &str) -> Self {
        Self {
            check,
            covers: nodes.map_or(Covers::Everything, Covers::NodeUids),
            waiver: Waiver {
                owner: owner.to_owned(),
                reason: "skipped by API".to_owned(),
                expires: None,
                source: "the request".to_owned(),
            },
        }
    }

    /// Whether it is of a request, whose names are those of the phase that was asked for.
    pub(crate) fn is_of_a_request(&self) -> bool {
        self.covers.is_of_a_request()
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.waiver.expires.is_some_and(|at| at <= now)
    }

    fn covers(&self, finding: &Finding, facts: &Facts) -> bool {
        let subject = &finding.subject;
        self.check == finding.check
            && match &self.covers {
                Covers::Everything => true,
                Covers::NodeUids(uids) => subject.uid.as_ref().is_some_and(|it| uids.contains(it)),
                Covers::Nodes(selector) => {
                    subject.kind == "Node" && on_node(facts, &subject.name, selector)
                }
                Covers::Subject(pattern) => pattern.fits(subject),
                Covers::Fingerprint(fingerprint) => *fingerprint == finding.fingerprint(),
            }
    }

    /// A blocker can be skipped on the wire where the item is of the kind that may be; no file can waive one.
    fn may_cover(&self, info: &CheckInfo, severity: Severity) -> bool {
        severity < Severity::Blocker || (info.kind == Kind::Risk && self.covers.is_of_a_request())
    }
}

fn on_node(facts: &Facts, name: &str, selector: &LabelSelector) -> bool {
    let nodes = facts.nodes.as_deref().unwrap_or_default();
    let mut named = nodes.iter().filter(|node| node.name == name);
    named.any(|node| selector.fits(&node.labels))
}

/// Holds findings against what was accepted, and keeps what is to be said of that.
pub(crate) struct Desk<'a> {
    acceptances: &'a [Acceptance],
    facts: &'a Facts,
    now: Timestamp,
    /// What each acceptance would cover, in words, by what came of it.
    used: Vec<bool>,
    expired: Vec<Vec<String>>,
    refused: Vec<Vec<String>>,
}

impl<'a> Desk<'a> {
    /// `now` is when decisions are held against the clock; facts that are newer count as now.
    pub(crate) fn new(
        acceptances: &'a [Acceptance],
        facts: &'a Facts,
        now: Option<Timestamp>,
    ) -> Self {
        let none = vec![Vec::new(); acceptances.len()];
        Self {
            acceptances,
            facts,
            now: now.map_or(facts.observed_at, |now| now.max(facts.observed_at)),
            used: vec![false; acceptances.len()],
            expired: none.clone(),
            refused: none,
        }
    }

    /// By whom a finding is accepted, if it is.
    pub(crate) fn waiver(&mut self, info: &CheckInfo, finding: &Finding) -> Option<Waiver> {
        let mut found = None;
        for (number, acceptance) in self.acceptances.iter().enumerate() {
            if !acceptance.covers(finding, self.facts) {
                continue;
            }
            self.used[number] = true;
            if !acceptance.may_cover(info, finding.severity) {
                self.refused[number].push(words::subject(&finding.subject));
            } else if acceptance.is_over(self.now) {
                self.expired[number].push(words::subject(&finding.subject));
            } else {
                found = found.or_else(|| Some(acceptance.waiver.clone()));
            }
        }
        found
    }

    /// By whom it is accepted that evidence lacks. Only a request can say so: in a file it could hide a blocker for good.
    pub(crate) fn waiver_of_missing(&self, check: &str) -> Option<Waiver> {
        let mut whole = self
            .acceptances
            .iter()
            .filter(|it| it.covers == Covers::Everything);
        whole
            .find(|it| it.check == check)
            .map(|it| it.waiver.clone())
    }

    /// What is to be said once all checks have run: the worst first.
    pub(crate) fn notes(self, checks: &[CheckResult]) -> Vec<WaiverNote> {
        let mut notes: Vec<_> = (0..self.acceptances.len())
            .flat_map(|number| self.notes_of(number, checks))
            .collect();
        notes.sort_by_key(|note| note.fault);
        notes
    }

    fn notes_of(&self, number: usize, checks: &[CheckResult]) -> Vec<WaiverNote> {
        let acceptance = &self.acceptances[number];
        if acceptance.is_of_a_request() {
            return Vec::new();
        }
        let (check, owner) = (&acceptance.check, &acceptance.waiver.owner);
        let (refused, expired) = (&self.refused[number], &self.expired[number]);
        let mut said = Vec::new();
        if !refused.is_empty() {
            let named = words::some_of(refused, NAMED);
            let message =
                format!("{check} of {named} is a blocker, which nobody can waive: it counts");
            said.push((WaiverFault::Refused, message));
        }
        if let (false, Some(at)) = (expired.is_empty(), acceptance.waiver.expires) {
            let named = words::some_of(expired, NAMED);
            let message =
                format!("{owner}'s waiver of {check} ended at {at:.0}: {named} counts again");
            said.push((WaiverFault::Expired, message));
        }
        if !self.used[number] && decided(checks, check) && self.can_tell(acceptance) {
            let message = format!("covers nothing that {check} found: correct it, or remove it");
            said.push((WaiverFault::Unused, message));
        }
        let note = |(fault, message)| WaiverNote {
            fault,
            check: check.clone(),
            source: acceptance.waiver.source.clone(),
            message,
        };
        said.into_iter().map(note).collect()
    }

    /// Whether it can be known which nodes it means.
    fn can_tell(&self, acceptance: &Acceptance) -> bool {
        !matches!(acceptance.covers, Covers::Nodes(_)) || self.facts.nodes.is_ok()
    }
}

/// Whether a check ran and looked at everything: then what it did not find is not there.
fn decided(checks: &[CheckResult], name: &str) -> bool {
    let ran = |status| matches!(status, Status::Found | Status::Clear | Status::Waived);
    checks
        .iter()
        .any(|check| check.check == name && ran(check.status) && check.missing.is_empty())
}
