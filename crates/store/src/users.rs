//! Users: who may log in, with which role in which project.

use std::time::Duration;

use airworthy_model::Role;
use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    Error, Store,
    error::{During, insert_failed},
    keys::role,
    time::{instant, maybe_instant, micros, micros_after},
};

/// Wrong passwords in a row that lock a user's log-in.
pub const WRONG_PASSWORDS: i64 = 5;

/// How long a log-in stays locked.
pub const LOCKED_FOR: Duration = Duration::from_mins(5);

/// A user, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Identifier, 32 hex digits.
    pub id: String,
    /// Name, unique.
    pub name: String,
    /// When the user was added.
    pub created_at: Timestamp,
    /// Until when the log-in is locked, if it was.
    pub locked_until: Option<Timestamp>,
    /// Since when the user may not log in, if so.
    pub disabled_at: Option<Timestamp>,
}

/// What a user may do in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The project.
    pub project_id: String,
    /// Name of the project.
    pub project_name: String,
    /// The role there.
    pub role: Role,
}

/// A user with the hash that a password is compared with.
#[derive(Clone, PartialEq, Eq)]
pub struct Hashed {
    /// The user.
    pub user: User,
    /// Hash of the password, a text that names its algorithm.
    pub hash: String,
}

/// What a compared password comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogIn {
    /// The user may come in.
    Right,
    /// The password was wrong.
    Wrong,
    /// Whatever the password was: the log-in is locked.
    Locked,
}

impl Store {
    /// Adds a user with the hash of a password; the user has no role anywhere.
    pub async fn add_user(&self, name: &str, hash: &str, now: Timestamp) -> Result<User, Error> {
        const DOING: &str = "add a user";
        let mut tx = self.write(DOING).await?;
        let user = sqlx::query(
            "INSERT INTO users (id, name, password_hash, created_at) VALUES ($1, $2, $3, $4) RETURNING *",
        )
        .bind(Uuid::new_v4().simple().to_string())
        .bind(name)
        .bind(hash)
        .bind(micros(now))
        .try_map(|row| user(&row))
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| insert_failed(error, DOING, ("user", name), ("user", name)))?;
        tx.commit().await.during(DOING)?;
        Ok(user)
    }

    /// All users, by name.
    pub async fn users(&self) -> Result<Vec<User>, Error> {
        sqlx::query("SELECT * FROM users ORDER BY name")
            .try_map(|row| user(&row))
            .fetch_all(&self.readers)
            .await
            .during("list the users")
    }

    /// The user with this name.
    pub async fn user(&self, name: &str) -> Result<Option<User>, Error> {
        let found = self.hashed_user(name).await?;
        Ok(found.map(|found| found.user))
    }

    /// The user with this name, and what a password is compared with.
    pub async fn hashed_user(&self, name: &str) -> Result<Option<Hashed>, Error> {
        sqlx::query("SELECT * FROM users WHERE name = $1")
            .bind(name)
            .try_map(|row| {
                Ok(Hashed {
                    user: user(&row)?,
                    hash: row.try_get("password_hash")?,
                })
            })
            .fetch_optional(&self.readers)
            .await
            .during("read a user")
    }

    /// Gives a user another password. Ends the tokens made with the one before, and a lock.
    pub async fn set_password(&self, user_id: &str, hash: &str) -> Result<(), Error> {
        const DOING: &str = "change a password";
        let mut tx = self.write(DOING).await?;
        sqlx::query(
            "UPDATE users SET password_hash = $2, failures = 0, locked_until = NULL WHERE id = $1",
        )
        .bind(user_id)
        .bind(hash)
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        end_tokens(&mut tx, user_id).await.during(DOING)?;
        tx.commit().await.during(DOING)
    }

    /// Shuts a user out, which ends the user's tokens, or lets the user in again.
    pub async fn set_disabled(&self, user_id: &str, since: Option<Timestamp>) -> Result<(), Error> {
        const DOING: &str = "disable a user";
        let mut tx = self.write(DOING).await?;
        sqlx::query("UPDATE users SET disabled_at = $2 WHERE id = $1")
            .bind(user_id)
            .bind(since.map(micros))
            .execute(&mut *tx)
            .await
            .during(DOING)?;
        if since.is_some() {
            end_tokens(&mut tx, user_id).await.during(DOING)?;
        }
        tx.commit().await.during(DOING)
    }

    /// Gives a user a role in a project, in the place of one that the user had there.
    pub async fn grant(&self, user_id: &str, project_id: &str, role: Role) -> Result<(), Error> {
        const DOING: &str = "grant a role";
        let mut tx = self.write(DOING).await?;
        sqlx::query(
            "INSERT INTO grants (user_id, project_id, role) VALUES ($1, $2, $3) \
             ON CONFLICT (user_id, project_id) DO UPDATE SET role = excluded.role",
        )
        .bind(user_id)
        .bind(project_id)
        .bind(role.word())
        .execute(&mut *tx)
        .await
        .map_err(|error| insert_failed(error, DOING, ("grant", ""), ("project", project_id)))?;
        tx.commit().await.during(DOING)
    }

    /// Takes a user's role in a project away, and the tokens for it; says whether there was one.
    pub async fn revoke_grant(&self, user_id: &str, project_id: &str) -> Result<bool, Error> {
        const DOING: &str = "take a role away";
        let mut tx = self.write(DOING).await?;
        sqlx::query("DELETE FROM tokens WHERE user_id = $1 AND project_id = $2")
            .bind(user_id)
            .bind(project_id)
            .execute(&mut *tx)
            .await
            .during(DOING)?;
        let revoked = sqlx::query("DELETE FROM grants WHERE user_id = $1 AND project_id = $2")
            .bind(user_id)
            .bind(project_id)
            .execute(&mut *tx)
            .await
            .during(DOING)?;
        tx.commit().await.during(DOING)?;
        Ok(revoked.rows_affected() == 1)
    }

    /// What a user may do where, by the projects' names.
    pub async fn grants(&self, user_id: &str) -> Result<Vec<Grant>, Error> {
        sqlx::query(
            "SELECT g.project_id, p.name, g.role FROM grants g JOIN projects p ON p.id = g.project_id \
             WHERE g.user_id = $1 ORDER BY p.name",
        )
        .bind(user_id)
        .try_map(|row| {
            Ok(Grant {
                project_id: row.try_get("project_id")?,
                project_name: row.try_get("name")?,
                role: role(&row)?,
            })
        })
        .fetch_all(&self.readers)
        .await
        .during("list the roles of a user")
    }

    /// Settles a log-in whose password was compared.
    ///
    /// Of many at once, those after the one that locks are refused, the right ones too: what they were compared with was
    /// read before. A lock that has run out starts the count anew.
    pub async fn settle_log_in(
        &self,
        user_id: &str,
        right: bool,
        now: Timestamp,
    ) -> Result<LogIn, Error> {
        const DOING: &str = "settle a log-in";
        let mut tx = self.write(DOING).await?;
        let row = sqlx::query(
            "SELECT failures, locked_until FROM users WHERE id = $1 AND disabled_at IS NULL",
        )
        .bind(user_id)
        .fetch_optional(&mut *tx)
        .await
        .during(DOING)?;
        let Some(row) = row else {
            return Ok(LogIn::Wrong);
        };
        let locked_until: Option<i64> = row.try_get("locked_until").during(DOING)?;
        if locked_until.is_some_and(|until| until > micros(now)) {
            return Ok(LogIn::Locked);
        }
        let before: i64 = row.try_get("failures").during(DOING)?;
        let failures = match (right, locked_until) {
            (true, _) => 0,
            (false, None) => before + 1,
            (false, Some(_)) => 1,
        };
        let until = (failures >= WRONG_PASSWORDS).then(|| micros_after(now, LOCKED_FOR));
        if (failures, until) != (before, locked_until) {
            count_failures(&mut tx, user_id, failures, until)
                .await
                .during(DOING)?;
            tx.commit().await.during(DOING)?;
        }
        Ok(if right { LogIn::Right } else { LogIn::Wrong })
    }
}

async fn count_failures(
    tx: &mut Transaction<'_, Sqlite>,
    user_id: &str,
    failures: i64,
    until: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE users SET failures = $2, locked_until = $3 WHERE id = $1")
        .bind(user_id)
        .bind(failures)
        .bind(until)
        .execute(&mut **tx)
        .await
        .map(drop)
}

async fn end_tokens(tx: &mut Transaction<'_, Sqlite>, user_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM tokens WHERE user_id = $1")
        .bind(user_id)
        .execute(&mut **tx)
        .await
        .map(drop)
}

fn user(row: &SqliteRow) -> Result<User, sqlx::Error> {
    Ok(User {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        created_at: instant(row.try_get("created_at")?)?,
        locked_until: maybe_instant(row.try_get("locked_until")?)?,
        disabled_at: maybe_instant(row.try_get("disabled_at")?)?,
    })
}
