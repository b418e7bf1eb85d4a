//! Taking tasks: what is accepted is there after a power cut, and what must not run side by side is not.

use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    Error, Store,
    error::During,
    snapshots,
    tasks::{Task, TaskKind, task},
    time::micros,
    workflows,
};

/// A task to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Project of the caller.
    pub project_id: String,
    /// Cluster it is about.
    pub cluster_id: String,
    /// Workflow it becomes a point of.
    pub workflow: Option<String>,
    /// What it does.
    pub kind: TaskKind,
    /// The request, as JSON; equal requests must have equal texts.
    pub spec: String,
    /// How often it may be begun before it ends as `Error`.
    pub max_attempts: u32,
}

/// What became of a task that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enqueued {
    /// It was accepted, and survives a power cut.
    New(Box<Task>),
    /// Another one of its kind is unfinished for that cluster; nothing was written.
    AlreadyActive {
        /// The unfinished one.
        id: String,
        /// Whether that one's spec is the same text.
        same_spec: bool,
    },
    /// A task of another kind, which it must not run beside, is unfinished for that cluster; nothing was written.
    InTheWay {
        /// The unfinished one.
        id: String,
        /// What it does.
        kind: TaskKind,
    },
    /// Its workflow is finished, or not one of that cluster; nothing was written.
    WorkflowFinished,
}

impl Store {
    /// Accepts a task unless an unfinished one of that cluster stands in its way, moves its workflow, and removes the oldest
    /// finished ones beyond those that are kept.
    pub async fn enqueue(&self, new: &NewTask, now: Timestamp) -> Result<Enqueued, Error> {
        let (new, kept) = (new.clone(), self.kept);
        self.grouped(DOING, move |tx| {
            Box::pin(async move { accept(tx, &new, kept, now).await })
        })
        .await
    }
}

const DOING: &str = "accept a task";

/// Nothing is written unless the task is.
async fn accept(
    tx: &mut Transaction<'static, Sqlite>,
    new: &NewTask,
    kept: i64,
    now: Timestamp,
) -> Result<Enqueued, Error> {
    if let Some(refused) = in_the_way(tx, new).await.during(DOING)? {
        return Ok(refused);
    }
    if let Some(workflow) = &new.workflow {
        let key = (&*new.cluster_id, &**workflow);
        if !workflows::start(tx, key, new.kind, now).await? {
            return Ok(Enqueued::WorkflowFinished);
        }
    }
    let task = insert(tx, new, now, DOING).await?;
    match new.kind {
        TaskKind::Snapshot => snapshots::prune(tx, &new.cluster_id).await?,
        kind => prune(tx, &new.cluster_id, kind, kept).await?,
    }
    Ok(Enqueued::New(Box::new(task)))
}

/// Writes a task, which nothing of its kind may stand in the way of.
pub(crate) async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    new: &NewTask,
    now: Timestamp,
    doing: &'static str,
) -> Result<Task, Error> {
    let inserted = sqlx::query(
        "INSERT INTO tasks (id, project_id, cluster_id, kind, spec, state, created_at, updated_at, \
         run_at, attempt, max_attempts, lease_fence, workflow_id) \
         SELECT $1, project_id, id, $4, $5, 'init', $6, $6, $6, 0, $7, 0, $8 FROM clusters \
         WHERE project_id = $2 AND id = $3 RETURNING *",
    )
    .bind(Uuid::new_v4().to_string())
    .bind(&new.project_id)
    .bind(&new.cluster_id)
    .bind(new.kind.as_str())
    .bind(&new.spec)
    .bind(micros(now))
    .bind(i64::from(new.max_attempts.max(1)))
    .bind(&new.workflow)
    .try_map(|row| task(&row))
    .fetch_optional(&mut **tx)
    .await
    .during(doing)?;
    inserted.ok_or_else(|| Error::NotFound {
        what: "cluster",
        id: new.cluster_id.clone(),
    })
}

/// Whether a task must not run beside one of another kind: nothing is judged or kept while it is being changed.
fn excludes(one: TaskKind, other: TaskKind) -> bool {
    let changes = |kind| kind == TaskKind::Upgrade;
    let looks = |kind| {
        matches!(
            kind,
            TaskKind::Precheck | TaskKind::Snapshot | TaskKind::Postcheck
        )
    };
    changes(one) && looks(other) || looks(one) && changes(other)
}

/// What keeps a task from being accepted: one of its kind before all others.
pub(crate) async fn in_the_way(
    tx: &mut Transaction<'static, Sqlite>,
    new: &NewTask,
) -> Result<Option<Enqueued>, sqlx::Error> {
    let unfinished: Vec<(String, TaskKind, bool)> = sqlx::query(
        "SELECT id, kind, spec FROM tasks WHERE project_id = $1 AND cluster_id = $2 AND state <> 'done'",
    )
    .bind(&new.project_id)
    .bind(&new.cluster_id)
    .try_map(|row: SqliteRow| {
        let kind = TaskKind::stored(row.try_get("kind")?)?;
        let same_spec = row.try_get::<&str, _>("spec")? == new.spec;
        Ok((row.try_get("id")?, kind, same_spec))
    })
    .fetch_all(&mut **tx)
    .await?;
    let mut refused = None;
    for (id, kind, same_spec) in unfinished {
        if kind == new.kind {
            return Ok(Some(Enqueued::AlreadyActive { id, same_spec }));
        }
        if excludes(kind, new.kind) {
            refused = Some(Enqueued::InTheWay { id, kind });
        }
    }
    Ok(refused)
}

/// Removes the oldest finished tasks of a cluster and kind beyond those that are kept.
async fn prune(
    tx: &mut Transaction<'static, Sqlite>,
    cluster_id: &str,
    kind: TaskKind,
    kept: i64,
) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM tasks WHERE cluster_id = $1 AND kind = $2 AND state = 'done' AND id NOT IN \
         (SELECT id FROM tasks WHERE cluster_id = $1 AND kind = $2 AND state = 'done' \
          ORDER BY created_at DESC, id DESC LIMIT $3)",
    )
    .bind(cluster_id)
    .bind(kind.as_str())
    .bind(kept)
    .execute(&mut **tx)
    .await
    .during("remove old tasks")
    .map(drop)
}
