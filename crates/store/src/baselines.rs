//! Baselines: recordings from before an upgrade, for the comparison after it.

use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    Error, Store,
    error::During,
    payload::unpack,
    tasks::Task,
    time::{instant, micros},
};

/// How many baselines are kept of one cluster.
pub const BASELINES_KEPT: i64 = 5;

/// A baseline to be kept with the end of the task that took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBaseline {
    /// Version the cluster ran.
    pub version: String,
    /// Version it was judged for.
    pub target_version: String,
    /// When the facts were read.
    pub taken_at: Timestamp,
    /// The recording.
    pub recording: Vec<u8>,
}

/// A baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Task that took it.
    pub task_id: String,
    /// When the facts were read.
    pub taken_at: Timestamp,
    /// Version the cluster ran.
    pub version: String,
    /// Version it was judged for.
    pub target_version: String,
    /// The recording.
    pub recording: Vec<u8>,
}

impl Store {
    /// The newest baseline of a cluster, or the newest for one target version.
    pub async fn baseline(
        &self,
        project_id: &str,
        cluster_id: &str,
        target_version: Option<&str>,
    ) -> Result<Option<Baseline>, Error> {
        let found = sqlx::query(
            "SELECT b.* FROM baselines b JOIN clusters c ON c.id = b.cluster_id \
             WHERE c.project_id = $1 AND c.id = $2 AND ($3 IS NULL OR b.target_version = $3) \
             ORDER BY b.taken_at DESC, b.task_id DESC LIMIT 1",
        )
        .bind(project_id)
        .bind(cluster_id)
        .bind(target_version)
        .try_map(|row| baseline(&row))
        .fetch_optional(&self.readers)
        .await
        .during("read a baseline")?;
        let Some(mut found) = found else {
            return Ok(None);
        };
        found.recording = unpack(found.recording).await?;
        Ok(Some(found))
    }
}

/// Keeps a baseline, whose recording is compressed already, and removes the oldest beyond those that are kept.
pub(crate) async fn keep(
    tx: &mut Transaction<'static, Sqlite>,
    task: &Task,
    new: &NewBaseline,
) -> Result<(), Error> {
    const DOING: &str = "keep a baseline";
    sqlx::query(
        "INSERT INTO baselines (task_id, cluster_id, taken_at, version, target_version, recording) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&task.id)
    .bind(&task.cluster_id)
    .bind(micros(new.taken_at))
    .bind(&new.version)
    .bind(&new.target_version)
    .bind(&new.recording)
    .execute(&mut **tx)
    .await
    .during(DOING)?;
    sqlx::query(
        "DELETE FROM baselines WHERE cluster_id = $1 AND task_id NOT IN \
         (SELECT task_id FROM baselines WHERE cluster_id = $1 \
          ORDER BY taken_at DESC, task_id DESC LIMIT $2)",
    )
    .bind(&task.cluster_id)
    .bind(BASELINES_KEPT)
    .execute(&mut **tx)
    .await
    .during(DOING)
    .map(drop)
}

fn baseline(row: &SqliteRow) -> Result<Baseline, sqlx::Error> {
    Ok(Baseline {
        task_id: row.try_get("task_id")?,
        taken_at: instant(row.try_get("taken_at")?)?,
        version: row.try_get("version")?,
        target_version: row.try_get("target_version")?,
        recording: row.try_get("recording")?,
    })
}
