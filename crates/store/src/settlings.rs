//! Clusters that settle after an upgrade: when they converged, when they are looked at again, and what was seen last.

use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    Error, Store,
    error::During,
    payload::{pack, unpack},
    time::{instant, micros},
};

/// How many samples are kept of one cluster: a post-check compares the last two.
pub const SAMPLES_KEPT: i64 = 2;

/// How far a cluster has settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settling {
    /// The cluster.
    pub cluster_id: String,
    /// Version that its API server ran.
    pub version: String,
    /// Nodes below the API server's minor; nothing where nobody could tell.
    pub behind: Option<i64>,
    /// When it was seen to have converged.
    pub converged_at: Timestamp,
    /// Samples taken since.
    pub taken: i64,
    /// When the next one is due, if one is planned.
    pub next_at: Option<Timestamp>,
    /// When the last one was taken; not written with this row.
    pub last_at: Option<Timestamp>,
}

/// What was seen of a cluster at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub taken_at: Timestamp,
    /// The facts, as a recording.
    pub recording: Vec<u8>,
}

impl Store {
    /// Begins anew: samples of before are gone.
    pub async fn begin_settling(&self, new: &Settling) -> Result<(), Error> {
        const DOING: &str = "begin the settling of a cluster";
        let mut tx = self.write(DOING).await?;
        // Samples go with the row that they belong to.
        sqlx::query("DELETE FROM settlings WHERE cluster_id = $1")
            .bind(&new.cluster_id)
            .execute(&mut *tx)
            .await
            .during(DOING)?;
        sqlx::query(
            "INSERT INTO settlings (cluster_id, version, behind, converged_at, taken, next_at) \
             SELECT id, $2, $3, $4, $5, $6 FROM clusters WHERE id = $1",
        )
        .bind(&new.cluster_id)
        .bind(&new.version)
        .bind(new.behind)
        .bind(micros(new.converged_at))
        .bind(new.taken)
        .bind(new.next_at.map(micros))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        tx.commit().await.during(DOING)
    }

    /// How far a cluster has settled; nothing when it was never seen to change.
    pub async fn settling(&self, cluster_id: &str) -> Result<Option<Settling>, Error> {
        sqlx::query(
            "SELECT s.*, (SELECT MAX(taken_at) FROM samples WHERE cluster_id = s.cluster_id) AS last_at \
             FROM settlings s WHERE s.cluster_id = $1",
        )
            .bind(cluster_id)
            .try_map(|row| settling(&row))
            .fetch_optional(&self.readers)
            .await
            .during("read how far a cluster has settled")
    }

    /// Project and id of the clusters whose next sample is due, the longest due first.
    pub async fn due_samples(&self, now: Timestamp) -> Result<Vec<(String, String)>, Error> {
        sqlx::query_as(
            "SELECT c.project_id, c.id FROM settlings s JOIN clusters c ON c.id = s.cluster_id \
             WHERE s.next_at <= $1 ORDER BY s.next_at, c.id",
        )
        .bind(micros(now))
        .fetch_all(&self.readers)
        .await
        .during("find clusters whose sample is due")
    }

    /// Keeps a sample, unless somebody else has taken one, or the settling has begun anew, since `seen` was read; tells whether it
    /// was kept. `next_at` is when the next one is due.
    pub async fn keep_sample(
        &self,
        seen: &Settling,
        sample: Sample,
        behind: Option<i64>,
        next_at: Option<Timestamp>,
    ) -> Result<bool, Error> {
        const DOING: &str = "keep a sample";
        let packed = pack(sample.recording).await?;
        let mut tx = self.write(DOING).await?;
        let ours = sqlx::query(
            "UPDATE settlings SET taken = taken + 1, behind = $4, next_at = $5 \
             WHERE cluster_id = $1 AND converged_at = $2 AND taken = $3",
        )
        .bind(&seen.cluster_id)
        .bind(micros(seen.converged_at))
        .bind(seen.taken)
        .bind(behind)
        .bind(next_at.map(micros))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        if ours.rows_affected() == 0 {
            return Ok(false);
        }
        insert(&mut tx, seen, sample.taken_at, packed).await?;
        tx.commit().await.during(DOING)?;
        Ok(true)
    }

    /// Plans the next sample of a cluster that could not be read, unless something else has happened since `seen` was read.
    pub async fn put_off_sample(&self, seen: &Settling, next_at: Timestamp) -> Result<(), Error> {
        const DOING: &str = "put a sample off";
        let mut tx = self.write(DOING).await?;
        sqlx::query(
            "UPDATE settlings SET next_at = $4 WHERE cluster_id = $1 AND converged_at = $2 AND taken = $3",
        )
        .bind(&seen.cluster_id)
        .bind(micros(seen.converged_at))
        .bind(seen.taken)
        .bind(micros(next_at))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        tx.commit().await.during(DOING)
    }

    /// The last samples of a cluster, the oldest first.
    pub async fn samples(&self, cluster_id: &str) -> Result<Vec<Sample>, Error> {
        let mut kept = sqlx::query(
            "SELECT taken_at, recording FROM samples WHERE cluster_id = $1 ORDER BY number",
        )
        .bind(cluster_id)
        .try_map(|row: SqliteRow| {
            Ok(Sample {
                taken_at: instant(row.try_get("taken_at")?)?,
                recording: row.try_get("recording")?,
            })
        })
        .fetch_all(&self.readers)
        .await
        .during("read the samples of a cluster")?;
        for sample in &mut kept {
            sample.recording = unpack(std::mem::take(&mut sample.recording)).await?;
        }
        Ok(kept)
    }
}

/// Writes a sample, and removes those beyond the ones that are kept.
async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    seen: &Settling,
    taken_at: Timestamp,
    packed: Vec<u8>,
) -> Result<(), Error> {
    const DOING: &str = "keep a sample";
    sqlx::query(
        "INSERT INTO samples (cluster_id, number, taken_at, recording) VALUES ($1, $2, $3, $4)",
    )
    .bind(&seen.cluster_id)
    .bind(seen.taken)
    .bind(micros(taken_at))
    .bind(packed)
    .execute(&mut **tx)
    .await
    .during(DOING)?;
    sqlx::query("DELETE FROM samples WHERE cluster_id = $1 AND number <= $2")
        .bind(&seen.cluster_id)
        .bind(seen.taken - SAMPLES_KEPT)
        .execute(&mut **tx)
        .await
        .during(DOING)
        .map(drop)
}

fn settling(row: &SqliteRow) -> Result<Settling, sqlx::Error> {
    let at = |column: &str| -> Result<Option<Timestamp>, sqlx::Error> {
        let micros: Option<i64> = row.try_get(column)?;
        micros.map(instant).transpose()
    };
    Ok(Settling {
        cluster_id: row.try_get("cluster_id")?,
        version: row.try_get("version")?,
        behind: row.try_get("behind")?,
        converged_at: instant(row.try_get("converged_at")?)?,
        taken: row.try_get("taken")?,
        next_at: at("next_at")?,
        last_at: at("last_at")?,
    })
}
