//! Tasks that take many short steps: handing one back until the next step is due, and trying a failed one again.

use airworthy_upgrade::task::{self as life, Event};
use jiff::Timestamp;
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    Error, Store,
    baselines::{self, NewBaseline},
    enqueue::{Enqueued, NewTask, in_the_way},
    error::During,
    queue::{Lease, held, packed},
    tasks::{self, Phase, Task, TaskKind, TaskState, task},
    time::micros,
    workflows,
};

/// What a step leaves for the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// How much is done, 0 to 100. What is less than before does not count: progress never goes back.
    pub progress: u8,
    /// A note for the next step.
    pub scratch: Option<String>,
    /// What is being waited for, for people.
    pub message: Option<String>,
    /// When the next step is due.
    pub again_at: Timestamp,
}

/// What became of a task that was to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// It is queued.
    Queued(Box<Task>),
    /// The cluster never had one.
    Absent,
    /// The newest one did not fail.
    NotFailed(Box<Task>),
    /// A task that it must not run beside is unfinished.
    InTheWay(Enqueued),
    /// Its workflow is finished.
    WorkflowFinished,
}

impl Task {
    /// How far it is, in the words of upgrades; one that could not be carried out has failed.
    pub fn life(&self) -> life::Phase {
        match (self.state, self.phase) {
            (TaskState::Init, _) => life::Phase::Init,
            (TaskState::Queuing, _) => life::Phase::Queuing,
            (TaskState::Running, _) => life::Phase::Running,
            (TaskState::Done, Some(Phase::Success)) => life::Phase::Success,
            (TaskState::Done, Some(Phase::Failed | Phase::Error) | None) => life::Phase::Failed,
        }
    }
}

impl Store {
    /// Hands a task back until its next step is due; nobody is woken before. A step that was taken is a sign of life: attempts
    /// are counted anew. A baseline that the step took is kept with it.
    pub async fn park(
        &self,
        lease: &Lease,
        parked: Parked,
        baseline: Option<NewBaseline>,
        now: Timestamp,
    ) -> Result<(), Error> {
        const DOING: &str = "hand a task back until its next step";
        let baseline = packed(baseline).await?;
        let mut tx = self.write(DOING).await?;
        let changed = sqlx::query(
            "UPDATE tasks SET progress = MAX(progress, $4), scratch = $5, message = $6, run_at = $7, updated_at = $8, \
             attempt = 0, last_error = NULL, lease_owner = NULL, lease_until = NULL \
             WHERE id = $1 AND lease_fence = $2 AND lease_owner = $3 AND state = 'running'",
        )
        .bind(&lease.task.id)
        .bind(lease.fence)
        .bind(&lease.owner)
        .bind(i64::from(parked.progress.min(100)))
        .bind(parked.scratch)
        .bind(parked.message)
        .bind(micros(parked.again_at))
        .bind(micros(now))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        held(lease, &changed)?;
        if let Some(baseline) = &baseline {
            baselines::keep(&mut tx, &lease.task, baseline).await?;
        }
        tx.commit().await.during(DOING)
    }

    /// Whether there is a task of this id, of whatever project and kind.
    pub async fn is_task(&self, id: &str) -> Result<bool, Error> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM tasks WHERE id = $1)")
            .bind(id)
            .fetch_one(&self.readers)
            .await
            .during("look for a task")
    }

    /// The upgrades of a cluster, newest first, without results.
    pub async fn upgrades(&self, project_id: &str, cluster_id: &str) -> Result<Vec<Task>, Error> {
        sqlx::query(tasks::without_result!(
            "WHERE project_id = $1 AND cluster_id = $2 AND kind = 'upgrade' \
             ORDER BY created_at DESC, id DESC LIMIT $3"
        ))
        .bind(project_id)
        .bind(cluster_id)
        .bind(self.kept + 1)
        .try_map(|row| task(&row))
        .fetch_all(&self.readers)
        .await
        .during("list the upgrades")
    }

    /// Queues the newest upgrade of a cluster again if it failed: the same task, from the beginning.
    pub async fn retry_upgrade(
        &self,
        project_id: &str,
        cluster_id: &str,
        now: Timestamp,
    ) -> Result<Retried, Error> {
        const DOING: &str = "try an upgrade again";
        let mut tx = self.write(DOING).await?;
        let Some(newest) = newest_upgrade(&mut tx, project_id, cluster_id).await? else {
            return Ok(Retried::Absent);
        };
        if life::next(newest.life(), Event::Retried).is_none() {
            return Ok(Retried::NotFailed(Box::new(newest)));
        }
        if let Some(refused) = in_the_way(&mut tx, &again(&newest)).await.during(DOING)? {
            return Ok(Retried::InTheWay(refused));
        }
        if let Some(workflow) = &newest.workflow_id
            && !workflows::start(&mut tx, (cluster_id, workflow), TaskKind::Upgrade, now).await?
        {
            return Ok(Retried::WorkflowFinished);
        }
        let queued = queue(&mut tx, &newest.id, now).await?;
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(Retried::Queued(Box::new(queued)))
    }
}

/// The task as one that is handed in anew, to see what stands in its way.
fn again(task: &Task) -> NewTask {
    NewTask {
        project_id: task.project_id.clone(),
        cluster_id: task.cluster_id.clone(),
        workflow: None,
        kind: task.kind,
        spec: task.spec.clone(),
        max_attempts: task.max_attempts,
    }
}

async fn newest_upgrade(
    tx: &mut Transaction<'static, Sqlite>,
    project_id: &str,
    cluster_id: &str,
) -> Result<Option<Task>, Error> {
    sqlx::query(
        "SELECT * FROM tasks WHERE project_id = $1 AND cluster_id = $2 AND kind = 'upgrade' \
         ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(project_id)
    .bind(cluster_id)
    .try_map(|row| task(&row))
    .fetch_optional(&mut **tx)
    .await
    .during("read the newest upgrade")
}

async fn queue(
    tx: &mut Transaction<'static, Sqlite>,
    id: &str,
    now: Timestamp,
) -> Result<Task, Error> {
    sqlx::query(
        "UPDATE tasks SET state = 'queuing', tries = tries + 1, phase = NULL, message = NULL, result = NULL, progress = 0, \
         scratch = NULL, attempt = 0, last_error = NULL, ended_at = NULL, expires_at = NULL, run_at = $2, updated_at = $2 \
         WHERE id = $1 RETURNING *",
    )
    .bind(id)
    .bind(micros(now))
    .try_map(|row: SqliteRow| task(&row))
    .fetch_one(&mut **tx)
    .await
    .during("queue an upgrade again")
}
