//! `airworthy precheck`

use airworthy_assess::{Run, Selection, assess};
use airworthy_knowledge::Knowledge;
use airworthy_model::{Assessment, Facts, KubeVersion, Phase, Policy, UpgradePath, UpgradeScope};
use anyhow::Result;

use super::{audit, files, patches, source};
use crate::{
    cli::{Precheck, Scope},
    config::Config,
};

pub(crate) async fn run(args: Precheck, config: Config) -> Result<u8> {
    let selection = source::selection(&args.output, Phase::Pre)?;
    let policy = policy(&args, &config);
    if !args.manifests.is_empty() && !args.source.is_named() {
        return files::run(args, &policy, &selection).await;
    }
    let audit = audit::start(&args.audit_logs)?;
    let mut facts = source::facts(&args.source, selection.needs(Phase::Pre), &config).await?;
    audit::join(audit, &mut facts).await?;
    let path = path(&facts, args.target)?;
    files::join(args.manifests, &mut facts, &path).await?;
    let mut assessment = judge_on(&path, &facts, &policy, &selection)?;
    patches::attach(&mut assessment.findings, path.target.minor);
    source::show(&assessment, &args.output)
}

fn policy(args: &Precheck, config: &Config) -> Policy {
    let mut policy = config.policy();
    policy.allowed_jumps.extend(&args.allow_jump);
    match args.scope {
        Some(Scope::Nodes) => policy.scope = UpgradeScope::Nodes,
        Some(Scope::ControlPlane) => policy.scope = UpgradeScope::ControlPlane,
        None => (),
    }
    policy
}

/// Judges facts for a target; without one, for the server's next minor.
pub(crate) fn judge(
    facts: &Facts,
    target: Option<KubeVersion>,
    policy: &Policy,
    selection: &Selection,
) -> Result<Assessment> {
    judge_on(&path(facts, target)?, facts, policy, selection)
}

fn path(facts: &Facts, target: Option<KubeVersion>) -> Result<UpgradePath> {
    let running = facts.version.clone()?.version;
    let next = || KubeVersion {
        minor: running.minor.next(),
        patch: None,
        suffix: String::new(),
    };
    Ok(UpgradePath::new(
        running.clone(),
        target.unwrap_or_else(next),
    )?)
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
