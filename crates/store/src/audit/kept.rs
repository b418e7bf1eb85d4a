//! Reading what is kept of a cluster's audit events.

use airworthy_model::audit::{Call, Client};
use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use super::{AUDIT_KEPT, count};
use crate::{
    Error, Store,
    error::During,
    time::{instant, maybe_instant, micros_before},
};

const DOING: &str = "read audit events";

/// What is kept of a cluster's audit events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditKept {
    /// When the last batch came; nothing when none did.
    pub received_at: Option<Timestamp>,
    /// Events of all batches.
    pub events: u64,
    /// Time of the earliest event, as far as its row may still be kept.
    pub first: Option<Timestamp>,
    /// Time of the latest event.
    pub last: Option<Timestamp>,
    /// Calls, in the order of their names.
    pub calls: Vec<Call>,
    /// Programs, in the order of their names.
    pub clients: Vec<Client>,
    /// Calls that found no row.
    pub uncounted: u64,
    /// Calls by programs that found no row.
    pub uncounted_clients: u64,
    /// Batches that were refused.
    pub refused: u64,
    /// Why the last of them was.
    pub refusal: Option<String>,
}

impl Store {
    /// What is kept of a cluster of a project; nothing when nobody set a token up for it and nothing ever came.
    pub async fn audit_events(
        &self,
        project_id: &str,
        cluster_id: &str,
        now: Timestamp,
    ) -> Result<Option<AuditKept>, Error> {
        // One transaction: the rows and their sums are of one moment.
        let mut tx = self.readers.begin().await.during(DOING)?;
        let row = sqlx::query(
            "SELECT t.cluster_id AS token, l.* FROM clusters c \
             LEFT JOIN audit_tokens t ON t.cluster_id = c.id LEFT JOIN audit_logs l ON l.cluster_id = c.id \
             WHERE c.project_id = $1 AND c.id = $2 AND (t.cluster_id IS NOT NULL OR l.cluster_id IS NOT NULL)",
        )
        .bind(project_id)
        .bind(cluster_id)
        .try_map(|row| summed(&row))
        .fetch_optional(&mut *tx)
        .await
        .during(DOING)?;
        let Some(mut kept) = row else { return Ok(None) };
        let since = micros_before(now, AUDIT_KEPT);
        kept.first = kept
            .first
            .max(Some(instant(since).during(DOING)?).filter(|_| kept.first.is_some()));
        kept.calls = sqlx::query(
            "SELECT * FROM audit_calls WHERE cluster_id = $1 AND last_seen >= $2 \
             ORDER BY api_group, api_version, resource, subresource, user_name, user_agent, verb",
        )
        .bind(cluster_id)
        .bind(since)
        .try_map(|row| call(&row))
        .fetch_all(&mut *tx)
        .await
        .during(DOING)?;
        kept.clients = sqlx::query(
            "SELECT * FROM audit_clients WHERE cluster_id = $1 AND last_seen >= $2 ORDER BY user_agent, user_name",
        )
        .bind(cluster_id)
        .bind(since)
        .try_map(|row| client(&row))
        .fetch_all(&mut *tx)
        .await
        .during(DOING)?;
        Ok(Some(kept))
    }
}

fn summed(row: &SqliteRow) -> Result<AuditKept, sqlx::Error> {
    let number = |name: &str| {
        row.try_get::<Option<i64>, _>(name)
            .map(|number| count(number.unwrap_or_default()))
    };
    let time = |name: &str| maybe_instant(row.try_get(name)?);
    Ok(AuditKept {
        received_at: time("received_at")?,
        events: number("events")?,
        first: time("first_event")?,
        last: time("last_event")?,
        uncounted: number("uncounted")?,
        uncounted_clients: number("uncounted_clients")?,
        refused: number("refused")?,
        refusal: row.try_get("refusal")?,
        ..AuditKept::default()
    })
}

fn call(row: &SqliteRow) -> Result<Call, sqlx::Error> {
    let removed: Option<String> = row.try_get("removed_release")?;
    Ok(Call {
        group: row.try_get("api_group")?,
        version: row.try_get("api_version")?,
        resource: row.try_get("resource")?,
        subresource: row.try_get("subresource")?,
        user: row.try_get("user_name")?,
        user_agent: row.try_get("user_agent")?,
        verb: row.try_get("verb")?,
        started: count(row.try_get("started")?),
        ended: count(row.try_get("ended")?),
        failed: count(row.try_get("failed")?),
        first_seen: Some(instant(row.try_get("first_seen")?)?),
        last_seen: Some(instant(row.try_get("last_seen")?)?),
        removed_release: removed.and_then(|minor| minor.parse().ok()),
    })
}

fn client(row: &SqliteRow) -> Result<Client, sqlx::Error> {
    Ok(Client {
        user: row.try_get("user_name")?,
        user_agent: row.try_get("user_agent")?,
        started: count(row.try_get("started")?),
        ended: count(row.try_get("ended")?),
        last_seen: Some(instant(row.try_get("last_seen")?)?),
    })
}
