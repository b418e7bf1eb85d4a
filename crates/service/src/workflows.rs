//! Workflows: opened, shown and given up on request; tasks of theirs are attached where they are accepted.

use airworthy_cce::request::WorkflowRequest;
use airworthy_model::KubeVersion;
use airworthy_store::{
    Cancelled, Cluster, Enqueued, NewTask, NewWorkflow, Opened, Task, TaskKind, Workflow,
};
use airworthy_upgrade::workflow::Canceller;
use jiff::Timestamp;

use crate::{Error, Service, intake::same_version};

/// How often a task is handed in when its workflow ends in that very moment.
const TRIES: usize = 3;

impl Service {
    /// Opens a workflow. Both its versions are exact: what runs, and what the target stands for.
    pub async fn create_workflow(
        &self,
        project: &str,
        cluster_id: &str,
        request: WorkflowRequest,
    ) -> Result<Workflow, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        let (running, target) = self.judged_way(&cluster, &request.target_version).await?;
        same_version(request.cluster_version.as_deref(), &running)?;
        let new = NewWorkflow {
            project_id: cluster.project_id,
            cluster_id: cluster.id,
            cluster_version: running.exact(),
            target_version: target.exact(),
        };
        match self.store.create_workflow(&new, Timestamp::now()).await? {
            Opened::New(workflow) => Ok(*workflow),
            Opened::AlreadyOpen(id) => Err(Error::OpenWorkflow(id)),
        }
    }

    /// What a cluster runs, and the exact version that a target stands for, when there is a way from the one to the other.
    pub(crate) async fn judged_way(
        &self,
        cluster: &Cluster,
        target: &str,
    ) -> Result<(KubeVersion, KubeVersion), Error> {
        let running = self.running_version(cluster).await;
        let target = self.resolve_target(running.as_ref(), target)?;
        let running = running.ok_or(Error::VersionUnknown)?;
        self.judge_path(&running, &target)?;
        Ok((running, target))
    }

    /// One workflow of a cluster.
    pub async fn workflow(
        &self,
        project: &str,
        cluster_id: &str,
        id: &str,
    ) -> Result<Workflow, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        self.lapse(&cluster).await?;
        let found = self.store.workflow(project, cluster_id, id).await?;
        found.ok_or_else(|| Error::UnknownWorkflow(id.to_owned()))
    }

    /// The workflows of a cluster that are kept, newest first.
    pub async fn workflows(&self, project: &str, cluster_id: &str) -> Result<Vec<Workflow>, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        self.lapse(&cluster).await?;
        Ok(self.store.workflows(project, cluster_id).await?)
    }

    /// Gives a workflow up, and shows it as it is then.
    pub async fn cancel_workflow(
        &self,
        project: &str,
        cluster_id: &str,
        id: &str,
        by: Canceller,
    ) -> Result<Workflow, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        self.lapse(&cluster).await?;
        let key = (project, cluster_id);
        match self
            .store
            .cancel_workflow(key, id, by, Timestamp::now())
            .await?
        {
            Cancelled::Done(workflow) => Ok(*workflow),
            Cancelled::Refused(why) => Err(Error::NotCancelled(why)),
            Cancelled::Absent => Err(Error::UnknownWorkflow(id.to_owned())),
        }
    }

    /// The unfinished workflow of a cluster.
    pub(crate) async fn open_workflow(&self, cluster: &Cluster) -> Result<Option<Workflow>, Error> {
        let (project, id) = (&cluster.project_id, &cluster.id);
        Ok(self.store.open_workflow(project, id).await?)
    }

    async fn lapse(&self, cluster: &Cluster) -> Result<(), Error> {
        let key = Some((&*cluster.project_id, &*cluster.id));
        let span = self.settings.result_expiry;
        self.store
            .lapse_workflows(key, span, Timestamp::now())
            .await?;
        Ok(())
    }

    /// Hands a task in. It becomes a point of the cluster's open workflow when `target` is that one's target, or nothing: then
    /// any will do. An upgrade to another target than that of the open workflow is refused.
    pub(crate) async fn accept(
        &self,
        cluster: &Cluster,
        kind: TaskKind,
        target: Option<&KubeVersion>,
        spec: &str,
    ) -> Result<Enqueued, Error> {
        let mut handed_in = Enqueued::WorkflowFinished;
        for _ in 0..TRIES {
            let open = self.open_workflow(cluster).await?;
            let workflow = attached(open, kind, target)?;
            handed_in = self.hand_in(cluster, kind, workflow, spec).await?;
            if handed_in != Enqueued::WorkflowFinished {
                break;
            }
        }
        Ok(handed_in)
    }

    async fn hand_in(
        &self,
        cluster: &Cluster,
        kind: TaskKind,
        workflow: Option<String>,
        spec: &str,
    ) -> Result<Enqueued, Error> {
        let task = NewTask {
            project_id: cluster.project_id.clone(),
            cluster_id: cluster.id.clone(),
            workflow,
            kind,
            spec: spec.to_owned(),
            max_attempts: self.settings.attempts,
        };
        Ok(self.store.enqueue(&task, Timestamp::now()).await?)
    }
}

/// The id of the open workflow when a task becomes a point of it.
fn attached(
    open: Option<Workflow>,
    kind: TaskKind,
    target: Option<&KubeVersion>,
) -> Result<Option<String>, Error> {
    let Some(open) = open else { return Ok(None) };
    match target {
        Some(target) if !leads_to(&open, target) => {
            if kind == TaskKind::Upgrade {
                return Err(Error::OtherTarget {
                    target: target.exact(),
                    workflow: open.id,
                    leads_to: open.target_version,
                });
            }
            Ok(None)
        }
        _ => Ok(Some(open.id)),
    }
}

/// Whether a target is that of a workflow. What names a minor alone means any of its patches.
fn leads_to(workflow: &Workflow, target: &KubeVersion) -> bool {
    let leads_to = workflow.target_version.parse::<KubeVersion>();
    leads_to.is_ok_and(|leads_to| target.fits(&leads_to))
}

/// The task that was accepted, or why it was not.
pub(crate) fn accepted(enqueued: Enqueued) -> Result<Task, Error> {
    match enqueued {
        Enqueued::New(task) => Ok(*task),
        Enqueued::AlreadyActive { id, .. } => Err(Error::Busy(id)),
        Enqueued::InTheWay { id, kind } => Err(Error::InTheWay { id, kind }),
        Enqueued::WorkflowFinished => Err(Error::WorkflowFinished),
    }
}
