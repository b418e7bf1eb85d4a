//! Tokens of the API and sessions of the pages: kept as digests, so that a copy of the database lets nobody in.

use std::time::Duration;

use airworthy_model::Role;
use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    Error, Secret, Store,
    error::{During, insert_failed},
    keys::{SK_ALPHABET, digest_of, parse_role, random_text},
    time::{instant, micros, micros_before},
};

/// As long as 285 random bits.
const LENGTH: usize = 48;

/// Most tokens of a user for one purpose; the oldest make room.
pub const TOKENS_KEPT: i64 = 1000;

/// How long an expired token is still known as one that was ours.
const KNOWN_AS_EXPIRED: Duration = Duration::from_hours(24);

/// What a token is for. One for another purpose is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `X-Auth-Token` of the API.
    Token,
    /// The cookie of the pages.
    Session,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
        }
    }
}

/// A token to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// Whose it is.
    pub user_id: &'a str,
    /// Project it is for; `None` for the whole domain, where it reaches no project's routes.
    pub project_id: Option<&'a str>,
    /// What it is for.
    pub purpose: Purpose,
    /// When it is made.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Who holds a token. The role is the one the user has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The user.
    pub user_id: String,
    /// Name of the user.
    pub user_name: String,
    /// Project and role; `None` for the whole domain.
    pub scope: Option<(String, Role)>,
    /// When the token was made.
    pub issued_at: Timestamp,
    /// When it ends, which may have been.
    pub expires_at: Timestamp,
}

impl Store {
    /// Makes a token; it is handed out this once. Others of the user go on.
    pub async fn create_token(&self, new: NewToken<'_>) -> Result<Secret, Error> {
        const DOING: &str = "keep a token";
        let text = random_text(SK_ALPHABET, LENGTH)?;
        let mut tx = self.write(DOING).await?;
        sqlx::query(
            "INSERT INTO tokens (digest, user_id, project_id, purpose, issued_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(digest_of(&text))
        .bind(new.user_id)
        .bind(new.project_id)
        .bind(new.purpose.word())
        .bind(micros(new.issued_at))
        .bind(micros(new.expires_at))
        .execute(&mut *tx)
        .await
        .map_err(|error| insert_failed(error, DOING, ("token", "…"), ("user", new.user_id)))?;
        sqlx::query(
            "DELETE FROM tokens WHERE digest IN (SELECT digest FROM tokens WHERE user_id = $1 AND purpose = $2 \
             ORDER BY issued_at DESC, digest LIMIT -1 OFFSET $3)",
        )
        .bind(new.user_id)
        .bind(new.purpose.word())
        .bind(TOKENS_KEPT)
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        tx.commit().await.during(DOING)?;
        Ok(Secret::from(text))
    }

    /// Who holds a token, expired or not. Nobody does when the user is shut out or has no role in the project any more.
    pub async fn token(&self, text: &str, purpose: Purpose) -> Result<Option<Holder>, Error> {
        sqlx::query(
            "SELECT t.project_id, t.issued_at, t.expires_at, u.id, u.name, g.role FROM tokens t \
             JOIN users u ON u.id = t.user_id \
             LEFT JOIN grants g ON g.user_id = t.user_id AND g.project_id = t.project_id \
             WHERE t.digest = $1 AND t.purpose = $2 AND u.disabled_at IS NULL \
             AND (t.project_id IS NULL OR g.role IS NOT NULL)",
        )
        .bind(digest_of(text))
        .bind(purpose.word())
        .try_map(|row| holder(&row))
        .fetch_optional(&self.readers)
        .await
        .during("read a token")
    }

    /// Ends a token; says whether there was one.
    pub async fn end_token(&self, text: &str, purpose: Purpose) -> Result<bool, Error> {
        const DOING: &str = "end a token";
        let mut tx = self.write(DOING).await?;
        let ended = sqlx::query("DELETE FROM tokens WHERE digest = $1 AND purpose = $2")
            .bind(digest_of(text))
            .bind(purpose.word())
            .execute(&mut *tx)
            .await
            .during(DOING)?;
        tx.commit().await.during(DOING)?;
        Ok(ended.rows_affected() == 1)
    }

    /// Removes tokens that expired more than a day before, `most` at once; says how many.
    pub async fn purge_tokens(&self, now: Timestamp, most: u32) -> Result<u64, Error> {
        const DOING: &str = "remove expired tokens";
        let mut tx = self.write(DOING).await?;
        let purged = sqlx::query(
            "DELETE FROM tokens WHERE digest IN \
             (SELECT digest FROM tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        )
        .bind(micros_before(now, KNOWN_AS_EXPIRED))
        .bind(i64::from(most))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        tx.commit().await.during(DOING)?;
        Ok(purged.rows_affected())
    }
}

fn holder(row: &SqliteRow) -> Result<Holder, sqlx::Error> {
    let project: Option<String> = row.try_get("project_id")?;
    let role: Option<&str> = row.try_get("role")?;
    Ok(Holder {
        user_id: row.try_get("id")?,
        user_name: row.try_get("name")?,
        scope: project.zip(role.map(parse_role).transpose()?),
        issued_at: instant(row.try_get("issued_at")?)?,
        expires_at: instant(row.try_get("expires_at")?)?,
    })
}
