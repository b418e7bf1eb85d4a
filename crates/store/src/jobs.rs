//! Jobs: what taking a cluster in and letting it go leave behind. A job outlives its cluster.

use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    Cluster, Error, NewCluster, NewTask, Store, clusters, enqueue,
    error::During,
    tasks::{TaskKind, stored_as},
    time::{instant, micros},
};

/// How many jobs are kept of one project.
pub const JOBS_KEPT: i64 = 1000;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Takes a cluster in.
    CreateCluster,
    /// Lets a cluster go.
    DeleteCluster,
}

stored_as!(JobKind {
    CreateCluster = "CreateCluster",
    DeleteCluster = "DeleteCluster"
});

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobPhase {
    /// Accepted, not begun.
    Initializing,
    /// Begun.
    Running,
    /// Ended badly.
    Failed,
    /// Ended well.
    Success,
}

stored_as!(JobPhase {
    Initializing = "Initializing",
    Running = "Running",
    Failed = "Failed",
    Success = "Success"
});

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Identifier, a UUID.
    pub id: String,
    /// Project it belongs to.
    pub project_id: String,
    /// Cluster it is about; it may be gone.
    pub cluster_id: String,
    /// Name of that cluster.
    pub cluster_name: String,
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    pub phase: JobPhase,
    /// Why it failed.
    pub reason: Option<String>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What became of a cluster that was to be let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone, with its tasks; the job says so.
    Gone(Box<Cluster>, Box<Job>),
    /// The project has no such cluster.
    Unknown,
    /// An upgrade of it is unfinished; nothing was written.
    Upgrading,
}

impl Store {
    /// Takes a cluster in by a job: cluster, job and the task that reaches it are there together, or none is.
    pub async fn adopt_cluster(
        &self,
        project_id: &str,
        new: NewCluster,
        max_attempts: u32,
        now: Timestamp,
    ) -> Result<Cluster, Error> {
        const DOING: &str = "take a cluster in";
        let mut cluster = clusters::fresh(project_id, new, now).during(DOING)?;
        let job = job_of(&cluster, JobKind::CreateCluster, JobPhase::Initializing);
        cluster.job_id = Some(job.id.clone());
        cluster.observed.phase = Some("Creating".to_owned());
        let task = NewTask {
            project_id: cluster.project_id.clone(),
            cluster_id: cluster.id.clone(),
            workflow: None,
            kind: TaskKind::Register,
            spec: "{}".to_owned(),
            max_attempts,
        };
        let mut tx = self.write(DOING).await?;
        clusters::insert(&mut tx, &cluster, DOING).await?;
        insert(&mut tx, &job).await?;
        enqueue::insert(&mut tx, &task, now, DOING).await?;
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(cluster)
    }

    /// Notes that the work of taking a cluster in has begun.
    pub async fn begin_job(&self, id: &str, now: Timestamp) -> Result<(), Error> {
        const DOING: &str = "begin a job";
        let mut tx = self.write(DOING).await?;
        sqlx::query(
            "UPDATE jobs SET phase = 'Running', updated_at = $2 \
             WHERE id = $1 AND phase = 'Initializing'",
        )
        .bind(id)
        .bind(micros(now))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        tx.commit().await.during(DOING)
    }

    /// Lets a cluster go, with all that is kept of it but its jobs.
    pub async fn delete_cluster(
        &self,
        project_id: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<Deleted, Error> {
        const DOING: &str = "let a cluster go";
        let mut tx = self.write(DOING).await?;
        let found = clusters::of_project(project_id, id)
            .fetch_optional(&mut *tx)
            .await
            .during(DOING)?;
        let Some(row) = found else {
            return Ok(Deleted::Unknown);
        };
        let cluster = clusters::cluster(&row).during(DOING)?;
        if cluster.upgrading {
            return Ok(Deleted::Upgrading);
        }
        let mut job = job_of(&cluster, JobKind::DeleteCluster, JobPhase::Success);
        job.created_at = instant(micros(now)).during(DOING)?;
        job.updated_at = job.created_at;
        give_up(&mut tx, &cluster.id, now).await.during(DOING)?;
        sqlx::query("DELETE FROM clusters WHERE id = $1")
            .bind(&cluster.id)
            .execute(&mut *tx)
            .await
            .during(DOING)?;
        insert(&mut tx, &job).await?;
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(Deleted::Gone(Box::new(cluster), Box::new(job)))
    }

    /// The job of a project with this id; another project's job is as absent as one that never was.
    pub async fn job(&self, project_id: &str, id: &str) -> Result<Option<Job>, Error> {
        sqlx::query("SELECT * FROM jobs WHERE project_id = $1 AND id = $2")
            .bind(project_id)
            .bind(id)
            .try_map(|row| job(&row))
            .fetch_optional(&self.readers)
            .await
            .during("read a job")
    }
}

/// Ends the jobs whose task has ended, and says of their clusters whether they were reached.
pub(crate) async fn settle(
    tx: &mut Transaction<'static, Sqlite>,
    now: Timestamp,
) -> Result<(), Error> {
    const DOING: &str = "end a job";
    let ended: Vec<(String, String)> = sqlx::query_as(
        "UPDATE jobs SET phase = CASE tasks.phase WHEN 'Success' THEN 'Success' ELSE 'Failed' END, \
         reason = tasks.message, updated_at = $1 FROM tasks \
         WHERE jobs.phase IN ('Initializing', 'Running') AND tasks.cluster_id = jobs.cluster_id \
         AND tasks.kind = 'register' AND tasks.state = 'done' RETURNING jobs.cluster_id, jobs.phase",
    )
    .bind(micros(now))
    .fetch_all(&mut **tx)
    .await
    .during(DOING)?;
    for (cluster, phase) in ended {
        let reached = phase == JobPhase::Success.as_str();
        sqlx::query(
            "UPDATE clusters SET phase = $2, updated_at = $3 WHERE id = $1 AND phase = 'Creating'",
        )
        .bind(cluster)
        .bind(if reached { "Available" } else { "Unavailable" })
        .bind(micros(now))
        .execute(&mut **tx)
        .await
        .during(DOING)?;
    }
    Ok(())
}

/// A cluster that is let go is not taken in any more.
async fn give_up(
    tx: &mut Transaction<'static, Sqlite>,
    cluster: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE jobs SET phase = 'Failed', reason = 'The cluster was deleted.', updated_at = $2 \
         WHERE cluster_id = $1 AND phase IN ('Initializing', 'Running')",
    )
    .bind(cluster)
    .bind(micros(now))
    .execute(&mut **tx)
    .await
    .map(drop)
}

fn job_of(cluster: &Cluster, kind: JobKind, phase: JobPhase) -> Job {
    Job {
        id: Uuid::new_v4().to_string(),
        project_id: cluster.project_id.clone(),
        cluster_id: cluster.id.clone(),
        cluster_name: cluster.name.clone(),
        kind,
        phase,
        reason: None,
        created_at: cluster.created_at,
        updated_at: cluster.created_at,
    }
}

/// Writes a job, and removes the oldest of its project beyond those that are kept.
async fn insert(tx: &mut Transaction<'static, Sqlite>, job: &Job) -> Result<(), Error> {
    const DOING: &str = "keep a job";
    sqlx::query(
        "INSERT INTO jobs (id, project_id, cluster_id, cluster_name, kind, phase, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(&job.id)
    .bind(&job.project_id)
    .bind(&job.cluster_id)
    .bind(&job.cluster_name)
    .bind(job.kind.as_str())
    .bind(job.phase.as_str())
    .bind(micros(job.created_at))
    .execute(&mut **tx)
    .await
    .during(DOING)?;
    sqlx::query(
        "DELETE FROM jobs WHERE project_id = $1 AND phase IN ('Failed', 'Success') AND id IN \
         (SELECT id FROM jobs WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET $2)",
    )
    .bind(&job.project_id)
    .bind(JOBS_KEPT)
    .execute(&mut **tx)
    .await
    .during(DOING)
    .map(drop)
}

fn job(row: &SqliteRow) -> Result<Job, sqlx::Error> {
    Ok(Job {
        id: row.try_get("id")?,
        project_id: row.try_get("project_id")?,
        cluster_id: row.try_get("cluster_id")?,
        cluster_name: row.try_get("cluster_name")?,
        kind: JobKind::stored(row.try_get("kind")?)?,
        phase: JobPhase::stored(row.try_get("phase")?)?,
        reason: row.try_get("reason")?,
        created_at: instant(row.try_get("created_at")?)?,
        updated_at: instant(row.try_get("updated_at")?)?,
    })
}
