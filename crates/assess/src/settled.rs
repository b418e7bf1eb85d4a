//! Two looks at a cluster that settles, as one answer: right after an upgrade much is bad that will be good in a minute.

use std::collections::BTreeSet;

use airworthy_model::{Assessment, CheckResult, Finding, Severity, Status};

use crate::verdict;

/// The check that tells what was read only in part: that is how the last look itself was taken, and holds for it alone.
const INCOMPLETE: &str = "PostEvidenceIncomplete";

/// What two looks in a row say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// What the last look found and the one before found too: it counts.
    Yes(Assessment),
    /// The last look found blockers that the one before did not. Whether they last, the next look tells; until then there is no answer.
    NotYet {
        /// All that the last look said.
        last: Assessment,
        /// How many blockers are new.
        new: usize,
    },
}

/// A finding counts when it holds in two looks in a row, or where the earlier one could not look. Evidence that lacks in the last one lacks.
pub fn settled(earlier: &Assessment, mut last: Assessment) -> Settled {
    let known: BTreeSet<_> = earlier.findings.iter().map(Finding::fingerprint).collect();
    let is_new = |finding: &Finding| !known.contains(&finding.fingerprint());
    let new = last.of(Severity::Blocker).filter(|it| is_new(it)).count();
    if new > 0 {
        return Settled::NotYet { last, new };
    }
    let seeing = decided(earlier);
    last.findings
        .retain(|finding| !is_new(finding) || !seeing.contains(finding.check.as_str()));
    let found: BTreeSet<_> = last.findings.iter().map(|it| it.check.as_str()).collect();
    for check in &mut last.checks {
        clear(check, &found);
    }
    last.verdict = verdict::verdict(&last.checks, &last.findings);
    Settled::Yes(last)
}

/// The checks that would have found in this look what was there: what they did not find is new.
fn decided(look: &Assessment) -> BTreeSet<&str> {
    let decided = look.checks.iter().filter(|check| {
        check.missing.is_empty()
            && !matches!(check.status, Status::Unknown | Status::Skipped)
            && check.check != INCOMPLETE
    });
    decided.map(|check| check.check.as_str()).collect()
}

/// A check that has none of its findings left found nothing.
fn clear(check: &mut CheckResult, found: &BTreeSet<&str>) {
    if check.status == Status::Found && !found.contains(check.check.as_str()) {
        check.status = if check.missing.is_empty() {
            Status::Clear
        } else {
            Status::Unknown
        };
    }
}

#[cfg(test)]
mod tests {
    use airworthy_knowledge::Knowledge;
    use airworthy_model::{
        Facts, Missing, Need, Phase, Policy, Subject, Verdict, facts::ClusterIdentity,
    };

    use super::*;
    use crate::{Run, Selection, assess};

    /// A look that found these: `Check name severity`.
    fn look(found: &[(&str, &str, Severity)]) -> Assessment {
        let mut facts = Facts::unread(ClusterIdentity::default(), jiff::Timestamp::UNIX_EPOCH, "");
        facts.version = Ok(airworthy_model::facts::ServerVersion {
            version: "v1.32.4".parse().unwrap(),
            emulation: None,
        });
        let run = Run {
            phase: Phase::Post,
            facts: &facts,
            baseline: None,
            path: None,
            knowledge: Knowledge::embedded(),
            policy: &Policy::default(),
            selection: &Selection::default(),
        };
        let mut look = assess(run).unwrap();
        look.findings = found.iter().map(finding).collect();
        for check in &mut look.checks {
            check.missing.clear();
            let found = found.iter().any(|(name, _, _)| *name == check.check);
            check.status = if found { Status::Found } else { Status::Clear };
        }
        look.verdict = verdict::verdict(&look.checks, &look.findings);
        look
    }

    fn finding((check, name, severity): &(&str, &str, Severity)) -> Finding {
        let subject = Subject::namespaced("apps/v1", "Deployment", "shop", name);
        Finding {
            check: (*check).to_owned(),
            ..Finding::new(*severity, subject, "is not ready")
        }
    }

    const CHECK: &str = "PostWorkloadBaseline";
    const OTHER: &str = "PostEndpointsEmpty";

    fn answer(settled: Settled) -> (Verdict, usize) {
        match settled {
            Settled::Yes(it) => (it.verdict, it.findings.len()),
            Settled::NotYet { new, .. } => panic!("{new} are new"),
        }
    }

    #[test]
    fn what_both_looks_found_counts() {
        let web = (CHECK, "web", Severity::Blocker);
        let both = settled(&look(&[web]), look(&[web]));
        assert_eq!(answer(both), (Verdict::NotReady, 1));
    }

    #[test]
    fn what_has_come_back_does_not_count() {
        let web = (CHECK, "web", Severity::Blocker);
        assert_eq!(
            answer(settled(&look(&[web]), look(&[]))),
            (Verdict::Ready, 0)
        );
    }

    #[test]
    fn a_new_blocker_waits_for_the_next_look() {
        let (web, db) = (
            (CHECK, "web", Severity::Blocker),
            (CHECK, "db", Severity::Blocker),
        );
        for (earlier, last) in [(look(&[]), look(&[web])), (look(&[web]), look(&[web, db]))] {
            let Settled::NotYet { last, new } = settled(&earlier, last) else {
                panic!("a blocker that was seen once was counted, or dropped");
            };
            assert_eq!((new, last.verdict), (1, Verdict::NotReady));
        }
    }

    #[test]
    fn a_new_risk_does_not_count_and_its_check_is_clear() {
        let risk = (OTHER, "web", Severity::Risk);
        let Settled::Yes(answer) = settled(&look(&[]), look(&[risk])) else {
            panic!("a risk is nothing to wait for");
        };
        let check = answer.checks.iter().find(|it| it.check == OTHER).unwrap();
        assert_eq!(
            (check.status, answer.verdict),
            (Status::Clear, Verdict::Ready)
        );
    }

    /// A look in which one check could not see this.
    fn blind(check: &str, mut look: Assessment) -> Assessment {
        let it = look.checks.iter_mut().find(|it| it.check == check).unwrap();
        it.missing = vec![Missing::not_collected(Need::Pods, "x")];
        if it.status == Status::Clear {
            it.status = Status::Unknown;
        }
        look
    }

    #[test]
    fn a_risk_counts_where_the_earlier_look_could_not_see() {
        let (web, db) = (
            (OTHER, "web", Severity::Risk),
            (OTHER, "db", Severity::Risk),
        );
        let mut left_out = look(&[]);
        left_out.checks.iter_mut().for_each(|check| {
            check.status = Status::Skipped;
        });
        for (earlier, found) in [
            (blind(OTHER, look(&[])), 1),
            (blind(OTHER, look(&[db])), 1),
            (left_out, 1),
            (blind(CHECK, look(&[])), 0),
        ] {
            let (verdict, findings) = answer(settled(&earlier, look(&[web])));
            assert_eq!(findings, found);
            assert_eq!(verdict == Verdict::ReadyWithRisks, found == 1);
        }
    }

    #[test]
    fn a_source_that_was_read_in_part_counts_at_once() {
        let cut = (INCOMPLETE, "pods", Severity::Risk);
        let last = look(&[cut]);
        assert!(last.checks.iter().any(|it| it.check == INCOMPLETE));
        let answer = answer(settled(&look(&[]), last));
        assert_eq!(answer, (Verdict::ReadyWithRisks, 1));
    }

    #[test]
    fn evidence_that_lacks_in_the_last_look_lacks() {
        let risk = (OTHER, "web", Severity::Risk);
        let mut last = look(&[risk]);
        let check = last.checks.iter_mut().find(|it| it.check == OTHER).unwrap();
        check.missing = vec![Missing::not_collected(Need::Pods, "x")];
        check.can_block = true;
        assert_eq!(
            answer(settled(&look(&[]), last)),
            (Verdict::CannotDetermine, 0)
        );
    }
}
