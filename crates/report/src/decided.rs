//! What was decided, in the same words by every format for people: who accepted what, and in which steps the upgrade goes.

use airworthy_model::{Assessment, Part, Severity, Step, Waived, Waiver, WaiverNote};

use crate::{text::count, words};

/// What is waived, in words.
pub(crate) struct Accepted<'a> {
    pub(crate) check: &'a str,
    /// How bad it would be; `evidence` where that lacks.
    pub(crate) level: &'static str,
    /// What was found, subject and message, or what lacks.
    pub(crate) what: [String; 2],
    pub(crate) waiver: &'a Waiver,
}

impl Accepted<'_> {
    /// What was found or lacks, as one text.
    pub(crate) fn told(&self) -> String {
        self.what.join(" ")
    }

    /// `team-shop until 2027-01-31T00:00:00Z: one replica is enough there (waivers.toml:3)`.
    pub(crate) fn terms(&self) -> String {
        terms(self.waiver)
    }
}

/// Everything that is waived.
pub(crate) fn waived(assessment: &Assessment) -> Vec<Accepted<'_>> {
    assessment.waived.iter().map(accepted).collect()
}

fn accepted(waived: &Waived) -> Accepted<'_> {
    let (level, what) = match &waived.finding {
        Some(finding) => {
            let subject = words::subject(&finding.subject);
            let level = words::severity(finding.severity);
            (level, [subject, finding.message.clone()])
        }
        None => ("evidence", ["not assessed:".to_owned(), lacking(waived)]),
    };
    Accepted {
        check: &waived.check,
        level,
        what,
        waiver: &waived.waiver,
    }
}

/// The evidence that lacks.
pub(crate) fn lacking(waived: &Waived) -> String {
    let missing: Vec<_> = waived.missing.iter().map(ToString::to_string).collect();
    missing.join("; ")
}

/// By whom, until when, why, and where it stands.
pub(crate) fn terms(waiver: &Waiver) -> String {
    let (until, reason, source) = (until(waiver), &waiver.reason, &waiver.source);
    format!("{} {until}: {reason} ({source})", waiver.owner)
}

/// Until when something is accepted.
pub(crate) fn until(waiver: &Waiver) -> String {
    match waiver.expires {
        Some(at) => format!("until {at:.0}"),
        None => "for as long as this result counts".to_owned(),
    }
}

/// `waivers.toml:3: covers nothing that BarePod found: correct it, or remove it`.
pub(crate) fn note(note: &WaiverNote) -> String {
    format!("{}: {}", note.source, note.message)
}

/// The steps of the upgrade, one line each, where the control plane takes more than one. First comes what is there before any of them,
/// since no step brings it about.
pub(crate) fn plan(assessment: &Assessment) -> Vec<String> {
    if moves(assessment) < 2 {
        return Vec::new();
    }
    let steps = assessment.plan.iter().map(step);
    before(assessment).into_iter().chain(steps).collect()
}

/// How often the control plane is to move.
pub(crate) fn moves(assessment: &Assessment) -> usize {
    let is_move = |step: &&Step| step.part == Part::ControlPlane;
    assessment.plan.iter().filter(is_move).count()
}

fn before(assessment: &Assessment) -> Option<String> {
    let stands = assessment.findings.iter().filter(|one| one.hop.is_none());
    let found: Vec<_> = stands.map(|finding| finding.severity).collect();
    let of = |severity| found.iter().filter(|one| **one == severity).count();
    let [blockers, risks, notes] = [Severity::Blocker, Severity::Risk, Severity::Note].map(of);
    let counts = counts(blockers, risks, notes);
    counts.map(|counts| format!("before the first step: {counts}"))
}

fn step(step: &Step) -> String {
    let what = match step.part {
        Part::ControlPlane => format!("control plane {} → {}", step.from, step.to),
        Part::Addons => format!("add-ons for {}", step.to),
        Part::Nodes => format!("nodes {} → {}", step.from, step.to),
    };
    let wait = step.may_wait_until;
    let wait = wait.map_or(String::new(), |minor| {
        format!(" (may wait until the control plane is at {minor})")
    });
    match counts(step.blockers, step.risks, step.notes) {
        None => format!("{what}{wait}"),
        Some(counts) => format!("{what}{wait}: {counts}"),
    }
}

/// `2 blockers, 1 note`.
fn counts(blockers: usize, risks: usize, notes: usize) -> Option<String> {
    let counts = [(blockers, "blocker"), (risks, "risk"), (notes, "note")];
    let counts = counts.into_iter().filter(|(number, _)| *number > 0);
    let counts: Vec<_> = counts.map(|(number, noun)| count(number, noun)).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}
