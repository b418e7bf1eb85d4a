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
    /// The newest baseline of a cluster whose version the caller accepts.
    pub async fn baseline(
        &self,
        project_id: &str,
        cluster_id: &str,
        accepts: impl Fn(&str) -> bool,
    ) -> Result<Option<Baseline>, Error> {
        const DOING: &str = "read a baseline";
        let kept: Vec<(String, String)> = sqlx::query_as(
            "SELECT b.task_id, b.version FROM baselines b JOIN clusters c ON c.id = b.cluster_id \
             WHERE c.project_id = $1 AND c.id = $2 ORDER BY b.taken_at DESC, b.task_id DESC",
        )
        .bind(project_id)
        .bind(cluster_id)
        .fetch_all(&self.readers)
        .await
        .during(DOING)?;
        let Some((task_id, _)) = kept.into_iter().find(|(_, version)| accepts(version)) else {
            return Ok(None);
        };
        let found = sqlx::query("SELECT * FROM baselines WHERE task_id = $1")
            .bind(task_id)
            .try_map(|row| baseline(&row))
            .fetch_optional(&self.readers)
            .await
            .during(DOING)?;
        let Some(mut found) = found else {
            return Ok(None);
        };
        found.recording = unpack(found.recording).await?;
        Ok(Some(found))
    }
}

/// Keeps a baseline, whose recording is compressed already, in place of an earlier one of the same task, and removes the oldest beyond those that are kept.
pub(crate) async fn keep(
    tx: &mut Transaction<'static, Sqlite>,
    task: &Task,
    new: &NewBaseline,
) -> Result<(), Error> {
    const DOING: &str = "keep a baseline";
    sqlx::query(
        "INSERT OR REPLACE INTO baselines (task_id, cluster_id, taken_at, version, target_version, recording) \
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
