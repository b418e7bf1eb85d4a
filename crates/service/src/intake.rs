//! Taking requests: everything that can be refused at once is refused at once, and what is accepted is in the store.

use std::time::Duration;

use airworthy_assess::{Acceptance, Selection};
use airworthy_cce::{
    mapping,
    request::{PostcheckRequest, PrecheckRequest, Skip},
};
use airworthy_model::{Assessment, CheckInfo, Group, Kind, KubeVersion, Phase};
use airworthy_store::{Cluster, Enqueued, Task, TaskKind};

use crate::{
    Error, Service,
    spec::{PostcheckTaskSpec, PrecheckTaskSpec, SkipSpec},
    workflows::accepted,
};

/// What a post-check request is answered: the finished task, or the one that is still running when patience ends.
#[derive(Clone, Debug)]
pub enum PostcheckAnswer {
    /// Done.
    Finished(Box<Task>),
    /// Still running; its id, and the spec it runs with.
    Unfinished(Box<Task>),
}

impl Service {
    /// The cluster of a project. Another project's cluster is as absent as one that never was.
    pub async fn cluster(&self, project: &str, id: &str) -> Result<Cluster, Error> {
        self.store
            .cluster(project, id)
            .await?
            .ok_or_else(|| Error::UnknownCluster(id.to_owned()))
    }

    /// Accepts a pre-check: from here on it is finished exactly once, whatever happens to this process. `caller` is who answers for
    /// the items that the request accepts.
    pub async fn create_precheck(
        &self,
        project: &str,
        cluster_id: &str,
        request: PrecheckRequest,
        caller: &str,
    ) -> Result<Task, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        let (running, target) = self.judged_way(&cluster, &request.target_version).await?;
        same_version(request.cluster_version.as_deref(), &running)?;
        self.judge_skips(&cluster, &request.skips).await?;
        let skips = request
            .skips
            .into_iter()
            .map(|skip| SkipSpec {
                name: skip.name,
                node_uids: skip.node_uids,
                owner: Some(caller.to_owned()),
            })
            .collect();
        let spec = PrecheckTaskSpec {
            cluster_version: Some(running),
            target_version: target.clone(),
            skips,
        };
        let spec = serde_json::to_string(&spec)?;
        let kind = TaskKind::Precheck;
        accepted(self.accept(&cluster, kind, Some(&target), &spec).await?)
    }

    async fn judge_skips(&self, cluster: &Cluster, skips: &[Skip]) -> Result<(), Error> {
        let accept = skips
            .iter()
            .map(|skip| Acceptance::of_request(skip.name.clone(), None, ""))
            .collect();
        let catalogue = self.settings.catalogue.clone();
        let selection = Selection {
            accept,
            catalogue,
            ..Selection::default()
        };
        selection.validate(Phase::Pre)?;
        for skip in skips {
            let info = selection.catalogue.known(&skip.name)?;
            if skip.node_uids.is_some() && info.group != Group::NodeCheck {
                return Err(Error::NotANodeItem(skip.name.clone()));
            }
            if info.kind == Kind::Exception && !self.was_shown_as_risk(cluster, info).await? {
                return Err(Error::NotSkippable(skip.name.clone()));
            }
        }
        Ok(())
    }

    /// An item of kind Exception is sent as a Risk while it is below a blocker or not assessed: what the caller was last shown
    /// as a Risk, the caller may skip. A blocker is not hidden by that (the acceptance does not cover it).
    async fn was_shown_as_risk(&self, cluster: &Cluster, info: &CheckInfo) -> Result<bool, Error> {
        let (project, id) = (&cluster.project_id, &cluster.id);
        for task in self.precheck_ids(project, id).await? {
            let task = self
                .store
                .task(project, id, TaskKind::Precheck, &task)
                .await?;
            if let Some(result) = task.and_then(|task| task.result) {
                let assessment: Assessment = serde_json::from_slice(&result)?;
                return Ok(mapping::skippable(&assessment, info));
            }
        }
        Ok(false)
    }

    /// Takes a post-check and waits for it; the same request again joins the one that runs.
    pub async fn create_postcheck(
        &self,
        project: &str,
        cluster_id: &str,
        request: PostcheckRequest,
    ) -> Result<PostcheckAnswer, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        let id = self.accept_postcheck(&cluster, request).await?;
        self.wait_for(&cluster, &id).await
    }

    /// Accepts a post-check, or finds the one that runs for the same request. Versions that the caller leaves out are those of
    /// the open workflow.
    pub(crate) async fn accept_postcheck(
        &self,
        cluster: &Cluster,
        request: PostcheckRequest,
    ) -> Result<String, Error> {
        self.demand_version(cluster).await?;
        let open = self.open_workflow(cluster).await?;
        let (from, target) = open
            .map(|open| (open.cluster_version, open.target_version))
            .unzip();
        let parse = |text: Option<String>| text.map(|text| text.parse::<KubeVersion>()).transpose();
        let spec = PostcheckTaskSpec {
            cluster_version: parse(request.cluster_version.or(from))?,
            target_version: parse(request.target_version.or(target))?,
        };
        let text = serde_json::to_string(&spec)?;
        let (kind, target) = (TaskKind::Postcheck, spec.target_version.as_ref());
        match self.accept(cluster, kind, target, &text).await? {
            Enqueued::AlreadyActive {
                id,
                same_spec: true,
            } => Ok(id),
            Enqueued::InTheWay { id, .. } => Err(Error::UpgradeUnfinished(id)),
            other => accepted(other).map(|task| task.id),
        }
    }

    async fn wait_for(&self, cluster: &Cluster, id: &str) -> Result<PostcheckAnswer, Error> {
        const POLL: Duration = Duration::from_secs(1);
        let finished =
            tokio::time::timeout(self.settings.post_check_wait, self.store.finished(id, POLL))
                .await;
        if let Ok(finished) = finished {
            let task = finished?.ok_or_else(|| Error::UnknownTask(id.to_owned()))?;
            return Ok(PostcheckAnswer::Finished(Box::new(task)));
        }
        let task = self
            .store
            .task(&cluster.project_id, &cluster.id, TaskKind::Postcheck, id)
            .await?;
        task.map(|task| PostcheckAnswer::Unfinished(Box::new(task)))
            .ok_or_else(|| Error::UnknownTask(id.to_owned()))
    }

    /// One pre-check of a cluster.
    pub async fn precheck(
        &self,
        project: &str,
        cluster_id: &str,
        task_id: &str,
    ) -> Result<Task, Error> {
        self.cluster(project, cluster_id).await?;
        let task = self
            .store
            .task(project, cluster_id, TaskKind::Precheck, task_id)
            .await?;
        task.ok_or_else(|| Error::UnknownTask(task_id.to_owned()))
    }

    /// The ids of all pre-checks of a cluster that are kept, newest first.
    pub async fn precheck_ids(
        &self,
        project: &str,
        cluster_id: &str,
    ) -> Result<Vec<String>, Error> {
        self.cluster(project, cluster_id).await?;
        Ok(self
            .store
            .task_ids(project, cluster_id, TaskKind::Precheck)
            .await?)
    }
}

/// Whether the version that a caller believes to run, if one was named, is the one that runs.
pub(crate) fn same_version(given: Option<&str>, running: &KubeVersion) -> Result<(), Error> {
    let Some(given) = given else { return Ok(()) };
    let parsed: KubeVersion = given.parse()?;
    if parsed.fits(running) || parsed.exact() == running.exact() {
        return Ok(());
    }
    Err(Error::OtherVersion {
        given: given.to_owned(),
        actual: running.to_string(),
    })
}
