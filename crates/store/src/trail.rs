//! The trail: who asked for what, from where, and what was answered.

use std::time::Duration;

use airworthy_model::Role;
use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    Error, Store,
    error::During,
    keys::parse_role,
    time::{instant, micros, micros_before},
};

/// How long an entry is kept.
pub const TRAIL_KEPT: Duration = Duration::from_hours(90 * 24);

/// Most entries of a project that are kept, and most of those of no project.
pub const TRAIL_ROWS: i64 = 100_000;

/// Most entries that are too old, or too many, and are removed at once.
const SWEPT: i64 = 64;

/// One request, or one attempt to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was answered.
    pub at: Timestamp,
    /// Project of the caller, where the caller is known to act in one.
    pub project_id: Option<String>,
    /// Who asked, such as `key:AK` or `user:NAME`.
    pub actor: String,
    /// The role of the caller in the project.
    pub role: Option<Role>,
    /// Address that the request came from.
    pub source: String,
    /// Name of the operation.
    pub operation: String,
    /// Cluster it was about.
    pub cluster_id: Option<String>,
    /// Status of the answer.
    pub status: u16,
    /// Code of the error, if it was one.
    pub error_code: Option<String>,
    /// What `X-Request-Id` of the answer said.
    pub request_id: String,
    /// What it did beyond its operation, such as the items that a pre-check accepts.
    pub detail: Option<String>,
}

/// An entry that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Number of the entry; later ones have larger ones.
    pub id: i64,
    /// The entry.
    pub entry: Entry,
}

impl Store {
    /// Writes an entry down; once this returns, it survives a power cut. Entries beyond what is kept are removed, some at a
    /// time.
    pub async fn record(&self, entry: Entry) -> Result<(), Error> {
        const DOING: &str = "write the trail";
        let most = self.trail_rows;
        let write = self.grouped_quietly(DOING, move |tx| {
            Box::pin(async move { write(tx, &entry, most).await.during(DOING) })
        });
        write.await
    }

    /// Removes entries that are older than what is kept, some at a time; says how many.
    pub async fn purge_trail(&self, now: Timestamp) -> Result<usize, Error> {
        const DOING: &str = "remove old entries of the trail";
        let mut tx = self.write(DOING).await?;
        let removed = remove_old(&mut tx, now).await.during(DOING)?;
        tx.commit().await.during(DOING)?;
        Ok(removed)
    }

    /// Entries of a project, newest first, of those with a number below `before` if that is given.
    pub async fn trail(
        &self,
        project_id: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Kept>, Error> {
        sqlx::query(
            "SELECT * FROM trail WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        )
        .bind(project_id)
        .bind(before.unwrap_or(i64::MAX))
        .bind(i64::from(limit))
        .try_map(|row| kept(&row))
        .fetch_all(&self.readers)
        .await
        .during("read the trail")
    }

    /// Entries of a project, or of all and of none, oldest first: those with a number above `after`, answered at `since` or
    /// later.
    pub async fn trail_since(
        &self,
        project_id: Option<&str>,
        since: Option<Timestamp>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Kept>, Error> {
        sqlx::query(
            "SELECT * FROM trail WHERE id > $1 AND ($2 IS NULL OR project_id = $2) AND at >= $3 ORDER BY id LIMIT $4",
        )
        .bind(after)
        .bind(project_id)
        .bind(since.map_or(i64::MIN, micros))
        .bind(i64::from(limit))
        .try_map(|row| kept(&row))
        .fetch_all(&self.readers)
        .await
        .during("read the trail")
    }
}

/// The name under which entries are counted.
fn size_of(entry: &Entry) -> &str {
    entry.project_id.as_deref().unwrap_or_default()
}

async fn write(
    tx: &mut Transaction<'_, Sqlite>,
    entry: &Entry,
    most: i64,
) -> Result<(), sqlx::Error> {
    insert(tx, entry).await?;
    keep_size(tx, size_of(entry), most).await?;
    remove_old(tx, entry.at).await.map(drop)
}

async fn insert(tx: &mut Transaction<'_, Sqlite>, entry: &Entry) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO trail (at, project_id, actor, role, source, operation, cluster_id, status, error_code, request_id, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(micros(entry.at))
    .bind(&entry.project_id)
    .bind(&entry.actor)
    .bind(entry.role.map(Role::word))
    .bind(&entry.source)
    .bind(&entry.operation)
    .bind(&entry.cluster_id)
    .bind(i64::from(entry.status))
    .bind(&entry.error_code)
    .bind(&entry.request_id)
    .bind(&entry.detail)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Counts the entry that was added and removes the oldest beyond `most`, so many at once that a trail that is far too long gets
/// shorter.
async fn keep_size(
    tx: &mut Transaction<'_, Sqlite>,
    project: &str,
    most: i64,
) -> Result<(), sqlx::Error> {
    let size: i64 = sqlx::query_scalar(
        "INSERT INTO trail_sizes (project_id, size) VALUES ($1, 1) \
         ON CONFLICT (project_id) DO UPDATE SET size = size + 1 RETURNING size",
    )
    .bind(project)
    .fetch_one(&mut **tx)
    .await?;
    let beyond = (size - most).min(SWEPT);
    if beyond <= 0 {
        return Ok(());
    }
    let removed = sqlx::query(
        "DELETE FROM trail WHERE id IN \
         (SELECT id FROM trail WHERE project_id IS $1 ORDER BY id LIMIT $2)",
    )
    .bind((!project.is_empty()).then_some(project))
    .bind(beyond)
    .execute(&mut **tx)
    .await?;
    shrink(tx, project, stored(removed.rows_affected())).await
}

/// Removes the oldest of the entries that are older than what is kept; says how many.
async fn remove_old(
    tx: &mut Transaction<'_, Sqlite>,
    now: Timestamp,
) -> Result<usize, sqlx::Error> {
    let removed: Vec<Option<String>> = sqlx::query_scalar(
        "DELETE FROM trail WHERE id IN (SELECT id FROM trail WHERE at < $1 ORDER BY at LIMIT $2) \
         RETURNING project_id",
    )
    .bind(micros_before(now, TRAIL_KEPT))
    .bind(SWEPT)
    .fetch_all(&mut **tx)
    .await?;
    for project in &removed {
        shrink(tx, project.as_deref().unwrap_or_default(), 1).await?;
    }
    Ok(removed.len())
}

async fn shrink(
    tx: &mut Transaction<'_, Sqlite>,
    project: &str,
    by: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE trail_sizes SET size = size - $2 WHERE project_id = $1")
        .bind(project)
        .bind(by)
        .execute(&mut **tx)
        .await
        .map(drop)
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn kept(row: &SqliteRow) -> Result<Kept, sqlx::Error> {
    let role: Option<&str> = row.try_get("role")?;
    let entry = Entry {
        at: instant(row.try_get("at")?)?,
        project_id: row.try_get("project_id")?,
        actor: row.try_get("actor")?,
        role: role.map(parse_role).transpose()?,
        source: row.try_get("source")?,
        operation: row.try_get("operation")?,
        cluster_id: row.try_get("cluster_id")?,
        status: row.try_get("status")?,
        error_code: row.try_get("error_code")?,
        request_id: row.try_get("request_id")?,
        detail: row.try_get("detail")?,
    };
    let id = row.try_get("id")?;
    Ok(Kept { id, entry })
}
