//! Tasks without their results, which can be large.

use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    Error, Store,
    error::During,
    tasks::{Phase, TASKS_KEPT, TaskKind, TaskState},
    time::{instant, maybe_instant},
};

/// A task without its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Identifier of the task.
    pub id: String,
    /// The request, as JSON.
    pub spec: String,
    /// What one step of it leaves for the next, as JSON.
    pub scratch: Option<String>,
    /// How far it is.
    pub state: TaskState,
    /// How it ended, once it has.
    pub phase: Option<Phase>,
    /// Why it ended so, for people.
    pub message: Option<String>,
    /// Whether it has a result.
    pub has_result: bool,
    /// Progress in percent, as its steps said it.
    pub progress: u8,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Brief {
    /// Progress in percent; what succeeded is done.
    pub fn percent(&self) -> u8 {
        match self.phase {
            Some(Phase::Success) => 100,
            _ => self.progress,
        }
    }
}

impl Store {
    /// The tasks of a cluster of one kind, newest first.
    pub async fn briefs(
        &self,
        project_id: &str,
        cluster_id: &str,
        kind: TaskKind,
    ) -> Result<Vec<Brief>, Error> {
        sqlx::query(
            "SELECT id, spec, scratch, state, phase, message, progress, created_at, updated_at, ended_at, \
             result IS NOT NULL AS has_result \
             FROM tasks WHERE project_id = $1 AND cluster_id = $2 AND kind = $3 \
             ORDER BY created_at DESC, id DESC LIMIT $4",
        )
        .bind(project_id)
        .bind(cluster_id)
        .bind(kind.as_str())
        .bind(TASKS_KEPT + 1)
        .try_map(|row| brief(&row))
        .fetch_all(&self.readers)
        .await
        .during("list the tasks")
    }
}

fn brief(row: &SqliteRow) -> Result<Brief, sqlx::Error> {
    Ok(Brief {
        id: row.try_get("id")?,
        spec: row.try_get("spec")?,
        scratch: row.try_get("scratch")?,
        state: TaskState::stored(row.try_get("state")?)?,
        phase: row
            .try_get::<Option<&str>, _>("phase")?
            .map(Phase::stored)
            .transpose()?,
        message: row.try_get("message")?,
        has_result: row.try_get("has_result")?,
        progress: u8::try_from(row.try_get::<i64, _>("progress")?.clamp(0, 100)).unwrap_or(100),
        created_at: instant(row.try_get("created_at")?)?,
        updated_at: instant(row.try_get("updated_at")?)?,
        ended_at: maybe_instant(row.try_get("ended_at")?)?,
    })
}
