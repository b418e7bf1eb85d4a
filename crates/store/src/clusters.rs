//! Registered clusters: where they are, never what opens them.

use jiff::Timestamp;
use sqlx::{
    Row, Sqlite, Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};
use uuid::Uuid;

use crate::{
    Error, Store,
    error::{During, insert_failed},
    time::{instant, maybe_instant, micros},
};

/// How a cluster is reached; credentials stay in the kubeconfig file or with the service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Through a kubeconfig file.
    Kubeconfig {
        /// Path of the file.
        path: String,
        /// Context in it; `None` is the current one.
        context: Option<String>,
    },
    /// As the service account of the pod this program runs in.
    InCluster,
    /// Not at all: a recording stands in for the cluster.
    Recording {
        /// Path of the recording.
        path: String,
    },
}

/// A cluster to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCluster {
    /// Id, a uuid; `None` draws one.
    pub id: Option<String>,
    /// Name, unique in its project.
    pub name: String,
    /// Display name.
    pub alias: Option<String>,
    /// How it is reached.
    pub access: Access,
}

/// A registered cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Identifier, a UUID.
    pub id: String,
    /// Project it belongs to.
    pub project_id: String,
    /// Name, unique in its project.
    pub name: String,
    /// Display name.
    pub alias: Option<String>,
    /// How it is reached.
    pub access: Access,
    /// What was last seen of it.
    pub observed: Observed,
    /// When its version was.
    pub observed_at: Option<Timestamp>,
    /// Job that took it in, when a caller asked for it.
    pub job_id: Option<String>,
    /// Whether an upgrade of it is unfinished.
    pub upgrading: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What was last seen of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Version of its API server.
    pub version: Option<String>,
    /// Phase, in the words of the wire.
    pub phase: Option<String>,
    /// Address of its API server.
    pub endpoint_url: Option<String>,
    /// Totals of its nodes, as JSON.
    pub totals: Option<String>,
}

/// A cluster with what is found elsewhere: `$1` is the project.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT *, EXISTS (SELECT 1 FROM tasks WHERE cluster_id = clusters.id \
             AND kind = 'upgrade' AND state <> 'done') AS upgrading \
             FROM clusters WHERE project_id = $1 ",
            $rest
        )
    };
}

impl Store {
    /// Registers a cluster in a project.
    pub async fn add_cluster(
        &self,
        project_id: &str,
        new: NewCluster,
        now: Timestamp,
    ) -> Result<Cluster, Error> {
        const DOING: &str = "register a cluster";
        let cluster = fresh(project_id, new, now).during(DOING)?;
        let mut tx = self.write(DOING).await?;
        insert(&mut tx, &cluster, DOING).await?;
        tx.commit().await.during(DOING)?;
        Ok(cluster)
    }

    /// The clusters of a project, by name.
    pub async fn clusters(&self, project_id: &str) -> Result<Vec<Cluster>, Error> {
        sqlx::query(select!("ORDER BY name"))
            .bind(project_id)
            .try_map(|row| cluster(&row))
            .fetch_all(&self.readers)
            .await
            .during("list the clusters")
    }

    /// The cluster of a project with this id; another project's cluster is as absent as one that never was.
    pub async fn cluster(&self, project_id: &str, id: &str) -> Result<Option<Cluster>, Error> {
        of_project(project_id, id)
            .try_map(|row| cluster(&row))
            .fetch_optional(&self.readers)
            .await
            .during("read a cluster")
    }

    /// The cluster of a project with this name.
    pub async fn cluster_by_name(
        &self,
        project_id: &str,
        name: &str,
    ) -> Result<Option<Cluster>, Error> {
        sqlx::query(select!("AND name = $2"))
            .bind(project_id)
            .bind(name)
            .try_map(|row| cluster(&row))
            .fetch_optional(&self.readers)
            .await
            .during("read a cluster")
    }

    /// Keeps what was seen of a cluster; members that are `None` keep what was seen before.
    pub async fn update_observed(
        &self,
        project_id: &str,
        id: &str,
        seen: &Observed,
        now: Timestamp,
    ) -> Result<bool, Error> {
        const DOING: &str = "keep what was seen of a cluster";
        let mut tx = self.write(DOING).await?;
        let updated = sqlx::query(
            "UPDATE clusters SET version = COALESCE($3, version), phase = COALESCE($4, phase), \
             endpoint_url = COALESCE($5, endpoint_url), totals = COALESCE($6, totals), \
             observed_at = CASE WHEN $3 IS NULL THEN observed_at ELSE $7 END, \
             updated_at = $7 WHERE project_id = $1 AND id = $2",
        )
        .bind(project_id)
        .bind(id)
        .bind(&seen.version)
        .bind(&seen.phase)
        .bind(&seen.endpoint_url)
        .bind(&seen.totals)
        .bind(micros(now))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        tx.commit().await.during(DOING)?;
        Ok(updated.rows_affected() == 1)
    }
}

/// Reads one cluster of a project.
pub(crate) fn of_project<'q>(
    project_id: &'q str,
    id: &'q str,
) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(select!("AND id = $2"))
        .bind(project_id)
        .bind(id)
}

/// A cluster that nobody has seen yet.
pub(crate) fn fresh(
    project_id: &str,
    new: NewCluster,
    now: Timestamp,
) -> Result<Cluster, sqlx::Error> {
    let created_at = instant(micros(now))?;
    Ok(Cluster {
        id: new.id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        project_id: project_id.to_owned(),
        name: new.name,
        alias: new.alias,
        access: new.access,
        observed: Observed::default(),
        observed_at: None,
        job_id: None,
        upgrading: false,
        created_at,
        updated_at: created_at,
    })
}

pub(crate) async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    cluster: &Cluster,
    doing: &'static str,
) -> Result<(), Error> {
    let (access, path, context) = stored_access(&cluster.access);
    let (name, project) = (&cluster.name, &cluster.project_id);
    sqlx::query(
        "INSERT INTO clusters (id, project_id, name, alias, access, access_path, access_context, \
         phase, job_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
    )
    .bind(&cluster.id)
    .bind(project)
    .bind(name)
    .bind(&cluster.alias)
    .bind(access)
    .bind(path)
    .bind(context)
    .bind(&cluster.observed.phase)
    .bind(&cluster.job_id)
    .bind(micros(cluster.created_at))
    .execute(&mut **tx)
    .await
    .map_err(|error| insert_failed(error, doing, ("cluster", name), ("project", project)))
    .map(drop)
}

fn stored_access(access: &Access) -> (&'static str, Option<&str>, Option<&str>) {
    match access {
        Access::Kubeconfig { path, context } => ("kubeconfig", Some(path), context.as_deref()),
        Access::InCluster => ("in-cluster", None, None),
        Access::Recording { path } => ("recording", Some(path), None),
    }
}

pub(crate) fn cluster(row: &SqliteRow) -> Result<Cluster, sqlx::Error> {
    let access: String = row.try_get("access")?;
    let access = match access.as_str() {
        "in-cluster" => Access::InCluster,
        "recording" => Access::Recording {
            path: row.try_get("access_path")?,
        },
        _ => Access::Kubeconfig {
            path: row.try_get("access_path")?,
            context: row.try_get("access_context")?,
        },
    };
    Ok(Cluster {
        id: row.try_get("id")?,
        project_id: row.try_get("project_id")?,
        name: row.try_get("name")?,
        alias: row.try_get("alias")?,
        access,
        observed: Observed {
            version: row.try_get("version")?,
            phase: row.try_get("phase")?,
            endpoint_url: row.try_get("endpoint_url")?,
            totals: row.try_get("totals")?,
        },
        observed_at: maybe_instant(row.try_get("observed_at")?)?,
        job_id: row.try_get("job_id")?,
        upgrading: row.try_get("upgrading")?,
        created_at: instant(row.try_get("created_at")?)?,
        updated_at: instant(row.try_get("updated_at")?)?,
    })
}
