//! The verdict as one sentence.

use airworthy_model::{Assessment, KubeVersion, Phase, Scope, Severity, Verdict};

use crate::text::{count, list};

/// The verdict as one sentence for people. A run that left something out never says that the cluster is ready.
pub fn sentence(assessment: &Assessment) -> String {
    let tally = Tally::of(assessment);
    match (assessment.scope, assessment.verdict) {
        (Scope::Full, Verdict::Ready | Verdict::ReadyWithRisks) => tally.ready(assessment),
        (Scope::Partial, Verdict::Ready | Verdict::ReadyWithRisks) => {
            tally.nothing_worse(assessment)
        }
        (_, Verdict::NotReady) => tally.not_ready(assessment),
        (_, Verdict::CannotDetermine) => tally.cannot_determine(assessment),
    }
}

/// How the sentence calls what the upgrade is about.
fn goal(assessment: &Assessment) -> String {
    let target = assessment.path.as_ref().map(|path| &path.target);
    match (assessment.phase, target, &assessment.version) {
        (Phase::Pre, Some(target), _) => format!("for {}", version(target)),
        (Phase::Pre, None, _) | (Phase::Post, None, None) => "for the upgrade".into(),
        // What was reached says more than what was aimed at; where it was not reached, the aim counts.
        (Phase::Post, Some(target), runs) => {
            let reached = runs.as_ref().filter(|runs| target.fits(runs));
            format!(
                "after the upgrade to {}",
                version(reached.unwrap_or(target))
            )
        }
        (Phase::Post, None, Some(runs)) => format!("on {}", version(runs)),
    }
}

/// Whether files were judged and no cluster: the verdict is about them alone.
const fn of_files(assessment: &Assessment) -> bool {
    assessment.version.is_none()
}

/// A minor as people write it, `1.32`; a whole version as servers do, `v1.32.4`.
pub(crate) fn version(version: &KubeVersion) -> String {
    match version.patch {
        None if version.suffix.is_empty() => version.minor.to_string(),
        _ => version.to_string(),
    }
}

/// What the sentence counts.
struct Tally {
    blockers: usize,
    risks: usize,
    /// Checks that lack evidence and could block.
    could_block: usize,
    /// Checks that lack evidence.
    undecided: usize,
    ran: usize,
    left_out: usize,
    waived: usize,
}

impl Tally {
    fn of(assessment: &Assessment) -> Self {
        let coverage = assessment.coverage();
        Self {
            blockers: assessment.of(Severity::Blocker).count(),
            risks: assessment.of(Severity::Risk).count(),
            could_block: assessment
                .undecided()
                .filter(|check| check.can_block)
                .count(),
            undecided: coverage.applicable - coverage.decided,
            ran: coverage.applicable,
            left_out: assessment.left_out().count(),
            waived: assessment.waived.len(),
        }
    }

    fn ready(&self, assessment: &Assessment) -> String {
        let fit = match assessment.phase {
            Phase::Pre if of_files(assessment) => "Files ready",
            Phase::Pre => "Ready",
            Phase::Post => "Fit to serve",
        };
        let with = match list(&self.risks_and_gaps()) {
            none if none.is_empty() => String::new(),
            some => format!(" with {some}"),
        };
        format!("{fit} {}{with}{}.", goal(assessment), self.omission())
    }

    fn nothing_worse(&self, assessment: &Assessment) -> String {
        let but = match self.risks {
            0 => String::new(),
            _ => format!(" but {}", count(self.risks, "risk")),
        };
        let found = format!("No blocker{but} found {}", goal(assessment));
        format!(
            "{found} by {}{}{}.",
            self.those_that_ran(),
            self.gaps(),
            self.omission()
        )
    }

    fn not_ready(&self, assessment: &Assessment) -> String {
        let not = match assessment.phase {
            Phase::Pre if of_files(assessment) => "Files not ready",
            Phase::Pre => "Not ready",
            Phase::Post => "Not fit to serve",
        };
        let mut counts = vec![count(self.blockers, "blocker")];
        counts.extend(self.risks_and_gaps());
        format!(
            "{not} {}: {}{}.",
            goal(assessment),
            counts.join(", "),
            self.omission()
        )
    }

    fn cannot_determine(&self, assessment: &Assessment) -> String {
        let question = match (assessment.scope, assessment.phase) {
            (Scope::Full, Phase::Pre) if of_files(assessment) => "whether the files are ready",
            (Scope::Full, Phase::Pre) => "whether the cluster is ready",
            (Scope::Full, Phase::Post) => "whether the cluster is fit to serve",
            (Scope::Partial, _) => "whether there is a blocker",
        };
        let mut counts = vec![format!(
            "{} that could block lacked evidence",
            count(self.could_block, "check")
        )];
        counts.extend((self.risks > 0).then(|| format!("{} found", count(self.risks, "risk"))));
        let (goal, counts) = (goal(assessment), counts.join(", "));
        format!(
            "Cannot determine {question} {goal}: {counts}{}.",
            self.omission()
        )
    }

    fn risks_and_gaps(&self) -> Vec<String> {
        let risks = (self.risks > 0).then(|| count(self.risks, "risk"));
        let gaps = (self.undecided > 0)
            .then(|| format!("{} without evidence", count(self.undecided, "check")));
        risks.into_iter().chain(gaps).collect()
    }

    fn those_that_ran(&self) -> String {
        match self.ran {
            1 => "the 1 check that ran".into(),
            ran => format!("the {ran} checks that ran"),
        }
    }

    fn gaps(&self) -> String {
        match self.undecided {
            0 => String::new(),
            gaps => format!(", {gaps} of them without evidence"),
        }
    }

    fn omission(&self) -> String {
        let left_out = match self.left_out {
            0 => String::new(),
            1 => "; 1 check was left out".into(),
            more => format!("; {more} checks were left out"),
        };
        let waived = match self.waived {
            0 => String::new(),
            some => format!("; {} waived", count(some, "finding")),
        };
        left_out + &waived
    }
}
