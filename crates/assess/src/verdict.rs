//! From what the checks said to one answer.

use airworthy_model::{CheckResult, Finding, Scope, Severity, Status, Verdict};

/// *Not ready* outranks *cannot determine*, which outranks *ready with risks*, which outranks *ready*. Evidence that lacks
/// for a check that cannot block counts as a risk.
pub(crate) fn verdict(checks: &[CheckResult], findings: &[Finding]) -> Verdict {
    let found = |severity| findings.iter().any(|finding| finding.severity == severity);
    let lacks = |check: &&CheckResult| check.status == Status::Unknown || !check.missing.is_empty();
    if found(Severity::Blocker) {
        Verdict::NotReady
    } else if checks.iter().filter(lacks).any(|check| check.can_block) {
        Verdict::CannotDetermine
    } else if found(Severity::Risk) || checks.iter().any(|check| lacks(&check)) {
        Verdict::ReadyWithRisks
    } else {
        Verdict::Ready
    }
}

/// Partial as soon as one check was left out; those for which evidence has to be asked for are no part of the whole until it is.
pub(crate) fn scope(checks: &[CheckResult], unasked: &[String]) -> Scope {
    let left_out =
        |check: &CheckResult| check.status == Status::Skipped && !unasked.contains(&check.check);
    if checks.iter().any(left_out) {
        Scope::Partial
    } else {
        Scope::Full
    }
}

#[cfg(test)]
mod tests {
    use airworthy_model::{Missing, Need, Subject};

    use super::*;

    fn check(status: Status, can_block: bool) -> CheckResult {
        let missing = if status == Status::Unknown {
            vec![Missing::not_collected(Need::Pods, "x")]
        } else {
            Vec::new()
        };
        CheckResult {
            check: "X".into(),
            status,
            missing,
            can_block,
            why: None,
        }
    }

    fn finding(severity: Severity) -> Finding {
        Finding::new(severity, Subject::cluster("v1", "Node", "n"), "x")
    }

    #[test]
    fn each_row_of_the_table() {
        use Status::{Clear, Found, NotApplicable, Skipped, Unknown, Waived};
        let (blocker, risk, note) = (Severity::Blocker, Severity::Risk, Severity::Note);
        for (checks, findings, expected) in [
            (vec![], vec![], Verdict::Ready),
            (
                vec![
                    check(Clear, true),
                    check(NotApplicable, true),
                    check(Skipped, true),
                    check(Waived, true),
                ],
                vec![],
                Verdict::Ready,
            ),
            (vec![check(Found, true)], vec![note], Verdict::Ready),
            (
                vec![check(Found, true)],
                vec![note, risk],
                Verdict::ReadyWithRisks,
            ),
            (vec![check(Unknown, false)], vec![], Verdict::ReadyWithRisks),
            (vec![check(Unknown, true)], vec![], Verdict::CannotDetermine),
            (
                vec![check(Unknown, true), check(Found, false)],
                vec![risk],
                Verdict::CannotDetermine,
            ),
            (
                vec![check(Unknown, true), check(Found, true)],
                vec![blocker],
                Verdict::NotReady,
            ),
            (
                vec![check(Found, true)],
                vec![blocker, risk],
                Verdict::NotReady,
            ),
        ] {
            let findings: Vec<_> = findings.into_iter().map(finding).collect();
            assert_eq!(
                verdict(&checks, &findings),
                expected,
                "{checks:?} {findings:?}"
            );
        }
    }

    #[test]
    fn findings_beside_missing_evidence_are_still_undetermined() {
        let half = CheckResult {
            missing: vec![Missing::not_collected(Need::Pods, "x")],
            ..check(Status::Found, true)
        };
        assert_eq!(
            verdict(&[half], &[finding(Severity::Risk)]),
            Verdict::CannotDetermine
        );
    }

    #[test]
    fn leaving_out_one_check_makes_the_scope_partial() {
        assert_eq!(
            scope(
                &[
                    check(Status::Clear, true),
                    check(Status::NotApplicable, true)
                ],
                &[]
            ),
            Scope::Full
        );
        assert_eq!(
            scope(
                &[check(Status::Clear, true), check(Status::Skipped, false)],
                &[]
            ),
            Scope::Partial
        );
        let unasked = ["X".to_owned()];
        assert_eq!(
            scope(&[check(Status::Skipped, false)], &unasked),
            Scope::Full
        );
    }
}
