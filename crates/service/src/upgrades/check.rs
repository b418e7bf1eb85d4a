//! Checks and upgrades: which pre-check an upgrade may rely on, and the check inside it.

use airworthy_assess::Catalogue;
use airworthy_cce::{
    mapping,
    wire::{CheckPhase, PreCheckItemStatus},
};
use airworthy_model::{Assessment, KubeVersion, Phase as When};
use airworthy_store::{Cluster, Phase, Task, TaskKind};
use jiff::Timestamp;

use crate::{Error, PrecheckTaskSpec, Service, UpgradeTaskSpec, judge::Judged};

/// Most failed items named in a message.
const NAMED: usize = 10;

impl Service {
    /// The newest pre-check of a target that has ended.
    pub(super) async fn newest_precheck(
        &self,
        cluster: &Cluster,
        target: &KubeVersion,
    ) -> Result<Option<Task>, Error> {
        let (project, id, kind) = (&cluster.project_id, &cluster.id, TaskKind::Precheck);
        for brief in self.store.briefs(project, id, kind).await? {
            let spec: PrecheckTaskSpec = serde_json::from_str(&brief.spec)?;
            if brief.phase.is_some() && spec.target_version.exact() == target.exact() {
                return Ok(self.store.task(project, id, kind, &brief.id).await?);
            }
        }
        Ok(None)
    }

    /// A whole pre-check of the upgrade's target. What the caller accepted in the newest pre-check that counts stays accepted.
    pub(super) async fn check_inside(
        &self,
        cluster: &Cluster,
        spec: &UpgradeTaskSpec,
    ) -> Result<Judged, Error> {
        let target = &spec.target_version;
        let newest = self.newest_precheck(cluster, target).await?;
        let counts = counts(newest.as_ref(), target, Timestamp::now()).ok();
        let before: Option<PrecheckTaskSpec> = counts
            .map(|task| serde_json::from_str(&task.spec))
            .transpose()?;
        let spec = PrecheckTaskSpec {
            cluster_version: None,
            target_version: target.clone(),
            skips: before.map(|before| before.skips).unwrap_or_default(),
        };
        Box::pin(self.precheck_task(cluster, spec)).await
    }
}

/// The pre-check, if it succeeded and has not expired; else why it does not count.
pub(super) fn counts<'a>(
    newest: Option<&'a Task>,
    target: &KubeVersion,
    now: Timestamp,
) -> Result<&'a Task, String> {
    let target = target.exact();
    match newest {
        None => Err(format!("no pre-check of {target} has been made")),
        Some(task) if task.phase != Some(Phase::Success) => Err(format!(
            "the newest pre-check of {target}, {}, failed",
            task.id
        )),
        Some(task) if task.expires_at.is_none_or(|at| at <= now) => Err(format!(
            "the newest pre-check of {target}, {}, has expired",
            task.id
        )),
        Some(task) => Ok(task),
    }
}

/// Why a check inside an upgrade did not pass: what failed, by name.
pub(super) fn complaint(judged: &Judged, catalogue: &Catalogue) -> Result<String, Error> {
    let outcome = &judged.outcome;
    let Some(result) = &outcome.result else {
        let why = outcome.message.as_deref().unwrap_or("it could not be made");
        return Ok(format!("the check inside the upgrade failed: {why}"));
    };
    let assessment: Assessment = serde_json::from_slice(result)?;
    let failed = failed_items(&assessment, catalogue);
    let more = failed.len().saturating_sub(NAMED);
    let mut named: Vec<_> = failed.into_iter().take(NAMED).collect();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    Ok(format!(
        "the check inside the upgrade failed: {}; make a pre-check to see why",
        named.join(", ")
    ))
}

fn failed_items(assessment: &Assessment, catalogue: &Catalogue) -> Vec<String> {
    let status = mapping::precheck_status(assessment, &catalogue.infos(Some(When::Pre)));
    let cluster = status.cluster_check_status.unwrap_or_default().items_status;
    let addons = status.addon_check_status.unwrap_or_default().items_status;
    let failed = |item: &PreCheckItemStatus| item.phase == CheckPhase::Failed;
    let items = cluster.into_iter().chain(addons).filter(failed);
    items.map(|item| item.name).collect()
}
