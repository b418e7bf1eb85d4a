//! Projects: the walls between callers.

use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    Error, Store,
    error::{During, insert_failed},
    time::{instant, micros},
};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Identifier, as paths carry it.
    pub id: String,
    /// Name, unique.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Store {
    /// Adds a project; without `id` it gets a random one of 32 hex digits.
    pub async fn add_project(
        &self,
        name: &str,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<Project, Error> {
        const DOING: &str = "add a project";
        let id = id.map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned);
        let mut tx = self.write(DOING).await?;
        sqlx::query("INSERT INTO projects (id, name, created_at) VALUES ($1, $2, $3)")
            .bind(&id)
            .bind(name)
            .bind(micros(now))
            .execute(&mut *tx)
            .await
            .map_err(|error| insert_failed(error, DOING, ("project", name), ("project", &id)))?;
        tx.commit().await.during(DOING)?;
        let created_at = instant(micros(now)).during(DOING)?;
        let name = name.to_owned();
        Ok(Project {
            id,
            name,
            created_at,
        })
    }

    /// All projects, by name.
    pub async fn projects(&self) -> Result<Vec<Project>, Error> {
        sqlx::query("SELECT id, name, created_at FROM projects ORDER BY name")
            .try_map(|row| project(&row))
            .fetch_all(&self.readers)
            .await
            .during("list the projects")
    }

    /// The projects that a user has a role in, by name.
    pub async fn projects_of_user(&self, user_id: &str) -> Result<Vec<Project>, Error> {
        sqlx::query(
            "SELECT p.id, p.name, p.created_at FROM projects p JOIN grants g ON g.project_id = p.id \
             WHERE g.user_id = $1 ORDER BY p.name",
        )
        .bind(user_id)
        .try_map(|row| project(&row))
        .fetch_all(&self.readers)
        .await
        .during("list the projects of a user")
    }

    /// The project with this id.
    pub async fn project(&self, id: &str) -> Result<Option<Project>, Error> {
        sqlx::query("SELECT id, name, created_at FROM projects WHERE id = $1")
            .bind(id)
            .try_map(|row| project(&row))
            .fetch_optional(&self.readers)
            .await
            .during("read a project")
    }

    /// The project with this name.
    pub async fn project_by_name(&self, name: &str) -> Result<Option<Project>, Error> {
        sqlx::query("SELECT id, name, created_at FROM projects WHERE name = $1")
            .bind(name)
            .try_map(|row| project(&row))
            .fetch_optional(&self.readers)
            .await
            .during("read a project")
    }
}

fn project(row: &SqliteRow) -> Result<Project, sqlx::Error> {
    Ok(Project {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        created_at: instant(row.try_get("created_at")?)?,
    })
}
