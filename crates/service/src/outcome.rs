//! What a post-check answers.

use airworthy_model::{Assessment, Status, Verdict};

/// The three answers of a post-check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostVerdict {
    /// The cluster came out fit to serve.
    Success,
    /// Something is worse than before.
    Failed(String),
    /// Evidence lacks, so nothing can be confirmed.
    Error(String),
}

/// A regression fails; without one, evidence that lacks for a check that could have found one is an error, never a success.
pub fn post_verdict(assessment: &Assessment) -> PostVerdict {
    match assessment.verdict {
        Verdict::NotReady => PostVerdict::Failed(regressions(assessment)),
        Verdict::CannotDetermine => PostVerdict::Error(lacking(assessment)),
        Verdict::Ready | Verdict::ReadyWithRisks => PostVerdict::Success,
    }
}

fn regressions(assessment: &Assessment) -> String {
    let blockers: Vec<_> = assessment.of(airworthy_model::Severity::Blocker).collect();
    let quoted = blockers.iter().take(5).map(|finding| {
        let subject = &finding.subject;
        format!(
            "{}: {} {}: {}",
            finding.check,
            subject.kind,
            subject.path(),
            finding.message
        )
    });
    let more = blockers.len().saturating_sub(5);
    quoted
        .chain((more > 0).then(|| format!("and {more} more")))
        .collect::<Vec<_>>()
        .join("; ")
}

fn lacking(assessment: &Assessment) -> String {
    let undecided = assessment
        .checks
        .iter()
        .filter(|check| check.status == Status::Unknown || !check.missing.is_empty());
    let mut reasons: Vec<String> = undecided
        .flat_map(|check| check.missing.iter().map(ToString::to_string))
        .collect();
    reasons.sort();
    reasons.dedup();
    format!("evidence lacks: {}", reasons.join("; "))
}
