//! The schema, brought forward one step at a time and never back.

use jiff::Timestamp;
use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::{Error, error::During, time::micros};

/// The steps, oldest first; a step that was released is never changed.
const STEPS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_audit.sql"),
    include_str!("../migrations/0003_api.sql"),
    include_str!("../migrations/0004_settling.sql"),
    include_str!("../migrations/0005_trail_detail.sql"),
];

/// The schema this program makes and the newest it can read.
#[allow(clippy::cast_possible_wrap, reason = "there are a handful of steps")]
pub const SCHEMA_VERSION: i64 = STEPS.len() as i64;

/// Brings the schema forward, all steps in one transaction.
pub(crate) async fn migrate(writer: &SqlitePool, now: Timestamp) -> Result<(), Error> {
    const DOING: &str = "bring the schema forward";
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.during(DOING)?;
    let found = current(&mut tx).await?;
    if found > SCHEMA_VERSION {
        return Err(Error::NewerSchema {
            found,
            known: SCHEMA_VERSION,
        });
    }
    for (step, version) in STEPS.iter().zip(1_i64..).filter(|(_, it)| *it > found) {
        sqlx::raw_sql(*step).execute(&mut *tx).await.during(DOING)?;
        sqlx::query("INSERT INTO schema_version (version, applied_at) VALUES ($1, $2)")
            .bind(version)
            .bind(micros(now))
            .execute(&mut *tx)
            .await
            .during(DOING)?;
    }
    tx.commit().await.during(DOING)
}

async fn current(tx: &mut Transaction<'static, Sqlite>) -> Result<i64, Error> {
    const DOING: &str = "read the schema's version";
    let ours: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_version'")
            .fetch_one(&mut **tx)
            .await
            .during(DOING)?;
    let all: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master")
        .fetch_one(&mut **tx)
        .await
        .during(DOING)?;
    if ours == 0 && all > 0 {
        return Err(Error::ForeignDatabase);
    }
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)",
    )
    .execute(&mut **tx)
    .await
    .during(DOING)?;
    sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM schema_version")
        .fetch_one(&mut **tx)
        .await
        .during(DOING)
}
