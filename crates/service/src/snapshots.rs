//! Snapshots: a recording of a cluster, and a backup where the operator has a program for it.

use airworthy_collect::recording;
use airworthy_model::Facts;
use airworthy_store::{self as store, Brief, Cluster, Outcome, Phase, Task, TaskKind, TaskState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Error, Service, workflows::accepted};

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
pub(crate) struct Backup {
    pub(crate) phase: PartPhase,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

impl Service {
    /// Accepts a snapshot.
    pub async fn create_snapshot(&self, project: &str, cluster_id: &str) -> Result<Task, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
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

    /// Records a cluster, as the last part of a snapshot. `Failed` says why, for callers.
    pub(crate) async fn record(
        &self,
        cluster: &Cluster,
        backup: Option<&Backup>,
    ) -> Result<Outcome, Error> {
        let recorded = match self.facts(cluster).await {
            Ok(facts) => recorded(&facts),
            Err(message) => Err(message),
        };
        let missed = backup.filter(|backup| backup.phase != PartPhase::Success);
        let missed = missed.map(|backup| backup.message.clone().unwrap_or_default());
        let failed = missed.into_iter().chain(recorded.as_ref().err().cloned());
        let failed: Vec<_> = failed.collect();
        Ok(Outcome {
            phase: if failed.is_empty() {
                store::Phase::Success
            } else {
                store::Phase::Failed
            },
            message: (!failed.is_empty()).then(|| failed.join("; ")),
            result: recorded.ok(),
            expires_at: None,
        })
    }
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
    let backup: Option<Backup> = scratch.map(serde_json::from_str).transpose()?;
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
fn recording_phase(brief: &Brief, with_backup: bool, backup: Option<&Backup>) -> PartPhase {
    let over = |backup: &Backup| ended(backup.phase);
    match brief.state {
        TaskState::Done if brief.has_result => PartPhase::Success,
        TaskState::Done => PartPhase::Failed,
        TaskState::Running if !with_backup || backup.is_some_and(over) => PartPhase::Running,
        TaskState::Init | TaskState::Queuing | TaskState::Running => PartPhase::Init,
    }
}

fn backup_phase(brief: &Brief, backup: Option<&Backup>) -> PartPhase {
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
