//! The work of one task: collect, assess, and what follows for the store.

use std::time::Duration;

use airworthy_assess::{Run, Selection, assess};
use airworthy_cce::{mapping, wire::TaskPhase};
use airworthy_collect::{Plan, recording};
use airworthy_knowledge::Knowledge;
use airworthy_model::{Assessment, Facts, Phase, UpgradePath};
use airworthy_store::{self as store, Cluster, NewBaseline, Outcome, Parked, Task, TaskKind};
use jiff::Timestamp;

use crate::{
    Error, Service, cluster,
    spec::{PrecheckTaskSpec, SkipSpec},
    waivers::Accepted,
};

/// What came of the work on a task.
pub(crate) enum Worked {
    /// The task has ended.
    Ended(Judged),
    /// A step was taken, and another one is due later.
    Parked(Parked, Option<NewBaseline>),
}

/// How a task ended.
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    pub(crate) baseline: Option<NewBaseline>,
    /// How long its result counts from the end on, where that is bounded.
    pub(crate) counts_for: Option<Duration>,
}

impl Judged {
    pub(crate) fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            baseline: None,
            counts_for: None,
        }
    }

    pub(crate) fn without_result(message: impl Into<String>) -> Self {
        Self::of(Outcome {
            phase: store::Phase::Error,
            message: Some(message.into()),
            result: None,
            expires_at: None,
        })
    }
}

impl Service {
    /// Does the work of a task. `Err` is a failure of ours that another attempt may mend; what a cluster does wrong is an outcome.
    pub(crate) async fn work(&self, task: &Task) -> Result<Worked, Error> {
        let (project, id) = (&task.project_id, &task.cluster_id);
        let Some(cluster) = self.store.cluster(project, id).await? else {
            let removed = Judged::without_result("the cluster was removed");
            return Ok(Worked::Ended(removed));
        };
        let judged = match task.kind {
            TaskKind::Upgrade => return Box::pin(self.upgrade_step(&cluster, task)).await,
            TaskKind::Snapshot => return self.snapshot_step(&cluster, task).await,
            TaskKind::Precheck => {
                let spec = serde_json::from_str(&task.spec)?;
                Box::pin(self.precheck_task(&cluster, spec)).await?
            }
            TaskKind::Postcheck => {
                let spec = serde_json::from_str(&task.spec)?;
                let now = Timestamp::now();
                Box::pin(self.postcheck_task(&cluster, spec, now)).await?
            }
            TaskKind::Register => Judged::of(self.register_task(&cluster).await?),
        };
        Ok(Worked::Ended(judged))
    }

    /// Reads everything that either phase may need: what a passing pre-check read is the baseline of the post-check.
    pub(crate) async fn facts(&self, cluster: &Cluster) -> Result<Facts, String> {
        let all = Selection {
            catalogue: self.settings.catalogue.clone(),
            ..Selection::default()
        };
        let needs = all
            .needs(Phase::Pre)
            .into_iter()
            .chain(all.needs(Phase::Post));
        let plan = Plan {
            limits: self.settings.limits,
            switched_off: self.switched_off(cluster).await,
            ..Plan::of(needs)
        };
        let mut facts = match cluster::read(cluster, &plan).await {
            Ok(facts) => facts,
            Err(why) => {
                self.remember_silence(cluster).await;
                return Err(why);
            }
        };
        self.put_audit_events(cluster, &mut facts).await;
        self.remember(cluster, &cluster::observed(&facts)).await;
        Ok(facts)
    }

    pub(crate) async fn precheck_task(
        &self,
        cluster: &Cluster,
        spec: PrecheckTaskSpec,
    ) -> Result<Judged, Error> {
        let facts = match self.facts(cluster).await {
            Ok(facts) => facts,
            Err(message) => return Ok(Judged::without_result(message)),
        };
        let version = match &facts.version {
            Ok(version) => version.version.clone(),
            Err(missing) => return Ok(Judged::without_result(missing.to_string())),
        };
        let path = match UpgradePath::new(version, spec.target_version.clone()) {
            Ok(path) => path,
            Err(error) => return Ok(Judged::without_result(error.to_string())),
        };
        let Accepted { accept, notes } = self.waivers_of(cluster).await?;
        let requested = spec.skips.iter().map(SkipSpec::acceptance);
        let run = Run {
            phase: Phase::Pre,
            facts: &facts,
            baseline: None,
            path: Some(&path),
            knowledge: Knowledge::embedded(),
            policy: &self.policy_of(cluster).await?,
            selection: &Selection {
                catalogue: self.settings.catalogue.clone(),
                accept: requested.chain(accept).collect(),
                now: Some(Timestamp::now()),
                ..Selection::default()
            },
        };
        match assess(run) {
            Ok(mut assessment) => {
                assessment.waiver_notes.extend(notes);
                self.precheck_outcome(&facts, &path, &assessment)
            }
            Err(missing) => Ok(Judged::without_result(missing.to_string())),
        }
    }

    fn precheck_outcome(
        &self,
        facts: &Facts,
        path: &UpgradePath,
        assessment: &Assessment,
    ) -> Result<Judged, Error> {
        let status =
            mapping::precheck_status(assessment, &self.settings.catalogue.infos(Some(Phase::Pre)));
        let passed = status.phase == TaskPhase::Success;
        let outcome = Outcome {
            phase: if passed {
                store::Phase::Success
            } else {
                store::Phase::Failed
            },
            message: None,
            result: Some(serde_json::to_vec(assessment)?),
            expires_at: None,
        };
        let baseline = passed.then(|| baseline(facts, path)).transpose();
        Ok(Judged {
            outcome,
            baseline: baseline.unwrap_or_else(|error| {
                tracing::error!(%error, "the baseline could not be written");
                None
            }),
            counts_for: Some(self.settings.result_expiry),
        })
    }
}

fn baseline(
    facts: &Facts,
    path: &UpgradePath,
) -> Result<NewBaseline, recording::WriteRecordingError> {
    let mut bytes = Vec::new();
    recording::write(facts, &mut bytes)?;
    Ok(NewBaseline {
        version: path.from.to_string(),
        target_version: path.target.to_string(),
        taken_at: facts.observed_at,
        recording: bytes,
    })
}
