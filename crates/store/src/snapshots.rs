//! Snapshots: tasks whose result is a recording.

use sqlx::{Sqlite, Transaction};

use crate::{Error, Store, error::During, payload::unpack};

/// How many snapshots are kept of one cluster, beside the newest good one.
pub const SNAPSHOTS_KEPT: i64 = 10;

impl Store {
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
