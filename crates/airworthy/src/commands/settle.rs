//! Looking again until a cluster has settled: right after an upgrade much is bad that will be good in a minute.

use airworthy_assess::{Settled, settled};
use airworthy_model::{Assessment, Severity};
use airworthy_service::SettleAt;
use anyhow::Result;
use tokio::time::Instant;

use crate::console::Progress;

/// Most looks beyond the planned ones, for what came up in the last of them.
const MORE: u32 = 2;

/// Looks at the planned times, which count from now, tells each look with the one before, where somebody watches, and ends early when two looks in a row found nothing that blocks. A finding counts when it holds in the
/// last two looks; what came up in the last one is looked at again, and counts when it does not go away.
pub(super) async fn settle(
    at: &SettleAt,
    mut tell: Option<impl FnMut(Option<&Assessment>, &Assessment)>,
    mut look: impl AsyncFnMut() -> Result<Assessment>,
) -> Result<Assessment> {
    let began = Instant::now();
    let more = (1..=MORE).map(|number| at.whole() + at.spacing() * number);
    let planned = at.spans().len();
    let moments = at
        .spans()
        .iter()
        .copied()
        .chain(more)
        .map(|span| began + span);
    let mut earlier: Option<Assessment> = None;
    for (number, moment) in (1..).zip(moments) {
        if moment > Instant::now() {
            wait_until(moment, earlier.as_ref()).await;
        }
        let last = look().await?;
        if let Some(tell) = &mut tell {
            tell(earlier.as_ref(), &last);
        }
        let Some(before) = earlier.replace(last.clone()) else {
            continue;
        };
        let calm = tell.is_none() && blockers(&before) + blockers(&last) == 0;
        if (calm || number >= planned)
            && let Settled::Yes(answer) = settled(&before, last)
        {
            return Ok(answer);
        }
    }
    // It never came to rest: what the last look found is the answer.
    match earlier {
        Some(last) => Ok(last),
        None => look().await,
    }
}

async fn wait_until(moment: Instant, earlier: Option<&Assessment>) {
    let progress = Progress::start();
    let left = moment.saturating_duration_since(Instant::now()).as_secs();
    let again = if earlier.is_some() { " again" } else { "" };
    let open = match earlier.map_or(0, blockers) {
        0 => String::new(),
        some => format!("{some} not settled yet; "),
    };
    progress.message(format!("{open}looking{again} in {left} s"));
    tokio::time::sleep_until(moment).await;
}

fn blockers(assessment: &Assessment) -> usize {
    assessment.of(Severity::Blocker).count()
}

#[cfg(test)]
mod tests {
    use airworthy_model::{Finding, Phase, Scope, Subject, Verdict, facts::ClusterIdentity};

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
    async fn run(watch: bool, looks: &[&[&str]]) -> (Vec<String>, usize, u64) {
        let (names, moments) = run_at("0,2m,5m,15m", watch, looks).await;
        let last = moments.last().copied().unwrap_or_default();
        (names, moments.len(), last)
    }

    /// The same at other times: what was found in the end, and the second of each look.
    async fn run_at(at: &str, watch: bool, looks: &[&[&str]]) -> (Vec<String>, Vec<u64>) {
        let (began, mut moments) = (Instant::now(), Vec::new());
        let mut told = 0;
        let tell = watch.then_some(|_: Option<&Assessment>, _: &Assessment| told += 1);
        let at: SettleAt = at.parse().unwrap();
        let last = settle(&at, tell, async || {
            moments.push(began.elapsed().as_secs());
            Ok(found(looks[(moments.len() - 1).min(looks.len() - 1)]))
        });
        let last = last.await.unwrap();
        assert!(!watch || told == moments.len(), "each look is told once");
        let names = last
            .findings
            .into_iter()
            .map(|finding| finding.subject.name);
        (names.collect(), moments)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_look_waits_for_its_time_as_all_others_do() {
        let bad: &[&[&str]] = &[&["web"]];
        for (at, watch, looks, moments) in [
            (
                "10s,20s,30s,40s",
                true,
                &[&[][..]][..],
                &[10, 20, 30, 40][..],
            ),
            ("5s,10s", false, &[&[][..]], &[5, 10]),
            ("5s,10s", false, bad, &[5, 10]),
            ("0,0,30s", true, &[&[][..]], &[0, 0, 30]),
        ] {
            assert_eq!(run_at(at, watch, looks).await.1, moments, "{at}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_good_looks_are_enough() {
        assert_eq!(run(false, &[&[]]).await, (vec![], 2, 120));
    }

    #[tokio::test(start_paused = true)]
    async fn who_watches_sees_all_of_it() {
        assert_eq!(run(true, &[&[]]).await, (vec![], 4, 900));
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_back_is_awaited() {
        let looks: [&[&str]; 3] = [&["web", "db"], &["db"], &[]];
        assert_eq!(run(false, &looks).await, (vec![], 4, 900));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stays_bad_is_told_when_the_span_is_over() {
        assert_eq!(run(false, &[&["web"]]).await, (vec!["web".into()], 4, 900));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_new_in_the_last_look_is_looked_at_once_more_and_counts() {
        let looks: [&[&str]; 4] = [&["web"], &["web"], &["web"], &["db"]];
        assert_eq!(run(false, &looks).await, (vec!["db".into()], 5, 1020));
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_comes_to_rest_is_told_as_it_is() {
        let looks: [&[&str]; 6] = [&["a"], &["b"], &["c"], &["d"], &["e"], &["f"]];
        assert_eq!(run(false, &looks).await, (vec!["f".into()], 6, 1140));
    }
}
