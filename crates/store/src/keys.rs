//! Access keys: who a caller is, and the secret that proves it.

use std::{fmt, time::Instant};

use airworthy_model::{Role, role::ParseRoleError};
use aws_lc_rs::{digest, rand};
use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    Error, Store,
    error::{During, insert_failed},
    time::{instant, maybe_instant, micros},
};

const AK_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
pub(crate) const SK_ALPHABET: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A secret in clear; it is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text of the secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A key just made: the only time its secret is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Access key: 20 capitals and digits.
    pub ak: String,
    /// Secret key: 40 letters and digits.
    pub sk: Secret,
}

/// What is needed to verify a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Project the caller acts in.
    pub project_id: String,
    /// What the caller may do there.
    pub role: Role,
    /// Secret key.
    pub secret: Secret,
}

/// An access key as it is listed, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Access key.
    pub ak: String,
    /// Project it acts in.
    pub project_id: String,
    /// What it may do there.
    pub role: Role,
    /// Text for people.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// Makes a key for a project.
    pub async fn create_key(
        &self,
        project_id: &str,
        role: Role,
        description: &str,
        now: Timestamp,
    ) -> Result<NewKey, Error> {
        let ak = random_text(AK_ALPHABET, 20)?;
        let sk = random_text(SK_ALPHABET, 40)?;
        self.import_key(project_id, role, (&ak, &sk), description, now)
            .await?;
        let sk = Secret(sk);
        Ok(NewKey { ak, sk })
    }

    /// Takes over a key that was made elsewhere, given as access key and secret key.
    pub async fn import_key(
        &self,
        project_id: &str,
        role: Role,
        (ak, sk): (&str, &str),
        description: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        const DOING: &str = "keep an access key";
        let sealed = self.sealer.seal(ak, sk.as_bytes())?;
        let mut tx = self.write(DOING).await?;
        sqlx::query(
            "INSERT INTO access_keys (ak, project_id, sealed_sk, description, created_at, role) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(ak)
        .bind(project_id)
        .bind(sealed)
        .bind(description)
        .bind(micros(now))
        .bind(role.word())
        .execute(&mut *tx)
        .await
        .map_err(|error| {
            insert_failed(error, DOING, ("access key", ak), ("project", project_id))
        })?;
        tx.commit().await.during(DOING)
    }

    /// What is needed to verify a caller who claims this access key; nothing for unknown and revoked keys. A key that another
    /// process revoked is given out for [`KEY_KEPT`](crate::KEY_KEPT) more at most.
    pub async fn access_key(&self, ak: &str) -> Result<Option<AccessKey>, Error> {
        let now = Instant::now();
        if let Some(key) = self.recent.get(ak, now) {
            return Ok(Some(key));
        }
        let key = self.read_key(ak).await?;
        if let Some(key) = &key {
            self.recent.keep(ak, key, now);
        }
        Ok(key)
    }

    async fn read_key(&self, ak: &str) -> Result<Option<AccessKey>, Error> {
        const DOING: &str = "read an access key";
        let row = sqlx::query(
            "SELECT project_id, role, sealed_sk FROM access_keys WHERE ak = $1 AND revoked_at IS NULL",
        )
        .bind(ak)
        .fetch_optional(&self.readers)
        .await
        .during(DOING)?;
        let Some(row) = row else { return Ok(None) };
        let sealed: Vec<u8> = row.try_get("sealed_sk").during(DOING)?;
        let secret = self
            .sealer
            .unseal(ak, &sealed)
            .and_then(|plain| String::from_utf8(plain).ok())
            .ok_or_else(|| Error::UnsealSecret(ak.to_owned()))?;
        Ok(Some(AccessKey {
            project_id: row.try_get("project_id").during(DOING)?,
            role: role(&row).during(DOING)?,
            secret: Secret(secret),
        }))
    }

    /// The keys of a project, oldest first, revoked ones included.
    pub async fn list_keys(&self, project_id: &str) -> Result<Vec<KeyInfo>, Error> {
        sqlx::query(
            "SELECT ak, project_id, role, description, created_at, revoked_at FROM access_keys \
             WHERE project_id = $1 ORDER BY created_at, ak",
        )
        .bind(project_id)
        .try_map(|row| key_info(&row))
        .fetch_all(&self.readers)
        .await
        .during("list the access keys")
    }

    /// Revokes a key for good; says whether it was in force.
    pub async fn revoke_key(
        &self,
        project_id: &str,
        ak: &str,
        now: Timestamp,
    ) -> Result<bool, Error> {
        const DOING: &str = "revoke an access key";
        let mut tx = self.write(DOING).await?;
        let revoked = sqlx::query(
            "UPDATE access_keys SET revoked_at = $3 \
             WHERE project_id = $1 AND ak = $2 AND revoked_at IS NULL",
        )
        .bind(project_id)
        .bind(ak)
        .bind(micros(now))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        tx.commit().await.during(DOING)?;
        self.recent.forget(ak);
        Ok(revoked.rows_affected() == 1)
    }
}

fn key_info(row: &SqliteRow) -> Result<KeyInfo, sqlx::Error> {
    Ok(KeyInfo {
        ak: row.try_get("ak")?,
        project_id: row.try_get("project_id")?,
        role: role(row)?,
        description: row.try_get("description")?,
        created_at: instant(row.try_get("created_at")?)?,
        revoked_at: maybe_instant(row.try_get("revoked_at")?)?,
    })
}

/// The role of a row.
pub(crate) fn role(row: &SqliteRow) -> Result<Role, sqlx::Error> {
    parse_role(row.try_get("role")?)
}

/// A stored role.
pub(crate) fn parse_role(word: &str) -> Result<Role, sqlx::Error> {
    word.parse()
        .map_err(|error: ParseRoleError| sqlx::Error::Decode(error.into()))
}

/// What is kept of a long random text, to know it again.
pub(crate) fn digest_of(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes())
        .as_ref()
        .to_vec()
}

/// Random text; bytes that would favour the first letters are drawn again.
pub(crate) fn random_text(alphabet: &[u8], length: usize) -> Result<String, Error> {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut drawn = [0_u8; 64];
    while text.len() < length {
        rand::fill(&mut drawn).map_err(|_| Error::Seal)?;
        let letters = drawn
            .iter()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < fair)
            .map(|byte| char::from(alphabet[byte % alphabet.len()]));
        text.extend(letters.take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_text_uses_its_whole_alphabet_and_nothing_else() {
        for alphabet in [AK_ALPHABET, SK_ALPHABET] {
            let text = random_text(alphabet, 5000).unwrap();
            assert_eq!(text.len(), 5000);
            assert!(text.bytes().all(|byte| alphabet.contains(&byte)));
            assert!(alphabet.iter().all(|byte| text.as_bytes().contains(byte)));
        }
    }
}
