//! The token by which an API server shows that it is that of a cluster.

use aws_lc_rs::constant_time;
use jiff::Timestamp;

use crate::{
    Error, Secret, Store,
    error::During,
    keys::{SK_ALPHABET, digest_of, random_text},
    time::micros,
};

/// As long as 285 random bits.
const LENGTH: usize = 48;

impl Store {
    /// Makes the token of a cluster; one that it had before is no longer taken. It is handed out this once.
    pub async fn create_audit_token(
        &self,
        project_id: &str,
        cluster_id: &str,
        now: Timestamp,
    ) -> Result<Secret, Error> {
        const DOING: &str = "keep an audit token";
        let token = random_text(SK_ALPHABET, LENGTH)?;
        let mut tx = self.write(DOING).await?;
        let made = sqlx::query(
            "INSERT INTO audit_tokens (cluster_id, digest, created_at) \
             SELECT id, $3, $4 FROM clusters WHERE project_id = $1 AND id = $2 \
             ON CONFLICT (cluster_id) DO UPDATE SET digest = excluded.digest, created_at = excluded.created_at",
        )
        .bind(project_id)
        .bind(cluster_id)
        .bind(digest_of(&token))
        .bind(micros(now))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        if made.rows_affected() == 0 {
            let (what, id) = ("cluster", cluster_id.to_owned());
            return Err(Error::NotFound { what, id });
        }
        tx.commit().await.during(DOING)?;
        Ok(Secret::from(token))
    }

    /// Takes the token of a cluster away; says whether it had one. What was sent so far is kept.
    pub async fn revoke_audit_token(
        &self,
        project_id: &str,
        cluster_id: &str,
    ) -> Result<bool, Error> {
        const DOING: &str = "revoke an audit token";
        let mut tx = self.write(DOING).await?;
        let revoked = sqlx::query(
            "DELETE FROM audit_tokens WHERE cluster_id IN (SELECT id FROM clusters WHERE project_id = $1 AND id = $2)",
        )
        .bind(project_id)
        .bind(cluster_id)
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        tx.commit().await.during(DOING)?;
        Ok(revoked.rows_affected() == 1)
    }

    /// Whether a token is that of a cluster; a cluster that does not exist has none.
    pub async fn is_audit_token(&self, cluster_id: &str, token: &str) -> Result<bool, Error> {
        let known: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT digest FROM audit_tokens WHERE cluster_id = $1")
                .bind(cluster_id)
                .fetch_optional(&self.readers)
                .await
                .during("read an audit token")?;
        let given = digest_of(token);
        Ok(known
            .is_some_and(|known| constant_time::verify_slices_are_equal(&known, &given).is_ok()))
    }
}
