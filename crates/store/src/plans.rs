//! Plans of automatic upgrades. What a plan waits for once it has begun is told by the workflow that it opened.

use airworthy_upgrade::plan::{self, BadWindow, Event, Window};
use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    Error, Store,
    error::During,
    time::{instant, micros},
    workflows::{self, NewWorkflow, Opened},
};

/// A plan to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlan {
    /// Project of the cluster.
    pub project_id: String,
    /// Cluster to upgrade.
    pub cluster_id: String,
    /// Version it runs, exact.
    pub cluster_version: String,
    /// Version to go to, exact.
    pub target_version: String,
    /// When the upgrade may begin.
    pub window: Window,
}

/// What became of a plan that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// It is there.
    New(Box<Plan>),
    /// Another one of the cluster is unfinished; nothing was written.
    AlreadyPlanned(String),
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Identifier, a UUID.
    pub id: String,
    /// Project of the cluster.
    pub project_id: String,
    /// Cluster to upgrade.
    pub cluster_id: String,
    /// Version it ran when the plan was made, exact.
    pub cluster_version: String,
    /// Version to go to, exact.
    pub target_version: String,
    /// When the upgrade may begin.
    pub window: Window,
    /// Where it stands.
    pub phase: plan::Phase,
    /// Why it stands there, for people.
    pub message: Option<String>,
    /// The workflow that it opened.
    pub workflow_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What became of a plan that was to be delayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delayed {
    /// It is.
    Done(Box<Plan>),
    /// It has begun, or is over.
    NotPending(plan::Phase),
    /// The new window cannot be.
    BadWindow(BadWindow),
    /// The cluster has no such plan.
    Absent,
}

/// What became of a plan that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Done,
    /// Its upgrade is under way.
    UnderWay(plan::Phase),
    /// The project has no such plan.
    Absent,
}

const READ: &str = "read plans";

impl Store {
    /// Makes a plan unless one of the cluster is unfinished, and removes the oldest finished ones beyond those that are kept.
    pub async fn add_plan(&self, new: &NewPlan, now: Timestamp) -> Result<Planned, Error> {
        const DOING: &str = "make a plan";
        let mut tx = self.write(DOING).await?;
        if let Some(id) = unfinished(&mut tx, &new.cluster_id).await? {
            return Ok(Planned::AlreadyPlanned(id));
        }
        let plan = insert(&mut tx, new, now).await?;
        prune(&mut tx, &new.cluster_id, self.kept).await?;
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(Planned::New(Box::new(plan)))
    }

    /// The newest plan of a cluster.
    pub async fn newest_plan(
        &self,
        project_id: &str,
        cluster_id: &str,
    ) -> Result<Option<Plan>, Error> {
        sqlx::query(
            "SELECT * FROM plans WHERE project_id = $1 AND cluster_id = $2 \
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(project_id)
        .bind(cluster_id)
        .try_map(|row| plan(&row))
        .fetch_optional(&self.readers)
        .await
        .during(READ)
    }

    /// The plans of a project, those of one cluster beside each other and the newest first.
    pub async fn plans(&self, project_id: &str) -> Result<Vec<Plan>, Error> {
        sqlx::query(
            "SELECT * FROM plans WHERE project_id = $1 ORDER BY cluster_id, created_at DESC, id DESC",
        )
        .bind(project_id)
        .try_map(|row| plan(&row))
        .fetch_all(&self.readers)
        .await
        .during(READ)
    }

    /// The unfinished plans whose windows have come.
    pub async fn due_plans(&self, now: Timestamp) -> Result<Vec<Plan>, Error> {
        sqlx::query(
            "SELECT * FROM plans WHERE phase IN ('Pending', 'Enqueued', 'Upgrading') AND not_before <= $1 \
             ORDER BY not_before, id",
        )
        .bind(micros(now))
        .try_map(|row| plan(&row))
        .fetch_all(&self.readers)
        .await
        .during(READ)
    }

    /// Moves the window of a plan that has not begun, so that it begins at `not_before` and is as long as before.
    pub async fn delay_plan(
        &self,
        (project_id, cluster_id): (&str, &str),
        id: &str,
        not_before: Timestamp,
        now: Timestamp,
    ) -> Result<Delayed, Error> {
        const DOING: &str = "delay a plan";
        let mut tx = self.write(DOING).await?;
        let found = one(&mut tx, project_id, id).await?;
        let Some(found) = found.filter(|plan| plan.cluster_id == cluster_id) else {
            return Ok(Delayed::Absent);
        };
        if found.phase != plan::Phase::Pending {
            return Ok(Delayed::NotPending(found.phase));
        }
        let window = match found.window.moved(not_before, now) {
            Ok(window) => window,
            Err(refused) => return Ok(Delayed::BadWindow(refused)),
        };
        let moved = put_window(&mut tx, id, &window, now).await?;
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(Delayed::Done(Box::new(moved)))
    }

    /// Removes a plan that has not begun, or is over.
    pub async fn remove_plan(&self, project_id: &str, id: &str) -> Result<Removed, Error> {
        const DOING: &str = "remove a plan";
        let mut tx = self.write(DOING).await?;
        let Some(found) = one(&mut tx, project_id, id).await? else {
            return Ok(Removed::Absent);
        };
        if found.phase != plan::Phase::Pending && !found.phase.is_finished() {
            return Ok(Removed::UnderWay(found.phase));
        }
        sqlx::query("DELETE FROM plans WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await
            .during(DOING)?;
        tx.commit().await.during(DOING)?;
        Ok(Removed::Done)
    }

    /// Opens the workflow of a plan, and moves the plan in the same transaction. Nothing when the plan was changed since it was
    /// read. `cluster_version` is what runs now, exact.
    pub async fn begin_plan(
        &self,
        seen: &Plan,
        cluster_version: &str,
        now: Timestamp,
    ) -> Result<Option<Opened>, Error> {
        const DOING: &str = "begin a plan";
        let mut tx = self.write(DOING).await?;
        let new = NewWorkflow {
            project_id: seen.project_id.clone(),
            cluster_id: seen.cluster_id.clone(),
            cluster_version: cluster_version.to_owned(),
            target_version: seen.target_version.clone(),
        };
        let opened = workflows::open(&mut tx, &new, self.kept, now).await?;
        let Opened::New(workflow) = &opened else {
            return Ok(Some(opened));
        };
        let next = plan::next(seen.phase, Event::Begun);
        let begun = Moved {
            workflow: Some(&workflow.id),
            message: None,
        };
        if !put_phase(&mut tx, seen, next, &begun, now).await? {
            return Ok(None);
        }
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(Some(opened))
    }

    /// Says of a plan why it stands where it stands.
    pub async fn note_plan(&self, seen: &Plan, message: &str) -> Result<(), Error> {
        const DOING: &str = "note the state of a plan";
        let mut tx = self.write(DOING).await?;
        sqlx::query("UPDATE plans SET message = $3 WHERE id = $1 AND phase = $2")
            .bind(&seen.id)
            .bind(seen.phase.as_str())
            .bind(message)
            .execute(&mut *tx)
            .await
            .during(DOING)?;
        tx.commit().await.during(DOING)
    }

    /// Moves a plan, with the reason; `false` when that cannot be, or it was changed since it was read.
    pub async fn move_plan(
        &self,
        seen: &Plan,
        event: Event,
        message: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        const DOING: &str = "move a plan";
        let mut tx = self.write(DOING).await?;
        let next = plan::next(seen.phase, event);
        let workflow = seen.workflow_id.as_deref();
        let moved = put_phase(&mut tx, seen, next, &Moved { workflow, message }, now).await?;
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(moved)
    }
}

/// What a plan gets beside its phase.
struct Moved<'a> {
    workflow: Option<&'a str>,
    message: Option<&'a str>,
}

async fn put_phase(
    tx: &mut Transaction<'static, Sqlite>,
    seen: &Plan,
    next: Option<plan::Phase>,
    moved: &Moved<'_>,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(next) = next else {
        return Ok(false);
    };
    let changed = sqlx::query(
        "UPDATE plans SET phase = $4, workflow_id = $5, message = $6, updated_at = $7 \
         WHERE id = $1 AND phase = $2 AND not_before = $3",
    )
    .bind(&seen.id)
    .bind(seen.phase.as_str())
    .bind(micros(seen.window.not_before))
    .bind(next.as_str())
    .bind(moved.workflow)
    .bind(moved.message)
    .bind(micros(now))
    .execute(&mut **tx)
    .await
    .during("move a plan")?;
    Ok(changed.rows_affected() == 1)
}

async fn unfinished(
    tx: &mut Transaction<'static, Sqlite>,
    cluster_id: &str,
) -> Result<Option<String>, Error> {
    sqlx::query_scalar(
        "SELECT id FROM plans WHERE cluster_id = $1 AND phase IN ('Pending', 'Enqueued', 'Upgrading')",
    )
    .bind(cluster_id)
    .fetch_optional(&mut **tx)
    .await
    .during(READ)
}

async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    new: &NewPlan,
    now: Timestamp,
) -> Result<Plan, Error> {
    let inserted = sqlx::query(
        "INSERT INTO plans (id, project_id, cluster_id, cluster_version, target_version, not_before, not_after, \
         not_before_deadline, phase, created_at, updated_at) \
         SELECT $1, project_id, id, $4, $5, $6, $7, $8, $9, $10, $10 FROM clusters \
         WHERE project_id = $2 AND id = $3 RETURNING *",
    )
    .bind(Uuid::new_v4().to_string())
    .bind(&new.project_id)
    .bind(&new.cluster_id)
    .bind(&new.cluster_version)
    .bind(&new.target_version)
    .bind(micros(new.window.not_before))
    .bind(micros(new.window.not_after))
    .bind(micros(new.window.not_before_deadline))
    .bind(plan::Phase::Pending.as_str())
    .bind(micros(now))
    .try_map(|row| plan(&row))
    .fetch_optional(&mut **tx)
    .await
    .during("make a plan")?;
    inserted.ok_or_else(|| Error::NotFound {
        what: "cluster",
        id: new.cluster_id.clone(),
    })
}

/// Removes the oldest finished plans of a cluster beyond those that are kept.
async fn prune(
    tx: &mut Transaction<'static, Sqlite>,
    cluster_id: &str,
    kept: i64,
) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM plans WHERE cluster_id = $1 AND phase IN ('Success', 'Failed', 'Skipped') AND id NOT IN \
         (SELECT id FROM plans WHERE cluster_id = $1 AND phase IN ('Success', 'Failed', 'Skipped') \
          ORDER BY created_at DESC, id DESC LIMIT $2)",
    )
    .bind(cluster_id)
    .bind(kept)
    .execute(&mut **tx)
    .await
    .during("remove old plans")
    .map(drop)
}

async fn put_window(
    tx: &mut Transaction<'static, Sqlite>,
    id: &str,
    window: &Window,
    now: Timestamp,
) -> Result<Plan, Error> {
    sqlx::query(
        "UPDATE plans SET not_before = $2, not_after = $3, message = NULL, updated_at = $4 WHERE id = $1 \
         RETURNING *",
    )
    .bind(id)
    .bind(micros(window.not_before))
    .bind(micros(window.not_after))
    .bind(micros(now))
    .try_map(|row| plan(&row))
    .fetch_one(&mut **tx)
    .await
    .during("delay a plan")
}

async fn one(
    tx: &mut Transaction<'static, Sqlite>,
    project_id: &str,
    id: &str,
) -> Result<Option<Plan>, Error> {
    sqlx::query("SELECT * FROM plans WHERE project_id = $1 AND id = $2")
        .bind(project_id)
        .bind(id)
        .try_map(|row| plan(&row))
        .fetch_optional(&mut **tx)
        .await
        .during(READ)
}

fn plan(row: &SqliteRow) -> Result<Plan, sqlx::Error> {
    let word: &str = row.try_get("phase")?;
    let phase = plan::Phase::named(word)
        .ok_or_else(|| sqlx::Error::Decode(format!("a plan cannot be {word:?}").into()))?;
    let at = |column| row.try_get(column).and_then(instant);
    Ok(Plan {
        id: row.try_get("id")?,
        project_id: row.try_get("project_id")?,
        cluster_id: row.try_get("cluster_id")?,
        cluster_version: row.try_get("cluster_version")?,
        target_version: row.try_get("target_version")?,
        window: Window {
            not_before: at("not_before")?,
            not_after: at("not_after")?,
            not_before_deadline: at("not_before_deadline")?,
        },
        phase,
        message: row.try_get("message")?,
        workflow_id: row.try_get("workflow_id")?,
        created_at: at("created_at")?,
        updated_at: at("updated_at")?,
    })
}
