//! `airworthy postcheck`

use std::time::Duration;

use airworthy_assess::{Run, Selection, assess};
use airworthy_collect::recording;
use airworthy_knowledge::Knowledge;
use airworthy_model::{Assessment, Facts, KubeVersion, Phase, Policy, UpgradePath};
use airworthy_service::SettleAt;
use anyhow::{Result, bail};

use super::{audit, settle::settle, source, watch};
use crate::{cli::Postcheck, config::Config};

pub(crate) async fn run(args: Postcheck, config: Config) -> Result<u8> {
    let selection = source::selection(&args.output, &args.decisions, &config, Phase::Post)?;
    let baseline = args
        .baseline
        .as_deref()
        .map(recording::read_file)
        .transpose()?;
    leads_up(baseline.as_ref(), args.target.as_ref())?;
    let mut policy = config.policy();
    args.decisions.apply(&mut policy)?;
    let look = async || look(&args, &config, baseline.as_ref(), &policy, &selection).await;
    let tell = args.watch.then_some(watch::tell);
    let assessment = match moments(&args, &config) {
        None => look().await?,
        Some(at) => settle(&at, tell, look).await?,
    };
    source::show(&assessment, &args.output, &selection)
}

/// When it is looked again, where that is asked for.
fn moments(args: &Postcheck, config: &Config) -> Option<SettleAt> {
    let usual = &config.settle_at.value;
    let pressed = args
        .settle
        .map(|span| usual.within(Duration::from_secs(span)));
    pressed
        .or_else(|| args.settle_at.clone())
        .or_else(|| args.watch.then(|| usual.clone()))
}

async fn look(
    args: &Postcheck,
    config: &Config,
    baseline: Option<&Facts>,
    policy: &Policy,
    selection: &Selection,
) -> Result<Assessment> {
    let audit = audit::start(&args.audit_logs)?;
    let mut facts = source::facts(&args.source, selection.needs(Phase::Post), config).await?;
    audit::join(audit, &mut facts).await?;
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

fn runs(facts: &Facts) -> Option<&KubeVersion> {
    Some(&facts.version.as_ref().ok()?.version)
}

/// A target to which no upgrade leads from the baseline is a mistake in one of the two. A minor without a patch that the baseline is of
/// already may still mean a newer patch of it.
fn leads_up(baseline: Option<&Facts>, target: Option<&KubeVersion>) -> Result<()> {
    let Some((from, target)) = baseline.and_then(runs).zip(target) else {
        return Ok(());
    };
    let any_patch = target.patch.is_none() && target.fits(from);
    if any_patch || UpgradePath::new(from.clone(), target.clone()).is_ok() {
        return Ok(());
    }
    bail!(
        "the target {target} is not above {from}, of which the baseline is: give the recording from before the upgrade (--baseline), \
         or the version that it was to reach (--target)"
    )
}

/// From the baseline's version to the wanted one, or else to the one that runs.
fn way_gone(args: &Postcheck, baseline: Option<&Facts>, facts: &Facts) -> Option<UpgradePath> {
    UpgradePath::gone(runs(baseline?)?, args.target.as_ref(), runs(facts))
}
