//! The steps of an upgrade: check inside, driver, and a look whether the target is reached. Each is short, and what one leaves is
//! all that the next one knows.

use std::time::Duration;

use airworthy_collect::{Limits, Plan};
use airworthy_drivers::{
    AnyDriver, ClusterApi, Command, Means, Observe, Source, runs_target, told,
};
use airworthy_model::{Need, Policy, facts::ServerVersion};
use airworthy_store::{Cluster, NewBaseline, Outcome, Parked, Phase, Task};
use airworthy_upgrade::driver::{Driver as _, Order, Step};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check;
use crate::{
    DriverSettings, Error, Service, UpgradeTaskSpec,
    cluster::{self, Origin, origin},
    judge::{Judged, Worked},
};

/// Progress once the check inside has passed, or was left out.
const CHECKED: u8 = 10;

/// Progress once the driver has nothing more to do.
const DRIVEN: u8 = 95;

/// The wait between two looks whether the target is reached.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long a look at a cluster may take that is being upgraded.
const STEP: Duration = Duration::from_mins(1);

/// What one step leaves for the next one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scratch {
    /// When the driver was first asked for a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    driven_since: Option<Timestamp>,
    /// The driver's own note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    driver: Option<Value>,
    /// When the driver was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done_at: Option<Timestamp>,
}

/// What a step is about.
struct Work<'a> {
    service: &'a Service,
    cluster: &'a Cluster,
    task: &'a Task,
    spec: UpgradeTaskSpec,
    scratch: Scratch,
    settings: DriverSettings,
    policy: Policy,
}

impl Service {
    /// Takes the next step of an upgrade.
    pub(crate) async fn upgrade_step(
        &self,
        cluster: &Cluster,
        task: &Task,
    ) -> Result<Worked, Error> {
        let settings = self.settings_of(&cluster.project_id, &cluster.name).await?;
        let scratch = task.scratch.as_deref().map(serde_json::from_str);
        let work = Work {
            service: self,
            cluster,
            task,
            spec: serde_json::from_str(&task.spec)?,
            scratch: scratch.transpose()?.unwrap_or_default(),
            settings: settings.map(|it| it.driver.clone()).unwrap_or_default(),
            policy: self.policy_of(cluster).await?,
        };
        match (work.scratch.driven_since, work.scratch.done_at) {
            (None, _) => work.begin().await,
            (Some(since), None) => work.drive(since).await,
            (Some(_), Some(done_at)) => work.verify(done_at).await,
        }
    }

    /// The version that the API server says it runs now; the error is for callers.
    async fn running_now(&self, cluster: &Cluster) -> Result<ServerVersion, String> {
        let deadline = self.settings.probe_deadline;
        let limits = Limits {
            request_deadline: deadline,
            run_budget: deadline,
            ..self.settings.limits
        };
        let plan = Plan {
            limits,
            ..Plan::of([Need::Version])
        };
        let facts = cluster::read(cluster, &plan).await?;
        self.remember(cluster, &cluster::observed(&facts)).await;
        facts.version.map_err(|missing| missing.to_string())
    }
}

impl Work<'_> {
    /// The check inside, unless the caller left it out or a try before this one has brought the cluster to the target already:
    /// then there is no way left to judge, only the rest of the work.
    async fn begin(self) -> Result<Worked, Error> {
        let target = &self.spec.target_version;
        let there = self.service.running_now(self.cluster).await;
        let there = there.is_ok_and(|server| runs_target(&server, target));
        if self.spec.only_upgrade || there {
            return self.driven(None);
        }
        let judged = self.service.check_inside(self.cluster, &self.spec).await?;
        if judged.outcome.phase == Phase::Success {
            return self.driven(judged.baseline);
        }
        let message = check::complaint(&judged, &self.service.settings.catalogue)?;
        let outcome = Outcome {
            result: judged.outcome.result,
            ..ended(Phase::Failed, message)
        };
        Ok(Worked::Ended(Judged::of(outcome)))
    }

    /// One step of the driver.
    async fn drive(mut self, since: Timestamp) -> Result<Worked, Error> {
        let order = self.order(since);
        let driver = self.driver();
        match driver.step(&order, self.scratch.driver.as_ref()).await {
            Step::Going {
                progress,
                scratch,
                message,
                again_in,
            } => {
                self.scratch.driver = Some(scratch);
                let share = u16::from(DRIVEN - CHECKED) * u16::from(progress.min(100)) / 100;
                let progress = CHECKED + u8::try_from(share).unwrap_or(0);
                self.parked(progress, message, again_in, None)
            }
            Step::Done { message } => {
                tracing::info!(task = self.task.id, message, "the driver is done");
                self.scratch.done_at = Some(Timestamp::now());
                self.parked(DRIVEN, message, Duration::ZERO, None)
            }
            Step::Failed { message } => self.fail(message).await,
        }
    }

    /// Whatever a driver says: the upgrade has succeeded when the API server runs the target.
    async fn verify(self, done_at: Timestamp) -> Result<Worked, Error> {
        let target = &self.spec.target_version;
        let why = match self.service.running_now(self.cluster).await {
            Ok(server) if runs_target(&server, target) => {
                let version = server.version.to_string();
                self.service
                    .converged(self.cluster, &version, Timestamp::now())
                    .await?;
                let success = ended(Phase::Success, told(&server));
                return Ok(Worked::Ended(Judged::of(success)));
            }
            Ok(server) => told(&server),
            Err(why) => why,
        };
        let waited = Timestamp::now().duration_since(done_at).unsigned_abs();
        if waited < self.settings.grace {
            let message = format!("waiting until the target is seen: {why}");
            return self.parked(DRIVEN, message, LOOK_AGAIN, None);
        }
        let target = target.exact();
        let message = format!("the driver ended well, but {target} is not reached: {why}");
        self.fail(message).await
    }

    /// Ends an upgrade, and looks what became of the cluster.
    async fn fail(&self, message: String) -> Result<Worked, Error> {
        if self.service.running_now(self.cluster).await.is_err() {
            self.service.remember_silence(self.cluster).await;
        }
        let failed = ended(Phase::Failed, message);
        Ok(Worked::Ended(Judged::of(failed)))
    }

    fn driver(&self) -> AnyDriver {
        let deadline = self.settings.deadline;
        match &self.settings.means {
            Means::Observe => AnyDriver::Observe(Observe {
                source: match origin(&self.cluster.access) {
                    Origin::Live(options) => Source::Live(options),
                    Origin::Recording(path) => Source::Recording(path),
                },
                deadline,
                limits: short(self.service.settings.limits),
                rollout: self.policy.rollout,
            }),
            Means::Command(program) => AnyDriver::Command(Command {
                program: program.clone(),
                folder: self.service.settings.upgrades.clone(),
                supervisor: self.service.settings.supervisor.clone(),
            }),
            Means::ClusterApi(management) => AnyDriver::ClusterApi(ClusterApi {
                management: management.clone(),
                deadline,
                patience: ClusterApi::PATIENCE,
            }),
        }
    }

    fn order(&self, begun_at: Timestamp) -> Order {
        let spec = self.spec.clone();
        Order {
            task_id: self.task.id.clone(),
            attempt: self.task.tries,
            begun_at,
            project_id: self.cluster.project_id.clone(),
            cluster_id: self.cluster.id.clone(),
            cluster_name: self.cluster.name.clone(),
            from: spec.cluster_version,
            target: spec.target_version,
            batch_size: spec.batch_size.into(),
            scope: spec.batch_scope,
            addons: spec.addons,
            node_order: spec.node_order,
            node_pool_order: spec.node_pool_order,
        }
    }

    /// Hands the work over to the driver.
    fn driven(mut self, baseline: Option<NewBaseline>) -> Result<Worked, Error> {
        self.scratch.driven_since = Some(Timestamp::now());
        let message = format!("the upgrade begins, by {}", self.settings.means.word());
        self.parked(CHECKED, message, Duration::ZERO, baseline)
    }

    fn parked(
        &self,
        progress: u8,
        message: String,
        again_in: Duration,
        baseline: Option<NewBaseline>,
    ) -> Result<Worked, Error> {
        let now = Timestamp::now();
        let parked = Parked {
            progress,
            scratch: Some(serde_json::to_string(&self.scratch)?),
            message: Some(message),
            again_at: now.checked_add(again_in).unwrap_or(now),
        };
        Ok(Worked::Parked(parked, baseline))
    }
}

/// A step does not hold its worker for long; what cannot be read now is read at the next step.
fn short(limits: Limits) -> Limits {
    Limits {
        run_budget: limits.run_budget.min(STEP),
        ..limits
    }
}

fn ended(phase: Phase, message: String) -> Outcome {
    Outcome {
        phase,
        message: Some(message),
        result: None,
        expires_at: None,
    }
}
