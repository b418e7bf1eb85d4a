//! What time alone brings about: workflows lapse, plans begin in their windows and are walked to their ends.
//!
//! Where a plan stands is read from its workflow each time, so a process that dies between two steps loses none and does none
//! twice.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use airworthy_cce::request::{
    BatchScope, DEFAULT_STEP, PostcheckRequest, PrecheckRequest, UpgradeRequest,
};
use airworthy_store::{Cluster, Opened, Phase, Plan, Task, TaskState, Workflow};
use airworthy_upgrade::{
    plan::{self, Event, Seen},
    workflow::{self, Canceller, Point},
};
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::{Error, Service, worker::apart};

/// How often the scheduler looks at the clock.
const EVERY: Duration = Duration::from_secs(5);

/// How often folders of programs whose tasks are gone are looked for.
const SWEEP: Duration = Duration::from_hours(1);

/// Plans that are looked at side by side: each may ask its cluster for its version.
const AT_ONCE: usize = 8;

/// A post-check of what the open workflow is about.
const SILENT: PostcheckRequest = PostcheckRequest {
    cluster_version: None,
    target_version: None,
};

/// What is to be done for a plan that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing: a task is under way.
    Wait,
    /// Accept a pre-check.
    Check,
    /// Accept the upgrade.
    Upgrade,
    /// Accept a post-check.
    Confirm,
    /// Move the plan.
    Move(Event, Option<String>),
}

impl Service {
    /// Calls [`Service::tick`] again and again, until it is told to stop.
    pub(crate) async fn keep_time(self, mut stopped: watch::Receiver<bool>) {
        let mut swept: Option<Instant> = None;
        while !*stopped.borrow() {
            if let Err(error) = apart(self.tick(Timestamp::now())).await {
                tracing::error!(%error, "what is due cannot be read; trying again");
            }
            if swept.is_none_or(|at| at.elapsed() > SWEEP) {
                swept = Some(Instant::now());
                if let Err(error) = apart(self.sweep_runs()).await {
                    tracing::warn!(%error, "folders of programs cannot be cleared away");
                }
            }
            tokio::select! {
                _ = stopped.changed() => (),
                () = tokio::time::sleep(EVERY) => (),
            }
        }
    }

    /// Does what is due at `now`, one step of each plan at most.
    pub async fn tick(&self, now: Timestamp) -> Result<(), Error> {
        let span = self.settings.result_expiry;
        self.store.lapse_workflows(None, span, now).await?;
        let due = self.store.due_plans(now).await?;
        let driven = stream::iter(due).for_each_concurrent(AT_ONCE, |plan| async move {
            if let Err(error) = apart(self.drive(&plan, now)).await {
                tracing::warn!(plan = %plan.id, %error, "the plan waits");
            }
        });
        driven.await;
        Ok(())
    }

    async fn drive(&self, plan: &Plan, now: Timestamp) -> Result<(), Error> {
        let cluster = self.cluster(&plan.project_id, &plan.cluster_id).await?;
        if plan.phase == plan::Phase::Pending {
            return match plan.window.sees(now) {
                Seen::Before => Ok(()),
                Seen::Within => self.begin(plan, &cluster, now).await,
                Seen::After => self.miss(plan, now).await,
            };
        }
        let id = plan.workflow_id.as_deref().unwrap_or_default();
        match self
            .store
            .workflow(&cluster.project_id, &cluster.id, id)
            .await?
        {
            Some(workflow) => self.take(plan, &cluster, &workflow, now).await,
            None => self.fail(plan, "its workflow is gone", now).await,
        }
    }

    /// Opens the workflow of a plan, unless something is in the way for the time being.
    async fn begin(&self, plan: &Plan, cluster: &Cluster, now: Timestamp) -> Result<(), Error> {
        // Before the cluster is asked for its version: a plan that waits looks here every time.
        if let Some(open) = self.open_workflow(cluster).await? {
            return self.stumble(plan, Error::OpenWorkflow(open.id), now).await;
        }
        let running = match self.judged_way(cluster, &plan.target_version).await {
            Ok((running, _)) => running.exact(),
            Err(error) => return self.stumble(plan, error, now).await,
        };
        match self.store.begin_plan(plan, &running, now).await? {
            Some(Opened::AlreadyOpen(id)) => self.stumble(plan, Error::OpenWorkflow(id), now).await,
            Some(Opened::New(workflow)) => {
                tracing::info!(plan = %plan.id, workflow = %workflow.id, "the plan has begun");
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Takes the step that is due.
    async fn take(
        &self,
        plan: &Plan,
        cluster: &Cluster,
        workflow: &Workflow,
        now: Timestamp,
    ) -> Result<(), Error> {
        let taken = match step(plan, workflow, now) {
            Step::Wait => return Ok(()),
            Step::Move(Event::Missed, _) => return self.miss(plan, now).await,
            Step::Move(event, message) => {
                return self.turn(plan, event, message.as_deref(), now).await;
            }
            Step::Check => self.check(plan).await,
            Step::Upgrade => self.start_upgrade(plan).await,
            // The last planned look tells most.
            Step::Confirm if self.is_settling(cluster, now).await? => return Ok(()),
            Step::Confirm => self.accept_postcheck(cluster, SILENT).await.map(drop),
        };
        match taken {
            Ok(()) => Ok(()),
            Err(error) => self.stumble(plan, error, now).await,
        }
    }

    async fn check(&self, plan: &Plan) -> Result<(), Error> {
        let request = PrecheckRequest {
            cluster_version: None,
            target_version: plan.target_version.clone(),
            skips: Vec::new(),
        };
        self.create_precheck(&plan.project_id, &plan.cluster_id, request, "plan")
            .await
            .map(drop)
    }

    /// The plan's own pre-check has just passed: there is none inside the upgrade.
    async fn start_upgrade(&self, plan: &Plan) -> Result<(), Error> {
        let request = UpgradeRequest {
            target_version: plan.target_version.clone(),
            is_only_upgrade: true,
            step: DEFAULT_STEP,
            scope: BatchScope::default(),
            addons: Vec::new(),
            node_order: BTreeMap::new(),
            node_pool_order: BTreeMap::new(),
        };
        self.create_upgrade(&plan.project_id, &plan.cluster_id, request)
            .await
            .map(drop)
    }

    /// What is in the way for a time is noted; anything else ends the plan.
    async fn stumble(&self, plan: &Plan, error: Error, now: Timestamp) -> Result<(), Error> {
        match error {
            Error::Store(_) => Err(error),
            passing if passes(&passing) => {
                let why = passing.to_string();
                if plan.message.as_ref() != Some(&why) {
                    self.store.note_plan(plan, &why).await?;
                }
                Ok(())
            }
            lasting => self.fail(plan, &lasting.to_string(), now).await,
        }
    }

    async fn fail(&self, plan: &Plan, why: &str, now: Timestamp) -> Result<(), Error> {
        self.turn(plan, Event::Failed, Some(why), now).await
    }

    /// Ends a plan whose window went by, and the workflow that it had opened already: nobody waits for that one.
    async fn miss(&self, plan: &Plan, now: Timestamp) -> Result<(), Error> {
        let mut why = "its window went by before the upgrade could begin".to_owned();
        if let Some(last) = &plan.message {
            why = format!("{why}: {last}");
        }
        self.turn(plan, Event::Missed, Some(&why), now).await?;
        let key = (&*plan.project_id, &*plan.cluster_id);
        if let Some(id) = &plan.workflow_id {
            self.store
                .cancel_workflow(key, id, Canceller::Operator, now)
                .await?;
        }
        Ok(())
    }

    async fn turn(
        &self,
        plan: &Plan,
        event: Event,
        message: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        if self.store.move_plan(plan, event, message, now).await? {
            tracing::info!(plan = %plan.id, ?event, message, "the plan has moved");
        }
        Ok(())
    }
}

/// Whether an error may be gone at the next look.
fn passes(error: &Error) -> bool {
    matches!(
        error,
        Error::Busy(_)
            | Error::InTheWay { .. }
            | Error::OpenWorkflow(_)
            | Error::UpgradeUnfinished(_)
            | Error::VersionUnknown
            | Error::WorkflowFinished
    )
}

/// What is due for a plan that has begun. The upgrade begins within the window, or not at all.
fn step(plan: &Plan, workflow: &Workflow, now: Timestamp) -> Step {
    match workflow.phase {
        workflow::Phase::Success => Step::Move(Event::Confirmed, None),
        workflow::Phase::Cancel => {
            Step::Move(Event::Failed, Some("its workflow was cancelled".to_owned()))
        }
        _ => match workflow.task(Point::Cluster) {
            Some(_) if plan.phase == plan::Phase::Enqueued => Step::Move(Event::Upgrading, None),
            Some(upgrade) => after(upgrade, workflow),
            None => before(plan.window.sees(now), workflow, now),
        },
    }
}

/// Until the upgrade is accepted.
fn before(seen: Seen, workflow: &Workflow, now: Timestamp) -> Step {
    let check = workflow.task(Point::PreCheck);
    if check.is_some_and(|task| task.state != TaskState::Done) {
        return Step::Wait;
    }
    let counts = |task: &Task| task.expires_at.is_none_or(|at| now < at);
    match check {
        Some(task) if task.phase != Some(Phase::Success) => failed("the pre-check", task),
        _ if seen != Seen::Within => Step::Move(Event::Missed, None),
        Some(task) if counts(task) => Step::Upgrade,
        _ => Step::Check,
    }
}

/// Once the upgrade is accepted.
fn after(upgrade: &Task, workflow: &Workflow) -> Step {
    match upgrade.phase {
        None => return Step::Wait,
        Some(Phase::Success) => (),
        Some(Phase::Failed | Phase::Error) => return failed("the upgrade", upgrade),
    }
    let later = |task: &&Task| upgrade.ended_at.is_none_or(|end| task.created_at >= end);
    match workflow.task(Point::PostCheck).filter(later) {
        None => Step::Confirm,
        Some(task) if task.state != TaskState::Done => Step::Wait,
        Some(task) => failed("the post-check", task),
    }
}

fn failed(what: &str, task: &Task) -> Step {
    let why = task.message.as_deref().unwrap_or("its result says why");
    let message = format!("{what} {} did not succeed: {why}", task.id);
    Step::Move(Event::Failed, Some(message))
}

#[cfg(test)]
#[path = "scheduler_tests.rs"]
mod tests;
