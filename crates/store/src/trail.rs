//! The trail: who asked for what, from where, and what was answered.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use airworthy_model::Role;
use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use tokio::sync::{
    Mutex as Turn,
    oneshot::{self, error::TryRecvError},
};

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

/// Entries that are too old or too many and are removed when new ones are written.
const SWEPT: i64 = 64;

/// Most entries that are written at once.
const BATCH: usize = 256;

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
}

/// An entry that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Number of the entry; later ones have larger ones.
    pub id: i64,
    /// The entry.
    pub entry: Entry,
}

/// Whom to tell how the writing of an entry went.
type Told = oneshot::Sender<Result<(), Arc<Error>>>;

/// Entries that wait to be written. Whoever has the turn writes those of all, for one flush of the disk.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    entries: Mutex<Vec<(Entry, Told)>>,
    turn: Turn<()>,
}

impl Waiting {
    fn add(&self, entry: Entry) -> oneshot::Receiver<Result<(), Arc<Error>>> {
        let (told, tells) = oneshot::channel();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push((entry, told));
        tells
    }

    fn take(&self) -> Vec<(Entry, Told)> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let some = entries.len().min(BATCH);
        let rest = entries.split_off(some);
        mem::replace(&mut *entries, rest)
    }
}

impl Store {
    /// Writes an entry down; once this returns, it survives a power cut. Entries beyond what is kept are removed, some at a
    /// time.
    pub async fn record(&self, entry: Entry) -> Result<(), Arc<Error>> {
        let mut tells = self.waiting.add(entry.clone());
        loop {
            let turn = self.waiting.turn.lock().await;
            match tells.try_recv() {
                Ok(written) => return written,
                Err(TryRecvError::Empty) => self.write_waiting().await,
                // Whoever had the turn was dropped over it.
                Err(TryRecvError::Closed) => tells = self.waiting.add(entry.clone()),
            }
            drop(turn);
        }
    }

    /// Writes what waits, and tells those who wait.
    async fn write_waiting(&self) {
        let batch = self.waiting.take();
        let written = self
            .write_entries(batch.iter().map(|(entry, _)| entry))
            .await;
        let written = written.map_err(Arc::new);
        for (_, told) in batch {
            // Whoever is gone need not be told.
            let _ = told.send(written.clone());
        }
    }

    async fn write_entries(&self, entries: impl Iterator<Item = &Entry>) -> Result<(), Error> {
        const DOING: &str = "write the trail";
        let mut tx = self.write(DOING).await?;
        let mut added: BTreeMap<&str, i64> = BTreeMap::new();
        let mut now = Timestamp::MIN;
        for entry in entries {
            insert(&mut tx, entry).await.during(DOING)?;
            *added.entry(size_of(entry)).or_default() += 1;
            now = now.max(entry.at);
        }
        for (project, added) in added {
            keep_size(&mut tx, project, added, self.trail_rows)
                .await
                .during(DOING)?;
        }
        remove_old(&mut tx, now).await.during(DOING)?;
        tx.commit().await.during(DOING)
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

async fn insert(tx: &mut Transaction<'_, Sqlite>, entry: &Entry) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO trail (at, project_id, actor, role, source, operation, cluster_id, status, error_code, request_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Counts what was added and removes the oldest beyond `most`, so many at once that a trail that is far too long gets shorter.
async fn keep_size(
    tx: &mut Transaction<'_, Sqlite>,
    project: &str,
    added: i64,
    most: i64,
) -> Result<(), sqlx::Error> {
    let size: i64 = sqlx::query_scalar(
        "INSERT INTO trail_sizes (project_id, size) VALUES ($1, $2) \
         ON CONFLICT (project_id) DO UPDATE SET size = size + excluded.size RETURNING size",
    )
    .bind(project)
    .bind(added)
    .fetch_one(&mut **tx)
    .await?;
    let beyond = (size - most).min(added + SWEPT);
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

/// Removes the oldest entries that are older than what is kept.
async fn remove_old(tx: &mut Transaction<'_, Sqlite>, now: Timestamp) -> Result<(), sqlx::Error> {
    let removed: Vec<Option<String>> = sqlx::query_scalar(
        "DELETE FROM trail WHERE id IN (SELECT id FROM trail WHERE at < $1 ORDER BY at LIMIT $2) \
         RETURNING project_id",
    )
    .bind(micros_before(now, TRAIL_KEPT))
    .bind(SWEPT)
    .fetch_all(&mut **tx)
    .await?;
    for project in removed {
        shrink(tx, project.as_deref().unwrap_or_default(), 1).await?;
    }
    Ok(())
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
    };
    let id = row.try_get("id")?;
    Ok(Kept { id, entry })
}
