//! Opening and closing the database.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use sqlx::{
    Connection as _, Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{sync::watch, time::Instant};

use crate::{
    Error, SealingKey, TASKS_KEPT, TRAIL_ROWS, answers::Asked, error::During, group::Group,
    location, migrate, recent::Recent, seal::Sealer,
};

/// Where the database is and how it is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Path of the database file.
    pub path: PathBuf,
    /// Key that secrets are sealed with.
    pub sealing_key: SealingKey,
    /// How many connections read at once.
    pub readers: u32,
    /// How long to wait for another process to let go of the database.
    pub busy_timeout: Duration,
    /// The largest size of the database, in pages of 4 KiB; `None` is no limit but the disk.
    pub max_pages: Option<u32>,
    /// Most entries of the trail that a project keeps.
    pub trail_rows: i64,
    /// How many finished tasks of one kind, workflows and plans are kept of one cluster.
    pub kept: i64,
}

impl Options {
    /// The usual options for the database at `path`.
    pub fn new(path: impl Into<PathBuf>, sealing_key: SealingKey) -> Self {
        Self {
            path: path.into(),
            sealing_key,
            readers: 4,
            busy_timeout: Duration::from_secs(5),
            max_pages: None,
            trail_rows: TRAIL_ROWS,
            kept: TASKS_KEPT,
        }
    }
}

/// The database; clones share its connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) changes: Arc<watch::Sender<u64>>,
    pub(crate) group: Arc<Group>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) asked: Arc<Asked>,
    pub(crate) trail_rows: i64,
    pub(crate) kept: i64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

const CANARY_OWNER: &str = "canary";
const CANARY: &[u8] = b"airworthy";

impl Store {
    /// Opens the database, making it or bringing its schema forward as needed.
    pub async fn open(options: &Options, now: Timestamp) -> Result<Self, Error> {
        let path = location::prepare(&options.path)?;
        let writer = writer(&path, options).await?;
        let prepared = async {
            migrate::migrate(&writer, now).await?;
            let sealer = Sealer::new(&options.sealing_key)?;
            check_canary(&writer, &sealer).await?;
            // Now it is known to be ours.
            use_log(&writer, options.busy_timeout).await?;
            location::close_to_others(&path)?;
            Ok((sealer, readers(&path, options).await?))
        };
        match prepared.await {
            Ok((sealer, readers)) => Ok(Self {
                writer,
                readers,
                sealer: Arc::new(sealer),
                changes: Arc::new(watch::Sender::new(0)),
                group: Arc::default(),
                recent: Arc::default(),
                asked: Arc::default(),
                trail_rows: options.trail_rows,
                kept: options.kept.max(1),
            }),
            Err(error) => {
                writer.close().await;
                Err(error)
            }
        }
    }

    /// Moves the write-ahead log into the database and closes all connections.
    pub async fn close(&self) -> Result<(), Error> {
        self.readers.close().await;
        let moved = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_all(&self.writer)
            .await
            .during("move the log into the database");
        self.writer.close().await;
        moved.map(drop)
    }

    /// Says whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT version FROM schema_version LIMIT 1")
            .fetch_one(&self.readers)
            .await
            .during("answer")
            .map(drop)
    }

    /// A receiver that sees a change whenever this process has changed a task.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Begins a write that waits for its turn at once, so that it cannot fail half-way for being late.
    pub(crate) async fn write(
        &self,
        operation: &'static str,
    ) -> Result<Transaction<'static, Sqlite>, Error> {
        self.writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .during(operation)
    }

    pub(crate) fn announce(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

async fn writer(path: &Path, options: &Options) -> Result<SqlitePool, Error> {
    let mut connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        .synchronous(SqliteSynchronous::Full)
        .optimize_on_close(true, None);
    if let Some(pages) = options.max_pages {
        connect = connect.pragma("max_page_count", pages.to_string());
    }
    pool(1, connect, options).await
}

/// Turns the write-ahead log on, which the file remembers. For this SQLite does not wait its turn by itself.
async fn use_log(writer: &SqlitePool, patience: Duration) -> Result<(), Error> {
    const DOING: &str = "turn the log on";
    let end = Instant::now() + patience;
    loop {
        let turned = sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(writer);
        let mode: Result<String, Error> = turned.await.during(DOING);
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) | Err(Error::Locked { .. }) if Instant::now() < end => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(_) => return Err(Error::Locked { operation: DOING }),
            Err(error) => return Err(error),
        }
    }
}

async fn readers(path: &Path, options: &Options) -> Result<SqlitePool, Error> {
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(options.busy_timeout)
        .pragma("query_only", "ON");
    pool(options.readers.max(1), connect, options).await
}

async fn pool(
    connections: u32,
    connect: SqliteConnectOptions,
    options: &Options,
) -> Result<SqlitePool, Error> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(options.busy_timeout.saturating_mul(6))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // A full disk makes SQLite undo a transaction by itself. The driver then believes that it goes on, and such a
        // connection would never write again: it is replaced.
        .before_acquire(|connection, _| {
            let usable = !connection.is_in_transaction();
            Box::pin(std::future::ready(Ok(usable)))
        })
        .connect_with(connect)
        .await
        .during("open the database")
}

/// Compares the key with the one the database was made with, which a new database takes over.
async fn check_canary(writer: &SqlitePool, sealer: &Sealer) -> Result<(), Error> {
    const DOING: &str = "check the sealing key";
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.during(DOING)?;
    let canary: Option<Vec<u8>> = sqlx::query_scalar("SELECT canary FROM seal WHERE id = 1")
        .fetch_optional(&mut *tx)
        .await
        .during(DOING)?;
    match canary {
        Some(canary) if sealer.unseal(CANARY_OWNER, &canary).as_deref() == Some(CANARY) => Ok(()),
        Some(_) => Err(Error::WrongSealingKey),
        None => {
            sqlx::query("INSERT INTO seal (id, canary) VALUES (1, $1)")
                .bind(sealer.seal(CANARY_OWNER, CANARY)?)
                .execute(&mut *tx)
                .await
                .during(DOING)?;
            tx.commit().await.during(DOING)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pragma(pool: &SqlitePool, text: &'static str) -> i64 {
        sqlx::query_scalar(text).fetch_one(pool).await.unwrap()
    }

    #[tokio::test]
    async fn writes_are_synced_and_readers_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let key = SealingKey::from([7; 32]);
        let options = Options::new(directory.path().join("a.db"), key);
        let store = Store::open(&options, Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(pragma(&store.writer, "PRAGMA synchronous").await, 2);
        assert_eq!(pragma(&store.writer, "PRAGMA foreign_keys").await, 1);
        assert_eq!(pragma(&store.writer, "PRAGMA busy_timeout").await, 5000);
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&store.writer)
            .await
            .unwrap();
        assert_eq!(mode, "wal");
        let written = sqlx::query("DELETE FROM projects").execute(&store.readers);
        assert!(written.await.is_err());
    }
}
