//! Snapshots: tasks whose result is a recording, listed without it.

use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    Error, Store,
    error::During,
    payload::unpack,
    tasks::{Phase, TaskState},
    time::{instant, maybe_instant},
};

/// How many snapshots are kept of one cluster, beside the newest good one.
pub const SNAPSHOTS_KEPT: i64 = 10;

/// A snapshot, without its recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Identifier of the task.
    pub id: String,
    /// The request, as JSON.
    pub spec: String,
    /// What its parts have come to, as JSON; nothing before it was begun.
    pub scratch: Option<String>,
    /// How far it is.
    pub state: TaskState,
    /// How it ended, once it has.
    pub phase: Option<Phase>,
    /// Why it ended so, for people.
    pub message: Option<String>,
    /// Progress in percent.
    pub progress: i64,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Store {
    /// The snapshots of a cluster, newest first.
    pub async fn snapshots(
        &self,
        project_id: &str,
        cluster_id: &str,
    ) -> Result<Vec<Snapshot>, Error> {
        sqlx::query(
            "SELECT id, spec, scratch, state, phase, message, progress, created_at, updated_at, ended_at \
             FROM tasks WHERE project_id = $1 AND cluster_id = $2 AND kind = 'snapshot' \
             ORDER BY created_at DESC, id DESC",
        )
        .bind(project_id)
        .bind(cluster_id)
        .try_map(|row| snapshot(&row))
        .fetch_all(&self.readers)
        .await
        .during("list the snapshots")
    }

    /// The recording of a snapshot of any project; nothing when there is no such snapshot, or it has none.
    pub async fn snapshot_recording(&self, id: &str) -> Result<Option<Vec<u8>>, Error> {
        let found: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT result FROM tasks WHERE id = $1 AND kind = 'snapshot'")
                .bind(id)
                .fetch_optional(&self.readers)
                .await
                .during("read a snapshot")?;
        match found.flatten() {
            Some(packed) => unpack(packed).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Removes the oldest finished snapshots of a cluster beyond those that are kept. The newest good one stays in any case: no
/// row of failures may push it out.
pub(crate) async fn prune(
    tx: &mut Transaction<'static, Sqlite>,
    cluster_id: &str,
) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM tasks WHERE cluster_id = $1 AND kind = 'snapshot' AND state = 'done' AND id NOT IN \
         (SELECT id FROM tasks WHERE cluster_id = $1 AND kind = 'snapshot' AND state = 'done' \
          ORDER BY created_at DESC, id DESC LIMIT $2) AND id NOT IN \
         (SELECT id FROM tasks WHERE cluster_id = $1 AND kind = 'snapshot' AND phase = 'Success' \
          ORDER BY created_at DESC, id DESC LIMIT 1)",
    )
    .bind(cluster_id)
    .bind(SNAPSHOTS_KEPT)
    .execute(&mut **tx)
    .await
    .during("remove old snapshots")
    .map(drop)
}

fn snapshot(row: &SqliteRow) -> Result<Snapshot, sqlx::Error> {
    Ok(Snapshot {
        id: row.try_get("id")?,
        spec: row.try_get("spec")?,
        scratch: row.try_get("scratch")?,
        state: TaskState::stored(row.try_get("state")?)?,
        phase: row
            .try_get::<Option<&str>, _>("phase")?
            .map(Phase::stored)
            .transpose()?,
        message: row.try_get("message")?,
        progress: row.try_get("progress")?,
        created_at: instant(row.try_get("created_at")?)?,
        updated_at: instant(row.try_get("updated_at")?)?,
        ended_at: maybe_instant(row.try_get("ended_at")?)?,
    })
}
