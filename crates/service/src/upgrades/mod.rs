//! Upgrades: accepted, shown and retried on request; a worker takes their steps.

mod check;
mod steps;

use airworthy_cce::request::UpgradeRequest;
use airworthy_model::KubeVersion;
use airworthy_store::{Cluster, Retried, Task, TaskKind, TaskState};
use jiff::Timestamp;

use crate::{CheckBeforeUpgrade, Error, Service, UpgradeTaskSpec, workflows::accepted};

impl Service {
    /// Accepts an upgrade: from here on it ends exactly once, whatever happens to this process.
    pub async fn create_upgrade(
        &self,
        project: &str,
        cluster_id: &str,
        request: UpgradeRequest,
    ) -> Result<Task, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        if cluster.observed.phase.as_deref() == Some("Creating") {
            return Err(Error::NotReached(cluster.id));
        }
        let (running, target) = self.judged_way(&cluster, &request.target_version).await?;
        self.demand_check(&cluster, &target).await?;
        let spec = UpgradeTaskSpec {
            cluster_version: running,
            target_version: target.clone(),
            only_upgrade: request.is_only_upgrade,
            batch_size: request.step,
            batch_scope: request.scope.as_str().to_owned(),
            addons: serde_json::to_value(request.addons)?,
            node_order: serde_json::to_value(request.node_order)?,
            node_pool_order: serde_json::to_value(request.node_pool_order)?,
        };
        let spec = serde_json::to_string(&spec)?;
        let kind = TaskKind::Upgrade;
        accepted(self.accept(&cluster, kind, Some(&target), &spec).await?)
    }

    /// Tries the newest upgrade again if it failed: the same task, from its beginning.
    pub async fn retry_upgrade(&self, project: &str, cluster_id: &str) -> Result<Task, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        if let Some(task) = self.upgrades(project, cluster_id).await?.first() {
            let spec: UpgradeTaskSpec = serde_json::from_str(&task.spec)?;
            self.demand_check(&cluster, &spec.target_version).await?;
        }
        let now = Timestamp::now();
        match self.store.retry_upgrade(project, cluster_id, now).await? {
            Retried::Queued(task) => Ok(*task),
            Retried::Absent => Err(Error::NothingToRetry("none was ever begun".to_owned())),
            Retried::NotFailed(task) => Err(Error::NothingToRetry(format!(
                "the newest one, {}, {}",
                task.id,
                match task.state {
                    TaskState::Done => "succeeded",
                    _ => "is unfinished",
                }
            ))),
            Retried::InTheWay(other) => accepted(other),
            Retried::WorkflowFinished => Err(Error::NothingToRetry(
                "the workflow of the newest one is over; begin a new upgrade".to_owned(),
            )),
        }
    }

    /// The upgrades of a cluster that are kept, newest first.
    pub async fn upgrades(&self, project: &str, cluster_id: &str) -> Result<Vec<Task>, Error> {
        self.cluster(project, cluster_id).await?;
        Ok(self.store.upgrades(project, cluster_id).await?)
    }

    /// One upgrade of a cluster.
    pub async fn upgrade(
        &self,
        project: &str,
        cluster_id: &str,
        task_id: &str,
    ) -> Result<Task, Error> {
        self.cluster(project, cluster_id).await?;
        let kind = TaskKind::Upgrade;
        let task = self.store.task(project, cluster_id, kind, task_id).await?;
        task.ok_or_else(|| Error::UnknownTask(task_id.to_owned()))
    }

    /// Where the operator demands it: a successful pre-check of the same target that counts still.
    async fn demand_check(&self, cluster: &Cluster, target: &KubeVersion) -> Result<(), Error> {
        if self.settings.check_before_upgrade == CheckBeforeUpgrade::Inside {
            return Ok(());
        }
        let newest = self.newest_precheck(cluster, target).await?;
        check::counts(newest.as_ref(), target, Timestamp::now())
            .map(drop)
            .map_err(Error::CheckMissing)
    }
}
