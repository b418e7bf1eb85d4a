//! `airworthy postcheck`

use std::time::Duration;

use airworthy_assess::{Run, Selection, assess};
use airworthy_collect::recording;
use airworthy_knowledge::Knowledge;
use airworthy_model::{Assessment, Facts, Finding, Phase, Policy, Severity, UpgradePath};
use anyhow::{Result, bail};
use tokio::time::Instant;

use super::source;
use crate::{cli::Postcheck, config::Config, console::Progress};

/// When `--settle` looks, in shares of its whole span: at once, and at 2, 5 and 15 of 15 minutes.
const LOOKS: [f64; 4] = [0.0, 2.0 / 15.0, 5.0 / 15.0, 1.0];

pub(crate) async fn run(args: Postcheck, config: Config) -> Result<u8> {
    let selection = source::selection(&args.output, Phase::Post)?;
    let baseline = args
        .baseline
        .as_deref()
        .map(recording::read_file)
        .transpose()?;
    let policy = config.policy();
    let assessment = match args.settle {
        None => look(&args, &config, baseline.as_ref(), &policy, &selection).await?,
        Some(span) => settle(&args, &config, baseline.as_ref(), &policy, &selection, span).await?,
    };
    source::show(&assessment, &args.output)
}

async fn look(
    args: &Postcheck,
    config: &Config,
    baseline: Option<&Facts>,
    policy: &Policy,
    selection: &Selection,
) -> Result<Assessment> {
    let facts = source::facts(&args.source, selection.needs(Phase::Post), config).await?;
    same_cluster(baseline, &facts)?;
    let path = way_gone(args, baseline, &facts);
    let knowledge = Knowledge::embedded();
    Ok(assess(Run {
        phase: Phase::Post,
        facts: &facts,
        baseline,
        path: path.as_ref(),
        knowledge,
        policy,
        selection,
    })?)
}

/// Looks again until nothing blocks, or until the last look says what the one before it said.
async fn settle(
    args: &Postcheck,
    config: &Config,
    baseline: Option<&Facts>,
    policy: &Policy,
    selection: &Selection,
    span: u64,
) -> Result<Assessment> {
    let began = Instant::now();
    let span = Duration::from_secs(span);
    let mut last = look(args, config, baseline, policy, selection).await?;
    // One look more than planned, for the case that the last one brings something new.
    for share in LOOKS.into_iter().skip(1).chain([17.0 / 15.0]) {
        if blockers(&last).is_empty() {
            break;
        }
        wait_until(began + span.mul_f64(share), blockers(&last).len()).await;
        let again = look(args, config, baseline, policy, selection).await?;
        let settled = share >= 1.0
            && blockers(&again)
                .iter()
                .all(|print| blockers(&last).contains(print));
        last = again;
        if settled {
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

/// A baseline of another cluster would make every difference a regression, or hide one.
fn same_cluster(baseline: Option<&Facts>, facts: &Facts) -> Result<()> {
    let before = baseline.and_then(|baseline| baseline.cluster.uid.as_ref());
    match (before, &facts.cluster.uid) {
        (Some(before), Some(now)) if before != now => {
            bail!(
                "the baseline is of another cluster (its kube-system namespace has uid {before}, this one's has {now})"
            )
        }
        _ => Ok(()),
    }
}

/// From the baseline's version to the wanted one, or else to the one that runs.
fn way_gone(args: &Postcheck, baseline: Option<&Facts>, facts: &Facts) -> Option<UpgradePath> {
    let runs = |facts: &Facts| {
        facts
            .version
            .as_ref()
            .ok()
            .map(|version| version.version.clone())
    };
    let target = args.target.clone().or_else(|| runs(facts))?;
    UpgradePath::new(runs(baseline?)?, target).ok()
}
