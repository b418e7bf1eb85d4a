//! Workflows: what tasks of one upgrade belong together. A phase moves in the transaction of the task that moves it.

use std::time::Duration;

use airworthy_upgrade::workflow::{self, Canceller, Event, NotCancelled, Point, Progress};
use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    Error, Store,
    error::During,
    tasks::{self, Phase, Task, TaskKind, TaskState},
    time::{instant, micros},
};

/// A workflow to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWorkflow {
    /// Project of the caller.
    pub project_id: String,
    /// Cluster that is to be upgraded.
    pub cluster_id: String,
    /// Version it runs, exact.
    pub cluster_version: String,
    /// Version to go to, exact.
    pub target_version: String,
}

/// What became of a workflow that was to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It is there.
    New(Box<Workflow>),
    /// Another one of the cluster is unfinished; nothing was written.
    AlreadyOpen(String),
}

/// What became of a workflow that was to be cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// It is.
    Done(Box<Workflow>),
    /// It is not, for this reason.
    Refused(NotCancelled),
    /// The cluster has no such workflow.
    Absent,
}

/// A workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    /// Identifier, a UUID.
    pub id: String,
    /// Project it belongs to.
    pub project_id: String,
    /// Cluster that is upgraded.
    pub cluster_id: String,
    /// Version it ran when the workflow was opened, exact.
    pub cluster_version: String,
    /// Version to go to, exact.
    pub target_version: String,
    /// Where it stands.
    pub phase: workflow::Phase,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The newest task of each kind, without results.
    pub tasks: Vec<Task>,
}

impl Workflow {
    /// The newest task of a point.
    pub fn task(&self, point: Point) -> Option<&Task> {
        self.tasks
            .iter()
            .find(|task| point_of(task.kind) == Some(point))
    }

    /// Whether a task of it has not ended.
    pub fn is_under_way(&self) -> bool {
        self.tasks.iter().any(|task| task.state != TaskState::Done)
    }

    fn lapses_at(&self, span: Duration) -> Option<Timestamp> {
        let points: Vec<_> = self.tasks.iter().filter_map(progress).collect();
        workflow::lapses_at(self.phase, &points, self.updated_at, span)
    }
}

/// The point that a task of this kind is, in a workflow.
pub fn point_of(kind: TaskKind) -> Option<Point> {
    match kind {
        TaskKind::Precheck => Some(Point::PreCheck),
        TaskKind::Snapshot => Some(Point::Snapshot),
        TaskKind::Upgrade => Some(Point::Cluster),
        TaskKind::Postcheck => Some(Point::PostCheck),
        TaskKind::Register => None,
    }
}

fn progress(task: &Task) -> Option<(Point, Progress)> {
    let at = task.ended_at.unwrap_or(task.updated_at);
    let progress = match task.phase {
        None => Progress::UnderWay,
        Some(Phase::Success) => Progress::Succeeded {
            at,
            expires: task.expires_at,
        },
        Some(Phase::Failed | Phase::Error) => Progress::Failed { at },
    };
    point_of(task.kind).map(|point| (point, progress))
}

impl Store {
    /// Opens a workflow unless one of the cluster is unfinished, and removes the oldest finished ones beyond those kept.
    pub async fn create_workflow(
        &self,
        new: &NewWorkflow,
        now: Timestamp,
    ) -> Result<Opened, Error> {
        const DOING: &str = "open a workflow";
        let mut tx = self.write(DOING).await?;
        let opened = open(&mut tx, new, self.kept, now).await?;
        tx.commit().await.during(DOING)?;
        if matches!(opened, Opened::New(_)) {
            self.announce();
        }
        Ok(opened)
    }

    /// The workflow of a cluster with this id; another project's workflow is as absent as one that never was.
    pub async fn workflow(
        &self,
        project_id: &str,
        cluster_id: &str,
        id: &str,
    ) -> Result<Option<Workflow>, Error> {
        let mut tx = self.readers.begin().await.during(READ)?;
        let found = one(&mut tx, (project_id, cluster_id, id)).await?;
        Ok(found)
    }

    /// The unfinished workflow of a cluster.
    pub async fn open_workflow(
        &self,
        project_id: &str,
        cluster_id: &str,
    ) -> Result<Option<Workflow>, Error> {
        let mut tx = self.readers.begin().await.during(READ)?;
        let id: Option<String> = sqlx::query_scalar(
            "SELECT id FROM workflows WHERE project_id = $1 AND cluster_id = $2 \
             AND phase NOT IN ('Success', 'Cancel')",
        )
        .bind(project_id)
        .bind(cluster_id)
        .fetch_optional(&mut *tx)
        .await
        .during(READ)?;
        match id {
            Some(id) => one(&mut tx, (project_id, cluster_id, &id)).await,
            None => Ok(None),
        }
    }

    /// The workflows of a cluster, newest first.
    pub async fn workflows(
        &self,
        project_id: &str,
        cluster_id: &str,
    ) -> Result<Vec<Workflow>, Error> {
        let mut tx = self.readers.begin().await.during(READ)?;
        let mut workflows = sqlx::query(
            "SELECT * FROM workflows WHERE project_id = $1 AND cluster_id = $2 \
             ORDER BY created_at DESC, id DESC LIMIT $3",
        )
        .bind(project_id)
        .bind(cluster_id)
        .bind(self.kept + 1)
        .try_map(|row| workflow(&row))
        .fetch_all(&mut *tx)
        .await
        .during(READ)?;
        for workflow in &mut workflows {
            workflow.tasks = newest_tasks(&mut tx, &workflow.id).await?;
        }
        Ok(workflows)
    }

    /// Gives a workflow up, where the one who asks may and no task of it is under way.
    pub async fn cancel_workflow(
        &self,
        (project_id, cluster_id): (&str, &str),
        id: &str,
        by: Canceller,
        now: Timestamp,
    ) -> Result<Cancelled, Error> {
        const DOING: &str = "cancel a workflow";
        let mut tx = self.write(DOING).await?;
        let Some(mut found) = one(&mut tx, (project_id, cluster_id, id)).await? else {
            return Ok(Cancelled::Absent);
        };
        match workflow::cancel(found.phase, by, found.is_under_way()) {
            Ok(phase) => found.phase = phase,
            Err(refused) => return Ok(Cancelled::Refused(refused)),
        }
        put_phase(&mut tx, id, found.phase, now).await?;
        tx.commit().await.during(DOING)?;
        self.announce();
        found.updated_at = instant(micros(now)).during(DOING)?;
        Ok(Cancelled::Done(Box::new(found)))
    }

    /// Makes those running workflows wait in which nothing is under way and nothing counts any more: those of one cluster, given
    /// as its project and id, or all. What says nothing of its own end counts for `span`. Says how many there were.
    pub async fn lapse_workflows(
        &self,
        cluster: Option<(&str, &str)>,
        span: Duration,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let is_over = |workflow: &Workflow| workflow.lapses_at(span).is_some_and(|at| at <= now);
        let mut count = 0;
        for workflow in self.idle_workflows(cluster).await? {
            if is_over(&workflow) && self.lapse(&workflow, is_over, now).await? {
                count += 1;
            }
        }
        Ok(count)
    }

    async fn idle_workflows(&self, cluster: Option<(&str, &str)>) -> Result<Vec<Workflow>, Error> {
        let (project_id, cluster_id) = cluster.unzip();
        let mut tx = self.readers.begin().await.during(READ)?;
        // The second condition on the phase is the first one's, in the words of the index of unfinished workflows.
        let mut idle = sqlx::query(
            "SELECT * FROM workflows w WHERE phase = 'Running' AND phase NOT IN ('Success', 'Cancel') \
             AND ($1 IS NULL OR project_id = $1) AND ($2 IS NULL OR cluster_id = $2) \
             AND NOT EXISTS (SELECT 1 FROM tasks WHERE workflow_id = w.id AND state <> 'done')",
        )
        .bind(project_id)
        .bind(cluster_id)
        .try_map(|row| workflow(&row))
        .fetch_all(&mut *tx)
        .await
        .during(READ)?;
        for workflow in &mut idle {
            workflow.tasks = newest_tasks(&mut tx, &workflow.id).await?;
        }
        Ok(idle)
    }

    /// Looks again before it moves the phase: a task may have come meanwhile.
    async fn lapse(
        &self,
        seen: &Workflow,
        is_over: impl Fn(&Workflow) -> bool,
        now: Timestamp,
    ) -> Result<bool, Error> {
        const DOING: &str = "let a workflow lapse";
        let mut tx = self.write(DOING).await?;
        let key = (&*seen.project_id, &*seen.cluster_id, &*seen.id);
        let found = one(&mut tx, key).await?;
        let next = found
            .filter(is_over)
            .and_then(|found| workflow::next(found.phase, Event::Lapsed));
        let Some(phase) = next else {
            return Ok(false);
        };
        put_phase(&mut tx, &seen.id, phase, now).await?;
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(true)
    }
}

const READ: &str = "read workflows";

/// Opens a workflow within a transaction that may have more to do.
pub(crate) async fn open(
    tx: &mut Transaction<'static, Sqlite>,
    new: &NewWorkflow,
    kept: i64,
    now: Timestamp,
) -> Result<Opened, Error> {
    const DOING: &str = "open a workflow";
    if let Some(id) = unfinished(tx, &new.cluster_id).await? {
        return Ok(Opened::AlreadyOpen(id));
    }
    let inserted = sqlx::query(
        "INSERT INTO workflows (id, project_id, cluster_id, cluster_version, target_version, phase, created_at, \
         updated_at) SELECT $1, project_id, id, $4, $5, $6, $7, $7 FROM clusters \
         WHERE project_id = $2 AND id = $3 RETURNING *",
    )
    .bind(Uuid::new_v4().to_string())
    .bind(&new.project_id)
    .bind(&new.cluster_id)
    .bind(&new.cluster_version)
    .bind(&new.target_version)
    .bind(workflow::Phase::Init.as_str())
    .bind(micros(now))
    .try_map(|row| workflow(&row))
    .fetch_optional(&mut **tx)
    .await
    .during(DOING)?;
    let opened = inserted.ok_or_else(|| Error::NotFound {
        what: "cluster",
        id: new.cluster_id.clone(),
    })?;
    prune(tx, &new.cluster_id, kept).await?;
    Ok(Opened::New(Box::new(opened)))
}

async fn unfinished(
    tx: &mut Transaction<'static, Sqlite>,
    cluster_id: &str,
) -> Result<Option<String>, Error> {
    sqlx::query_scalar(
        "SELECT id FROM workflows WHERE cluster_id = $1 AND phase NOT IN ('Success', 'Cancel')",
    )
    .bind(cluster_id)
    .fetch_optional(&mut **tx)
    .await
    .during(READ)
}

/// Removes the oldest finished workflows of a cluster beyond those that are kept. Their tasks stay as long as others do.
async fn prune(
    tx: &mut Transaction<'static, Sqlite>,
    cluster_id: &str,
    kept: i64,
) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM workflows WHERE cluster_id = $1 AND phase IN ('Success', 'Cancel') AND id NOT IN \
         (SELECT id FROM workflows WHERE cluster_id = $1 AND phase IN ('Success', 'Cancel') \
          ORDER BY created_at DESC, id DESC LIMIT $2)",
    )
    .bind(cluster_id)
    .bind(kept)
    .execute(&mut **tx)
    .await
    .during("remove old workflows")
    .map(drop)
}

/// Moves a workflow for the start of a task; `false` where it is finished or not of that cluster.
pub(crate) async fn start(
    tx: &mut Transaction<'static, Sqlite>,
    (cluster_id, id): (&str, &str),
    kind: TaskKind,
    now: Timestamp,
) -> Result<bool, Error> {
    let phase = phase_of(tx, id, Some(cluster_id)).await?;
    let point = point_of(kind);
    let next = phase
        .zip(point)
        .and_then(|(phase, point)| workflow::next(phase, Event::Started(point)));
    let Some(next) = next else {
        return Ok(false);
    };
    put_phase(tx, id, next, now).await?;
    Ok(true)
}

/// Moves the workflow of a task that ends, if it is a point of one. A workflow that cannot be moved keeps no task from ending.
pub(crate) async fn end(
    tx: &mut Transaction<'static, Sqlite>,
    workflow_id: Option<&str>,
    (kind, ended): (TaskKind, Phase),
    now: Timestamp,
) -> Result<(), Error> {
    let Some((id, point)) = workflow_id.zip(point_of(kind)) else {
        return Ok(());
    };
    let Some(phase) = phase_of(tx, id, None).await? else {
        return Ok(());
    };
    let event = match ended {
        Phase::Success => Event::Succeeded(point),
        Phase::Failed | Phase::Error => Event::Failed(point),
    };
    if let Some(next) = workflow::next(phase, event) {
        return put_phase(tx, id, next, now).await;
    }
    tracing::error!(workflow = id, %phase, ?event, "a task ended in a workflow that cannot have it");
    Ok(())
}

async fn phase_of(
    tx: &mut Transaction<'static, Sqlite>,
    id: &str,
    cluster_id: Option<&str>,
) -> Result<Option<workflow::Phase>, Error> {
    sqlx::query("SELECT phase FROM workflows WHERE id = $1 AND ($2 IS NULL OR cluster_id = $2)")
        .bind(id)
        .bind(cluster_id)
        .try_map(|row: SqliteRow| phase(&row))
        .fetch_optional(&mut **tx)
        .await
        .during(READ)
}

async fn put_phase(
    tx: &mut Transaction<'static, Sqlite>,
    id: &str,
    phase: workflow::Phase,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query("UPDATE workflows SET phase = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(phase.as_str())
        .bind(micros(now))
        .execute(&mut **tx)
        .await
        .during("move a workflow")
        .map(drop)
}

/// A workflow with its tasks, by project, cluster and id.
async fn one(
    tx: &mut Transaction<'static, Sqlite>,
    (project_id, cluster_id, id): (&str, &str, &str),
) -> Result<Option<Workflow>, Error> {
    let found = sqlx::query(
        "SELECT * FROM workflows WHERE id = $1 AND project_id = $2 AND cluster_id = $3",
    )
    .bind(id)
    .bind(project_id)
    .bind(cluster_id)
    .try_map(|row| workflow(&row))
    .fetch_optional(&mut **tx)
    .await
    .during(READ)?;
    let Some(mut found) = found else {
        return Ok(None);
    };
    found.tasks = newest_tasks(tx, id).await?;
    Ok(Some(found))
}

async fn newest_tasks(
    tx: &mut Transaction<'static, Sqlite>,
    workflow_id: &str,
) -> Result<Vec<Task>, Error> {
    sqlx::query(tasks::without_result!(
        "WHERE workflow_id = $1 AND NOT EXISTS (SELECT 1 FROM tasks newer \
         WHERE newer.workflow_id = $1 AND newer.kind = tasks.kind \
         AND (newer.created_at, newer.id) > (tasks.created_at, tasks.id))"
    ))
    .bind(workflow_id)
    .try_map(|row| tasks::task(&row))
    .fetch_all(&mut **tx)
    .await
    .during(READ)
}

fn phase(row: &SqliteRow) -> Result<workflow::Phase, sqlx::Error> {
    let word: &str = row.try_get("phase")?;
    workflow::Phase::named(word)
        .ok_or_else(|| sqlx::Error::Decode(format!("a workflow cannot be {word:?}").into()))
}

/// A row of `workflows`, its tasks to be read still.
fn workflow(row: &SqliteRow) -> Result<Workflow, sqlx::Error> {
    Ok(Workflow {
        id: row.try_get("id")?,
        project_id: row.try_get("project_id")?,
        cluster_id: row.try_get("cluster_id")?,
        cluster_version: row.try_get("cluster_version")?,
        target_version: row.try_get("target_version")?,
        phase: phase(row)?,
        created_at: instant(row.try_get("created_at")?)?,
        updated_at: instant(row.try_get("updated_at")?)?,
        tasks: Vec::new(),
    })
}
