//! Looking again until a cluster has settled: right after an upgrade much is bad that will be good in a minute.

use std::time::Duration;

use airworthy_model::{Assessment, Finding, Severity};
use anyhow::Result;
use tokio::time::Instant;

use crate::console::Progress;

/// When it is looked again, in shares of the whole span: at 2, 5 and 15 of 15 minutes, and once more for the case that the
/// last look brings something new.
const LOOKS: [f64; 4] = [2.0 / 15.0, 5.0 / 15.0, 1.0, 17.0 / 15.0];

/// Looks at once, and again until nothing blocks, or until the span is over and what blocks blocked before.
pub(super) async fn settle(
    span: Duration,
    mut look: impl AsyncFnMut() -> Result<Assessment>,
) -> Result<Assessment> {
    let began = Instant::now();
    let mut last = look().await?;
    for share in LOOKS {
        let before = blockers(&last);
        if before.is_empty() {
            break;
        }
        wait_until(began + span.mul_f64(share), before.len()).await;
        last = look().await?;
        let nothing_new = blockers(&last).iter().all(|print| before.contains(print));
        if share >= 1.0 && nothing_new {
            break;
        }
    }
    Ok(last)
}

async fn wait_until(moment: Instant, blockers: usize) {
    let progress = Progress::start();
    let left = moment.saturating_duration_since(Instant::now()).as_secs();
    progress.message(format!(
        "{blockers} not settled yet; looking again in {left} s"
    ));
    tokio::time::sleep_until(moment).await;
}

fn blockers(assessment: &Assessment) -> Vec<String> {
    assessment
        .of(Severity::Blocker)
        .map(Finding::fingerprint)
        .collect()
}

#[cfg(test)]
mod tests {
    use airworthy_model::{Phase, Scope, Subject, Verdict, facts::ClusterIdentity};

    use super::*;

    /// What one look finds: a blocker on each of these workloads.
    fn found(names: &[&str]) -> Assessment {
        let finding = |name: &&str| {
            let subject = Subject::namespaced("apps/v1", "Deployment", "shop", name);
            Finding::new(Severity::Blocker, subject, "is not ready")
        };
        Assessment {
            phase: Phase::Post,
            verdict: Verdict::NotReady,
            scope: Scope::Full,
            cluster: ClusterIdentity::default(),
            version: Some("v1.32.13".parse().unwrap()),
            observed_at: jiff::Timestamp::UNIX_EPOCH,
            path: None,
            knowledge: String::new(),
            checks: Vec::new(),
            findings: names.iter().map(finding).collect(),
            waived: Vec::new(),
            waiver_notes: Vec::new(),
            plan: Vec::new(),
        }
    }

    /// Lets each look find the next of these, the last one for ever; tells what was found in the end, after how many looks
    /// and how many seconds.
    async fn settled(looks: &[&[&str]]) -> (Vec<String>, usize, u64) {
        let (began, mut count) = (Instant::now(), 0);
        let last = settle(Duration::from_mins(15), async || {
            count += 1;
            Ok(found(looks[(count - 1).min(looks.len() - 1)]))
        });
        let last = last.await.unwrap();
        let names = last
            .findings
            .into_iter()
            .map(|finding| finding.subject.name);
        (names.collect(), count, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_well_at_once_is_not_looked_at_again() {
        assert_eq!(settled(&[&[]]).await, (vec![], 1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_back_is_awaited() {
        assert_eq!(
            settled(&[&["web", "db"], &["db"], &[]]).await,
            (vec![], 3, 300)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_stays_bad_is_told_when_the_span_is_over() {
        assert_eq!(settled(&[&["web"]]).await, (vec!["web".into()], 4, 900));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_new_in_the_last_look_is_looked_at_once_more_and_counts() {
        let looks: [&[&str]; 4] = [&["web"], &["web"], &["web"], &["db"]];
        assert_eq!(settled(&looks).await, (vec!["db".into()], 5, 1020));
    }
}
