//! The queue: who works on which task, and that nobody else ends it.
//!
//! A claim raises the task's fence by one. Everything an owner does carries the fence it was given and must change
//! exactly one row; an owner whose lease ran out and was taken over changes none and gets [`Error::LeaseLost`].

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{
    Row, Sqlite, Transaction,
    sqlite::{SqliteQueryResult, SqliteRow},
};

use crate::{
    Error, Store,
    baselines::{self, NewBaseline},
    error::During,
    jobs,
    payload::pack,
    tasks::{self, Phase, Task, TaskKind},
    time::{micros, micros_after},
    workflows,
};

/// The right to work on a task until it runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The task, as it was when it was claimed.
    pub task: Task,
    /// Who holds the lease.
    pub owner: String,
    /// Which claim of the task this is.
    pub fence: i64,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Success, failure or error.
    pub phase: Phase,
    /// Why, for people.
    pub message: Option<String>,
    /// The assessment.
    pub result: Option<Vec<u8>>,
    /// Until when the result counts.
    pub expires_at: Option<Timestamp>,
}

/// What a failed attempt led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The task can be claimed again from then on.
    RetryAt(Timestamp),
    /// It was the last attempt: the task has ended as `Error`.
    Ended,
}

/// How long to wait after failed attempt number `attempt` (from 1): 2 s doubled each time, 5 minutes at most.
///
/// `jitter` from 0 to 1, drawn by the caller, takes up to half of it away.
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    let whole = Duration::from_secs(1 << attempt.clamp(1, 9)).min(Duration::from_mins(5));
    whole.mul_f64(1.0 - 0.5 * jitter.clamp(0.0, 1.0))
}

impl Store {
    /// Takes the task that has been due for longest, if one is.
    ///
    /// Tasks whose last allowed attempt ran out of its lease end as `Error` here.
    pub async fn claim(
        &self,
        owner: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Lease>, Error> {
        const DOING: &str = "claim a task";
        let mut tx = self.write(DOING).await?;
        let ended = end_exhausted(&mut tx, now).await?;
        let claimed = sqlx::query(
            "UPDATE tasks SET state = 'running', lease_owner = $1, lease_fence = lease_fence + 1, \
             lease_until = $3, attempt = attempt + 1, updated_at = $2, \
             started_at = COALESCE(started_at, $2) \
             WHERE id = (SELECT id FROM tasks WHERE state <> 'done' AND run_at <= $2 \
             AND (lease_until IS NULL OR lease_until <= $2) \
             ORDER BY run_at, created_at, id LIMIT 1) RETURNING *",
        )
        .bind(owner)
        .bind(micros(now))
        .bind(micros_after(now, lease))
        .try_map(|row| Ok((tasks::task(&row)?, row.try_get::<i64, _>("lease_fence")?)))
        .fetch_optional(&mut *tx)
        .await
        .during(DOING)?;
        tx.commit().await.during(DOING)?;
        if ended || claimed.is_some() {
            self.announce();
        }
        Ok(claimed.map(|(task, fence)| Lease {
            task,
            owner: owner.to_owned(),
            fence,
        }))
    }

    /// Holds on to a task: the lease runs `span` from now.
    pub async fn heartbeat(
        &self,
        lease: &Lease,
        now: Timestamp,
        span: Duration,
    ) -> Result<(), Error> {
        const DOING: &str = "hold on to a task";
        let mut tx = self.write(DOING).await?;
        let changed = sqlx::query(
            "UPDATE tasks SET lease_until = $4 \
             WHERE id = $1 AND lease_fence = $2 AND lease_owner = $3 AND state = 'running'",
        )
        .bind(&lease.task.id)
        .bind(lease.fence)
        .bind(&lease.owner)
        .bind(micros_after(now, span))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        held(lease, &changed)?;
        tx.commit().await.during(DOING)
    }

    /// Ends a task, and keeps its baseline in the same transaction.
    pub async fn finish(
        &self,
        lease: &Lease,
        outcome: Outcome,
        baseline: Option<NewBaseline>,
        now: Timestamp,
    ) -> Result<(), Error> {
        const DOING: &str = "end a task";
        let result = match outcome.result {
            Some(plain) => Some(pack(plain).await?),
            None => None,
        };
        let baseline = packed(baseline).await?;
        let mut tx = self.write(DOING).await?;
        let changed = sqlx::query(
            "UPDATE tasks SET state = 'done', phase = $4, message = $5, result = $6, expires_at = $7, \
             progress = CASE $4 WHEN 'Success' THEN 100 ELSE progress END, \
             updated_at = $8, ended_at = $8, lease_owner = NULL, lease_until = NULL, last_error = NULL \
             WHERE id = $1 AND lease_fence = $2 AND lease_owner = $3 AND state = 'running'",
        )
        .bind(&lease.task.id)
        .bind(lease.fence)
        .bind(&lease.owner)
        .bind(outcome.phase.as_str())
        .bind(outcome.message)
        .bind(result)
        .bind(outcome.expires_at.map(micros))
        .bind(micros(now))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        held(lease, &changed)?;
        if let Some(baseline) = &baseline {
            baselines::keep(&mut tx, &lease.task, baseline).await?;
        }
        let ended = (lease.task.kind, outcome.phase);
        follow(&mut tx, lease.task.workflow_id.as_deref(), ended, now).await?;
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(())
    }

    /// Hands a task back unfinished, for another process to take at once; the attempt does not count.
    pub async fn release(&self, lease: &Lease, now: Timestamp) -> Result<(), Error> {
        const DOING: &str = "hand a task back";
        let mut tx = self.write(DOING).await?;
        let changed = sqlx::query(
            "UPDATE tasks SET run_at = $4, updated_at = $4, attempt = attempt - 1, \
             lease_owner = NULL, lease_until = NULL \
             WHERE id = $1 AND lease_fence = $2 AND lease_owner = $3 AND state = 'running'",
        )
        .bind(&lease.task.id)
        .bind(lease.fence)
        .bind(&lease.owner)
        .bind(micros(now))
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        held(lease, &changed)?;
        tx.commit().await.during(DOING)?;
        self.announce();
        Ok(())
    }

    /// Gives an attempt up: the task is due again after `delay`, or ends as `Error` when no attempt is left.
    pub async fn fail(
        &self,
        lease: &Lease,
        error: &str,
        now: Timestamp,
        delay: Duration,
    ) -> Result<Failure, Error> {
        const DOING: &str = "give an attempt up";
        if lease.task.attempt >= lease.task.max_attempts {
            let outcome = Outcome {
                phase: Phase::Error,
                message: Some(error.to_owned()),
                result: None,
                expires_at: None,
            };
            self.finish(lease, outcome, None, now).await?;
            return Ok(Failure::Ended);
        }
        let due = micros_after(now, delay);
        let mut tx = self.write(DOING).await?;
        let changed = sqlx::query(
            "UPDATE tasks SET run_at = $4, updated_at = $5, last_error = $6, \
             lease_owner = NULL, lease_until = NULL \
             WHERE id = $1 AND lease_fence = $2 AND lease_owner = $3 AND state = 'running'",
        )
        .bind(&lease.task.id)
        .bind(lease.fence)
        .bind(&lease.owner)
        .bind(due)
        .bind(micros(now))
        .bind(error)
        .execute(&mut *tx)
        .await
        .during(DOING)?;
        held(lease, &changed)?;
        tx.commit().await.during(DOING)?;
        self.announce();
        crate::time::instant(due)
            .during(DOING)
            .map(Failure::RetryAt)
    }

    /// When the next task can be claimed, if nobody changes anything before.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        const DOING: &str = "look for the next task";
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(COALESCE(lease_until, run_at)) FROM tasks WHERE state <> 'done'",
        )
        .fetch_one(&self.readers)
        .await
        .during(DOING)?;
        crate::time::maybe_instant(due).during(DOING)
    }
}

/// The lease is held when its statement changed exactly one row; otherwise the transaction is dropped, undone.
pub(crate) fn held(lease: &Lease, changed: &SqliteQueryResult) -> Result<(), Error> {
    if changed.rows_affected() == 1 {
        return Ok(());
    }
    Err(Error::LeaseLost {
        task: lease.task.id.clone(),
    })
}

pub(crate) async fn packed(baseline: Option<NewBaseline>) -> Result<Option<NewBaseline>, Error> {
    let Some(baseline) = baseline else {
        return Ok(None);
    };
    let recording = pack(baseline.recording).await?;
    Ok(Some(NewBaseline {
        recording,
        ..baseline
    }))
}

/// Ends the tasks whose last allowed attempt ran out of its lease; says whether there were any.
async fn end_exhausted(
    tx: &mut Transaction<'static, Sqlite>,
    now: Timestamp,
) -> Result<bool, Error> {
    const DOING: &str = "end tasks that were given up";
    let ended: Vec<(Option<String>, TaskKind)> = sqlx::query(
        "UPDATE tasks SET state = 'done', phase = 'Error', updated_at = $1, ended_at = $1, \
         lease_owner = NULL, lease_until = NULL, lease_fence = lease_fence + 1, message = \
         'It was begun ' || attempt || ' times and never ended: the process was stopped or stuck each time.' \
         || COALESCE(' Last error: ' || last_error, '') \
         WHERE state <> 'done' AND attempt >= max_attempts AND lease_until <= $1 RETURNING workflow_id, kind",
    )
    .bind(micros(now))
    .try_map(|row: SqliteRow| {
        let kind = TaskKind::stored(row.try_get("kind")?)?;
        Ok((row.try_get("workflow_id")?, kind))
    })
    .fetch_all(&mut **tx)
    .await
    .during(DOING)?;
    for (workflow, kind) in &ended {
        follow(tx, workflow.as_deref(), (*kind, Phase::Error), now).await?;
    }
    Ok(!ended.is_empty())
}

/// What the end of a task brings with it: its workflow moves, its job ends.
async fn follow(
    tx: &mut Transaction<'static, Sqlite>,
    workflow: Option<&str>,
    (kind, phase): (TaskKind, Phase),
    now: Timestamp,
) -> Result<(), Error> {
    workflows::end(tx, workflow, (kind, phase), now).await?;
    if kind == TaskKind::Register {
        jobs::settle(tx, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        let waits: Vec<u64> = (0..12).map(|it| backoff(it, 0.0).as_secs()).collect();
        assert_eq!(waits, [2, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(backoff(2, 1.0), Duration::from_secs(2));
        assert_eq!(backoff(u32::MAX, 9.0), Duration::from_secs(150));
    }
}
