//! Snapshots: a recording of a cluster, and a backup where the operator has a program for it.

use std::time::Duration;

use airworthy_collect::recording;
use airworthy_drivers::{Backup, BackupOrder};
use airworthy_model::Facts;
use airworthy_store::{Brief, Cluster, Outcome, Parked, Phase, Task, TaskKind, TaskState};
use airworthy_upgrade::driver::Step;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Error, Service,
    judge::{Judged, Worked},
    workflows::accepted,
};

/// A snapshot, as accepted: the ids of its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotTaskSpec {
    /// Id of the part that records the cluster.
    pub recording: String,
    /// Id of the part that takes a backup, where a program is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
}

/// A part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPart {
    /// Its id.
    pub id: String,
    /// How far it is.
    pub phase: PartPhase,
    /// What came of it, for people.
    pub message: Option<String>,
}

/// How far a part of a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartPhase {
    /// Not begun.
    Init,
    /// Being done.
    Running,
    /// Done.
    Success,
    /// Not done.
    Failed,
}

/// The snapshots of a cluster.
#[derive(Clone, Debug)]
pub struct Snapshots {
    /// All that are kept, newest first, each with its parts.
    pub all: Vec<(Brief, Vec<SnapshotPart>)>,
    /// When the newest good one ended.
    pub latest: Option<Timestamp>,
}

/// What a backup has come to, as one step leaves it for the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BackedUp {
    begun_at: Timestamp,
    phase: PartPhase,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What the program's supervision leaves for its next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<Value>,
}

/// Progress once the backup is over.
const BACKED_UP: u8 = 90;

impl Service {
    /// Accepts a snapshot.
    pub async fn create_snapshot(&self, project: &str, cluster_id: &str) -> Result<Task, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        self.demand_version(&cluster).await?;
        let settings = self.settings_of(project, &cluster.name).await?;
        let backup = settings.and_then(|settings| settings.backup.as_ref());
        let id = || Uuid::new_v4().to_string();
        let spec = SnapshotTaskSpec {
            recording: id(),
            backup: backup.map(|_| id()),
        };
        let spec = serde_json::to_string(&spec)?;
        let kind = TaskKind::Snapshot;
        accepted(self.accept(&cluster, kind, None, &spec).await?)
    }

    /// The snapshots of a cluster.
    pub async fn snapshots(&self, project: &str, cluster_id: &str) -> Result<Snapshots, Error> {
        self.cluster(project, cluster_id).await?;
        let kind = TaskKind::Snapshot;
        let mut all = Vec::new();
        for brief in self.store.briefs(project, cluster_id, kind).await? {
            let parts = parts(&brief)?;
            all.push((brief, parts));
        }
        let good = |(brief, _): &&(Brief, _)| brief.phase == Some(Phase::Success);
        let latest = all.iter().find(good).and_then(|(brief, _)| brief.ended_at);
        Ok(Snapshots { all, latest })
    }

    /// Takes the next step of a snapshot: the backup, where one is to be taken, and then the recording.
    pub(crate) async fn snapshot_step(
        &self,
        cluster: &Cluster,
        task: &Task,
    ) -> Result<Worked, Error> {
        let spec: SnapshotTaskSpec = serde_json::from_str(&task.spec)?;
        let backed_up: Option<BackedUp> = task
            .scratch
            .as_deref()
            .map(serde_json::from_str)
            .transpose()?;
        let over = backed_up.as_ref().is_some_and(|it| ended(it.phase));
        if spec.backup.is_some() && !over {
            return self.backup_step(cluster, task, backed_up).await;
        }
        let outcome = self.record(cluster, backed_up.as_ref()).await;
        Ok(Worked::Ended(Judged::of(outcome)))
    }

    async fn backup_step(
        &self,
        cluster: &Cluster,
        task: &Task,
        backed_up: Option<BackedUp>,
    ) -> Result<Worked, Error> {
        let settings = self.settings_of(&cluster.project_id, &cluster.name).await?;
        let begun_at = backed_up.as_ref().map(|it| it.begun_at);
        let begun_at = begun_at.unwrap_or_else(Timestamp::now);
        let note = backed_up.and_then(|it| it.note);
        let step = match settings.and_then(|settings| settings.backup.clone()) {
            Some(program) => {
                let backup = Backup {
                    program,
                    folder: self.settings.upgrades.clone(),
                    supervisor: self.settings.supervisor.clone(),
                };
                let order = order(cluster, task, begun_at);
                backup.step(&order, note.as_ref()).await
            }
            None => Step::Failed {
                message: "no program for backups is configured any more".to_owned(),
            },
        };
        parked(begun_at, step)
    }

    /// Records a cluster, as the last part of a snapshot.
    async fn record(&self, cluster: &Cluster, backed_up: Option<&BackedUp>) -> Outcome {
        let recorded = match self.facts(cluster).await {
            Ok(facts) => recorded(&facts),
            Err(message) => Err(message),
        };
        let missed = backed_up.filter(|it| it.phase != PartPhase::Success);
        let missed = missed.and_then(|it| it.message.clone());
        let failed = missed.into_iter().chain(recorded.as_ref().err().cloned());
        let failed: Vec<_> = failed.collect();
        Outcome {
            phase: if failed.is_empty() {
                Phase::Success
            } else {
                Phase::Failed
            },
            message: (!failed.is_empty()).then(|| failed.join("; ")),
            result: recorded.ok(),
            expires_at: None,
        }
    }
}

fn order(cluster: &Cluster, task: &Task, begun_at: Timestamp) -> BackupOrder {
    BackupOrder {
        task_id: task.id.clone(),
        begun_at,
        project_id: cluster.project_id.clone(),
        cluster_id: cluster.id.clone(),
        cluster_name: cluster.name.clone(),
        version: cluster.observed.version.clone(),
    }
}

/// Leaves what came of a step of the backup for the next one.
fn parked(begun_at: Timestamp, step: Step) -> Result<Worked, Error> {
    let mut backed_up = BackedUp {
        begun_at,
        phase: PartPhase::Running,
        message: None,
        note: None,
    };
    let (progress, again_in) = match step {
        Step::Going {
            progress,
            message,
            scratch,
            again_in,
        } => {
            (backed_up.message, backed_up.note) = (Some(message), Some(scratch));
            let share = u16::from(BACKED_UP) * u16::from(progress.min(100)) / 100;
            (u8::try_from(share).unwrap_or(0), again_in)
        }
        Step::Done { message } => {
            (backed_up.phase, backed_up.message) = (PartPhase::Success, Some(message));
            (BACKED_UP, Duration::ZERO)
        }
        Step::Failed { message } => {
            backed_up.phase = PartPhase::Failed;
            backed_up.message = Some(format!("no backup was taken: {message}"));
            (BACKED_UP, Duration::ZERO)
        }
    };
    let now = Timestamp::now();
    let parked = Parked {
        progress,
        scratch: Some(serde_json::to_string(&backed_up)?),
        message: None,
        again_at: now.checked_add(again_in).unwrap_or(now),
    };
    Ok(Worked::Parked(parked, None))
}

fn recorded(facts: &Facts) -> Result<Vec<u8>, String> {
    if let Err(missing) = &facts.version {
        return Err(missing.to_string());
    }
    let mut bytes = Vec::new();
    match recording::write(facts, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => {
            tracing::error!(%error, "a recording could not be written");
            Err("the recording could not be written".to_owned())
        }
    }
}

fn parts(brief: &Brief) -> Result<Vec<SnapshotPart>, Error> {
    let spec: SnapshotTaskSpec = serde_json::from_str(&brief.spec)?;
    let scratch = brief.scratch.as_deref();
    let backup: Option<BackedUp> = scratch.map(serde_json::from_str).transpose()?;
    let recording = SnapshotPart {
        id: spec.recording,
        phase: recording_phase(brief, spec.backup.is_some(), backup.as_ref()),
        message: brief.message.clone().filter(|_| !brief.has_result),
    };
    let backup = spec.backup.map(|id| SnapshotPart {
        id,
        phase: backup_phase(brief, backup.as_ref()),
        message: backup.and_then(|backup| backup.message),
    });
    Ok(backup.into_iter().chain([recording]).collect())
}

/// The recording is made after the backup.
fn recording_phase(brief: &Brief, with_backup: bool, backup: Option<&BackedUp>) -> PartPhase {
    let over = |backup: &BackedUp| ended(backup.phase);
    match brief.state {
        TaskState::Done if brief.has_result => PartPhase::Success,
        TaskState::Done => PartPhase::Failed,
        TaskState::Running if !with_backup || backup.is_some_and(over) => PartPhase::Running,
        TaskState::Init | TaskState::Queuing | TaskState::Running => PartPhase::Init,
    }
}

fn backup_phase(brief: &Brief, backup: Option<&BackedUp>) -> PartPhase {
    let said = backup.map_or(PartPhase::Init, |backup| backup.phase);
    // A task that ended without a word about its backup has none.
    if brief.state == TaskState::Done && !ended(said) {
        return PartPhase::Failed;
    }
    said
}

fn ended(phase: PartPhase) -> bool {
    matches!(phase, PartPhase::Success | PartPhase::Failed)
}
