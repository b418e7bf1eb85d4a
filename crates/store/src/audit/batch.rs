//! Adding a batch, whole or not at all.

use airworthy_model::audit::{Call, Client};
use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};

use super::{AUDIT_KEPT, AUDIT_ROWS, AuditBatch, KNOWN_AGAIN, SWEPT, stored};
use crate::{
    Error, Store,
    error::{During, insert_failed},
    time::{micros, micros_before},
};

const DOING: &str = "keep audit events";

type Tx = Transaction<'static, Sqlite>;

impl Store {
    /// Adds a batch to what is kept of a cluster; says whether it is new. Once this returns, the batch is not lost.
    pub async fn add_audit_batch(
        &self,
        cluster_id: &str,
        batch: &AuditBatch,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut tx = self.write(DOING).await?;
        begin(&mut tx, cluster_id, now).await?;
        if !is_new(&mut tx, cluster_id, &batch.digest, now).await? {
            return Ok(false);
        }
        sweep(&mut tx, cluster_id, now).await?;
        let uncounted = add_calls(&mut tx, cluster_id, &batch.calls, now).await?;
        let uncounted_clients = add_clients(&mut tx, cluster_id, &batch.clients, now).await?;
        let beyond = (
            batch.uncounted + uncounted,
            batch.uncounted_clients + uncounted_clients,
        );
        add_up(&mut tx, cluster_id, batch, beyond, now).await?;
        tx.commit().await.during(DOING)?;
        Ok(true)
    }

    /// Notes that a batch of a cluster was refused, so that what is kept does not pass for whole.
    pub async fn refuse_audit_batch(
        &self,
        cluster_id: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.write(DOING).await?;
        begin(&mut tx, cluster_id, now).await?;
        sqlx::query("UPDATE audit_logs SET refused = refused + 1, refusal = $2, refused_at = $3 WHERE cluster_id = $1")
            .bind(cluster_id)
            .bind(why)
            .bind(micros(now))
            .execute(&mut *tx)
            .await
            .during(DOING)?;
        tx.commit().await.during(DOING)
    }
}

/// The row of a cluster, empty where there is none.
async fn begin(tx: &mut Tx, cluster_id: &str, now: Timestamp) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO audit_logs (cluster_id, events, swept_at, uncounted, uncounted_clients, refused) \
         VALUES ($1, 0, $2, 0, 0, 0) ON CONFLICT (cluster_id) DO NOTHING",
    )
    .bind(cluster_id)
    .bind(micros(now))
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(|error| insert_failed(error, DOING, ("audit log", cluster_id), ("cluster", cluster_id)))
}

async fn is_new(
    tx: &mut Tx,
    cluster_id: &str,
    digest: &[u8],
    now: Timestamp,
) -> Result<bool, Error> {
    sqlx::query("DELETE FROM audit_batches WHERE cluster_id = $1 AND received_at < $2")
        .bind(cluster_id)
        .bind(micros_before(now, KNOWN_AGAIN))
        .execute(&mut **tx)
        .await
        .during(DOING)?;
    let added = sqlx::query(
        "INSERT INTO audit_batches (cluster_id, digest, received_at) VALUES ($1, $2, $3) \
         ON CONFLICT (cluster_id, digest) DO NOTHING",
    )
    .bind(cluster_id)
    .bind(digest)
    .bind(micros(now))
    .execute(&mut **tx)
    .await
    .during(DOING)?;
    Ok(added.rows_affected() == 1)
}

/// Drops what is older than a month, now and then.
async fn sweep(tx: &mut Tx, cluster_id: &str, now: Timestamp) -> Result<(), Error> {
    let due =
        sqlx::query("UPDATE audit_logs SET swept_at = $2 WHERE cluster_id = $1 AND swept_at < $3")
            .bind(cluster_id)
            .bind(micros(now))
            .bind(micros_before(now, SWEPT))
            .execute(&mut **tx)
            .await
            .during(DOING)?;
    if due.rows_affected() == 0 {
        return Ok(());
    }
    for sweep in [
        "DELETE FROM audit_calls WHERE cluster_id = $1 AND last_seen < $2",
        "DELETE FROM audit_clients WHERE cluster_id = $1 AND last_seen < $2",
        "UPDATE audit_logs SET uncounted = 0, uncounted_clients = 0 WHERE cluster_id = $1 AND uncounted_at < $2",
        "UPDATE audit_logs SET refused = 0, refusal = NULL WHERE cluster_id = $1 AND refused_at < $2",
    ] {
        sqlx::query(sweep)
            .bind(cluster_id)
            .bind(micros_before(now, AUDIT_KEPT))
            .execute(&mut **tx)
            .await
            .during(DOING)?;
    }
    Ok(())
}

/// How many more rows there may be.
async fn room(tx: &mut Tx, count: &'static str, cluster_id: &str) -> Result<i64, Error> {
    let rows: i64 = sqlx::query_scalar(count)
        .bind(cluster_id)
        .fetch_one(&mut **tx)
        .await
        .during(DOING)?;
    Ok(AUDIT_ROWS - rows)
}

/// Adds calls to their rows; gives how many found none.
async fn add_calls(
    tx: &mut Tx,
    cluster_id: &str,
    calls: &[Call],
    now: Timestamp,
) -> Result<u64, Error> {
    let (mut uncounted, mut room) = (
        0,
        room(
            tx,
            "SELECT COUNT(*) FROM audit_calls WHERE cluster_id = $1",
            cluster_id,
        )
        .await?,
    );
    for call in calls {
        if update_call(tx, cluster_id, call, now).await? {
            continue;
        }
        if room > 0 {
            room -= 1;
            insert_call(tx, cluster_id, call, now).await?;
        } else {
            uncounted += call.started.max(call.ended);
        }
    }
    Ok(uncounted)
}

/// Binds what both statements about a call have in common, in the order of the columns.
macro_rules! bound {
    ($statement:expr, $cluster_id:expr, $call:expr, $now:expr) => {
        sqlx::query($statement)
            .bind($cluster_id)
            .bind(&$call.group)
            .bind(&$call.version)
            .bind(&$call.resource)
            .bind(&$call.subresource)
            .bind(&$call.user)
            .bind(&$call.user_agent)
            .bind(&$call.verb)
            .bind(stored($call.started))
            .bind(stored($call.ended))
            .bind(stored($call.failed))
            .bind(micros($call.first_seen.unwrap_or($now)))
            .bind(micros($call.last_seen.unwrap_or($now)))
            .bind($call.removed_release.map(|minor| minor.to_string()))
    };
}

async fn update_call(
    tx: &mut Tx,
    cluster_id: &str,
    call: &Call,
    now: Timestamp,
) -> Result<bool, Error> {
    let statement = "UPDATE audit_calls SET started = started + $9, ended = ended + $10, failed = failed + $11, \
         first_seen = CASE WHEN first_seen < $12 THEN first_seen ELSE $12 END, \
         last_seen = CASE WHEN last_seen > $13 THEN last_seen ELSE $13 END, \
         removed_release = COALESCE($14, removed_release) \
         WHERE cluster_id = $1 AND api_group = $2 AND api_version = $3 AND resource = $4 AND subresource = $5 \
         AND user_name = $6 AND user_agent = $7 AND verb = $8";
    let updated = bound!(statement, cluster_id, call, now)
        .execute(&mut **tx)
        .await
        .during(DOING)?;
    Ok(updated.rows_affected() == 1)
}

async fn insert_call(
    tx: &mut Tx,
    cluster_id: &str,
    call: &Call,
    now: Timestamp,
) -> Result<(), Error> {
    let statement = "INSERT INTO audit_calls (cluster_id, api_group, api_version, resource, subresource, user_name, user_agent, \
         verb, started, ended, failed, first_seen, last_seen, removed_release) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    bound!(statement, cluster_id, call, now)
        .execute(&mut **tx)
        .await
        .during(DOING)
        .map(drop)
}

/// Adds clients to their rows; gives how many of their calls found none.
async fn add_clients(
    tx: &mut Tx,
    cluster_id: &str,
    clients: &[Client],
    now: Timestamp,
) -> Result<u64, Error> {
    let (mut uncounted, mut room) = (
        0,
        room(
            tx,
            "SELECT COUNT(*) FROM audit_clients WHERE cluster_id = $1",
            cluster_id,
        )
        .await?,
    );
    let update = "UPDATE audit_clients SET started = started + $4, ended = ended + $5, \
         last_seen = CASE WHEN last_seen > $6 THEN last_seen ELSE $6 END \
         WHERE cluster_id = $1 AND user_name = $2 AND user_agent = $3";
    let insert = "INSERT INTO audit_clients (cluster_id, user_name, user_agent, started, ended, last_seen) \
         VALUES ($1, $2, $3, $4, $5, $6)";
    for client in clients {
        if run_client(tx, update, cluster_id, client, now).await? {
            continue;
        }
        if room > 0 {
            room -= 1;
            run_client(tx, insert, cluster_id, client, now).await?;
        } else {
            uncounted += client.started.max(client.ended);
        }
    }
    Ok(uncounted)
}

async fn run_client(
    tx: &mut Tx,
    statement: &'static str,
    cluster_id: &str,
    client: &Client,
    now: Timestamp,
) -> Result<bool, Error> {
    let done = sqlx::query(statement)
        .bind(cluster_id)
        .bind(&client.user)
        .bind(&client.user_agent)
        .bind(stored(client.started))
        .bind(stored(client.ended))
        .bind(micros(client.last_seen.unwrap_or(now)))
        .execute(&mut **tx)
        .await
        .during(DOING)?;
    Ok(done.rows_affected() == 1)
}

async fn add_up(
    tx: &mut Tx,
    cluster_id: &str,
    batch: &AuditBatch,
    beyond: (u64, u64),
    now: Timestamp,
) -> Result<(), Error> {
    let beyond_at = (beyond != (0, 0)).then(|| micros(now));
    sqlx::query(
        "UPDATE audit_logs SET events = events + $2, \
         first_event = CASE WHEN $3 IS NULL OR first_event <= $3 THEN first_event ELSE $3 END, \
         last_event = CASE WHEN $4 IS NULL OR last_event >= $4 THEN last_event ELSE $4 END, \
         received_at = $5, uncounted = uncounted + $6, uncounted_clients = uncounted_clients + $7, \
         uncounted_at = COALESCE($8, uncounted_at) WHERE cluster_id = $1",
    )
    .bind(cluster_id)
    .bind(stored(batch.events))
    .bind(batch.first.map(micros))
    .bind(batch.last.map(micros))
    .bind(micros(now))
    .bind(stored(beyond.0))
    .bind(stored(beyond.1))
    .bind(beyond_at)
    .execute(&mut **tx)
    .await
    .during(DOING)
    .map(drop)
}
