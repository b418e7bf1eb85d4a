//! `--manifests`: files of manifests, beside a cluster or alone.

use std::path::PathBuf;

use airworthy_assess::Selection;
use airworthy_collect::manifests;
use airworthy_knowledge::Knowledge;
use airworthy_model::{Facts, Need, Phase, Policy, UpgradePath, facts::ClusterIdentity};
use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::{patches, precheck::judge_on, source};
use crate::cli::Precheck;

/// Judges files for the target; no cluster is asked and no kubeconfig read.
pub(crate) async fn run(args: Precheck, policy: &Policy, selection: &Selection) -> Result<u8> {
    let Some(target) = args.target else {
        bail!(
            "--manifests needs --target, such as --target 1.32: files do not tell the version that they are for"
        );
    };
    if !args.audit_logs.is_empty() {
        bail!("--audit-log tells about a cluster: name it with --kubeconfig, --context or --from");
    }
    let catalogue = selection.catalogue.infos(Some(Phase::Pre));
    let reads_files = |needs: &[Need]| needs.contains(&Need::Manifests);
    if !catalogue
        .iter()
        .any(|info| selection.runs(info) && reads_files(info.needs))
    {
        bail!("no check is left that reads files (ManifestDeprecatedApi does)");
    }
    let path = UpgradePath::to(target);
    let why = "no cluster is asked when only --manifests is given";
    let mut facts = Facts::unread(ClusterIdentity::default(), Timestamp::now(), why);
    join(args.manifests, &mut facts, &path).await?;
    let mut assessment = judge_on(&path, &facts, policy, selection)?;
    patches::attach(&mut assessment.findings, path.target.minor);
    source::show(&assessment, &args.output, selection)
}

/// Adds what the files hold that matters on the path, where files were given.
pub(crate) async fn join(roots: Vec<PathBuf>, facts: &mut Facts, path: &UpgradePath) -> Result<()> {
    if !roots.is_empty() {
        let minors = path.from.minor..=path.target.minor;
        let read = move || manifests::read(&roots, Knowledge::embedded(), &minors);
        let tree = spawn_blocking(read)
            .await
            .context("reading the manifests was broken off")?;
        facts.manifests = Ok(tree?);
    }
    Ok(())
}
