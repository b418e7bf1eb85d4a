//! `airworthy precheck`

use airworthy_assess::{Run, Selection, assess};
use airworthy_knowledge::Knowledge;
use airworthy_model::{Assessment, Facts, KubeVersion, Phase, Policy, Rollout, UpgradePath};
use anyhow::{Result, anyhow};

use super::{audit, files, patches, source};
use crate::{cli::Precheck, config::Config};

pub(crate) async fn run(args: Precheck, config: Config) -> Result<u8> {
    let selection = source::selection(&args.output, &args.decisions, &config, Phase::Pre)?;
    let policy = policy(&args, &config)?;
    if !args.manifests.is_empty() && !args.source.is_named() {
        return files::run(args, &policy, &selection).await;
    }
    let audit = audit::start(&args.audit_logs)?;
    let mut facts = source::facts(&args.source, selection.needs(Phase::Pre), &config).await?;
    audit::join(audit, &mut facts).await?;
    let path = path(&facts, args.target, &policy)?;
    files::join(args.manifests, &mut facts, &path).await?;
    let mut assessment = judge_on(&path, &facts, &policy, &selection)?;
    patches::attach(&mut assessment.findings, path.target.minor);
    source::show(&assessment, &args.output, &selection)
}

fn policy(args: &Precheck, config: &Config) -> Result<Policy> {
    let mut policy = config.policy();
    policy.allowed_jumps.extend(&args.allow_jump);
    args.decisions.apply(&mut policy)?;
    Ok(policy)
}

/// Judges facts for a target; without one, for the server's next minor, or its newest patch.
pub(crate) fn judge(
    facts: &Facts,
    target: Option<KubeVersion>,
    policy: &Policy,
    selection: &Selection,
) -> Result<Assessment> {
    judge_on(&path(facts, target, policy)?, facts, policy, selection)
}

fn path(facts: &Facts, target: Option<KubeVersion>, policy: &Policy) -> Result<UpgradePath> {
    let running = facts.version.clone()?.version;
    if let Some(target) = target {
        return Ok(UpgradePath::new(running, target)?);
    }
    let target = usual_target(&running, policy.rollout);
    let (at, none_newer) = (running.to_string(), target.minor == running.minor);
    UpgradePath::new(running, target).map_err(|error| {
        if none_newer {
            anyhow!("no newer patch than {at} is known to this program; name one with --target")
        } else {
            error.into()
        }
    })
}

/// The next minor; for a patch the newest one that is known of the minor that runs.
fn usual_target(running: &KubeVersion, rollout: Rollout) -> KubeVersion {
    let (minor, patch) = match rollout {
        Rollout::Patch => {
            let newest = Knowledge::embedded().newest_patch(running.minor);
            (running.minor, newest)
        }
        Rollout::Nodes | Rollout::ControlPlane => (running.minor.next(), None),
    };
    KubeVersion {
        minor,
        patch,
        suffix: String::new(),
    }
}

/// Judges facts for the end of a path.
pub(super) fn judge_on(
    path: &UpgradePath,
    facts: &Facts,
    policy: &Policy,
    selection: &Selection,
) -> Result<Assessment> {
    let run = Run {
        phase: Phase::Pre,
        facts,
        baseline: None,
        path: Some(path),
        knowledge: Knowledge::embedded(),
        policy,
        selection,
    };
    Ok(assess(run)?)
}
