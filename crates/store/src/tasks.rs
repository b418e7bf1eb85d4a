//! Tasks: what was asked for, how far it is and how it ended.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    Error, Store,
    error::During,
    payload::unpack,
    time::{instant, maybe_instant},
};

/// How many finished tasks of one kind, workflows and plans are kept of one cluster, unless the options say otherwise.
pub const TASKS_KEPT: i64 = 100;

/// Gives an enumeration the texts it is stored as.
macro_rules! stored_as {
    ($name:ident { $($variant:ident = $text:literal),+ }) => {
        impl $name {
            /// The text it is stored as.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub(crate) fn stored(text: &str) -> Result<Self, sqlx::Error> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    other => Err(sqlx::Error::Decode(
                        format!("{} cannot be {other:?}", stringify!($name)).into(),
                    )),
                }
            }
        }
    };
}
pub(crate) use stored_as;

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// Judges whether a cluster is fit to be upgraded.
    Precheck,
    /// Judges whether a cluster came out of an upgrade fit to serve.
    Postcheck,
    /// Upgrades a cluster.
    Upgrade,
    /// Takes a picture of a cluster, and a backup where one is configured.
    Snapshot,
    /// Reaches a cluster for the first time.
    Register,
}

stored_as!(TaskKind {
    Precheck = "precheck",
    Postcheck = "postcheck",
    Upgrade = "upgrade",
    Snapshot = "snapshot",
    Register = "register"
});

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// Accepted, never begun.
    Init,
    /// To be tried again after it ended, not begun again.
    Queuing,
    /// Begun; between two attempts, too.
    Running,
    /// Ended.
    Done,
}

stored_as!(TaskState {
    Init = "init",
    Queuing = "queuing",
    Running = "running",
    Done = "done"
});

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Nothing stands in the way.
    Success,
    /// Something stands in the way.
    Failed,
    /// The task could not be carried out.
    Error,
}

stored_as!(Phase { Success = "Success", Failed = "Failed", Error = "Error" });

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Identifier, a UUID.
    pub id: String,
    /// Project it belongs to.
    pub project_id: String,
    /// Cluster it is about.
    pub cluster_id: String,
    /// Workflow it is a point of.
    pub workflow_id: Option<String>,
    /// What it does.
    pub kind: TaskKind,
    /// The request, as JSON.
    pub spec: String,
    /// How far it is.
    pub state: TaskState,
    /// How it ended, once it has.
    pub phase: Option<Phase>,
    /// Why it ended so, for people.
    pub message: Option<String>,
    /// The assessment, once there is one.
    pub result: Option<Vec<u8>>,
    /// How much is done, 0 to 100.
    pub progress: u8,
    /// What the last step left for the next one.
    pub scratch: Option<String>,
    /// Which try it is, from 1: a caller may have a failed upgrade tried again.
    pub tries: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was begun for the first time.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Until when its result counts.
    pub expires_at: Option<Timestamp>,
    /// How often it was begun.
    pub attempt: u32,
    /// How often it may be begun.
    pub max_attempts: u32,
    /// Why the last attempt failed, while another one is due.
    pub last_error: Option<String>,
}

impl Store {
    /// The task of a cluster with this id and kind; another project's task is as absent as one that never was.
    pub async fn task(
        &self,
        project_id: &str,
        cluster_id: &str,
        kind: TaskKind,
        id: &str,
    ) -> Result<Option<Task>, Error> {
        let found = sqlx::query(
            "SELECT * FROM tasks WHERE id = $1 AND project_id = $2 AND cluster_id = $3 AND kind = $4",
        )
        .bind(id)
        .bind(project_id)
        .bind(cluster_id)
        .bind(kind.as_str())
        .try_map(|row| task(&row))
        .fetch_optional(&self.readers)
        .await
        .during("read a task")?;
        match found {
            Some(task) => expanded(task).await.map(Some),
            None => Ok(None),
        }
    }

    /// The ids of the tasks of a cluster of one kind, newest first. Results can be large: each is read with its task.
    pub async fn task_ids(
        &self,
        project_id: &str,
        cluster_id: &str,
        kind: TaskKind,
    ) -> Result<Vec<String>, Error> {
        sqlx::query_scalar(
            "SELECT id FROM tasks WHERE project_id = $1 AND cluster_id = $2 AND kind = $3 \
             ORDER BY created_at DESC, id DESC LIMIT $4",
        )
        .bind(project_id)
        .bind(cluster_id)
        .bind(kind.as_str())
        .bind(self.kept + 1)
        .fetch_all(&self.readers)
        .await
        .during("list the tasks")
    }

    /// How many tasks there are of each kind in each state; what there is none of is left out.
    pub async fn task_counts(&self) -> Result<Vec<(TaskKind, TaskState, i64)>, Error> {
        sqlx::query("SELECT kind, state, COUNT(*) AS count FROM tasks GROUP BY kind, state")
            .try_map(|row: SqliteRow| {
                let kind = TaskKind::stored(row.try_get("kind")?)?;
                let state = TaskState::stored(row.try_get("state")?)?;
                Ok((kind, state, row.try_get("count")?))
            })
            .fetch_all(&self.readers)
            .await
            .during("count the tasks")
    }

    /// Waits until a task has ended, and reads it; nothing when it is gone.
    ///
    /// Ends in this process are seen at once, those in others after `poll` at most. The caller bounds the wait.
    pub async fn finished(&self, id: &str, poll: Duration) -> Result<Option<Task>, Error> {
        let mut changes = self.changes();
        loop {
            changes.borrow_and_update();
            let found = sqlx::query("SELECT * FROM tasks WHERE id = $1")
                .bind(id)
                .try_map(|row| task(&row))
                .fetch_optional(&self.readers)
                .await
                .during("wait for a task")?;
            match found {
                None => return Ok(None),
                Some(task) if task.state == TaskState::Done => {
                    return expanded(task).await.map(Some);
                }
                Some(_) => {
                    let _ = tokio::time::timeout(poll, changes.changed()).await;
                }
            }
        }
    }
}

async fn expanded(mut task: Task) -> Result<Task, Error> {
    if let Some(packed) = task.result.take() {
        task.result = Some(unpack(packed).await?);
    }
    Ok(task)
}

/// Selects tasks by what follows, without their results, which can be large.
macro_rules! without_result {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, cluster_id, workflow_id, kind, spec, state, phase, message, NULL AS result, \
             progress, scratch, tries, created_at, updated_at, started_at, ended_at, expires_at, attempt, max_attempts, last_error FROM tasks ",
            $rest
        )
    };
}
pub(crate) use without_result;

/// A row of `tasks`, its result still compressed.
pub(crate) fn task(row: &SqliteRow) -> Result<Task, sqlx::Error> {
    let count = |column| row.try_get::<i64, _>(column).map(clamped);
    Ok(Task {
        id: row.try_get("id")?,
        project_id: row.try_get("project_id")?,
        cluster_id: row.try_get("cluster_id")?,
        workflow_id: row.try_get("workflow_id")?,
        kind: TaskKind::stored(row.try_get("kind")?)?,
        spec: row.try_get("spec")?,
        state: TaskState::stored(row.try_get("state")?)?,
        phase: row
            .try_get::<Option<&str>, _>("phase")?
            .map(Phase::stored)
            .transpose()?,
        message: row.try_get("message")?,
        result: row.try_get("result")?,
        progress: u8::try_from(row.try_get::<i64, _>("progress")?.clamp(0, 100)).unwrap_or(100),
        scratch: row.try_get("scratch")?,
        tries: count("tries")?,
        created_at: instant(row.try_get("created_at")?)?,
        updated_at: instant(row.try_get("updated_at")?)?,
        started_at: maybe_instant(row.try_get("started_at")?)?,
        ended_at: maybe_instant(row.try_get("ended_at")?)?,
        expires_at: maybe_instant(row.try_get("expires_at")?)?,
        attempt: count("attempt")?,
        max_attempts: count("max_attempts")?,
        last_error: row.try_get("last_error")?,
    })
}

fn clamped(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}
