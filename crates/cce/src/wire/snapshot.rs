//! Snapshots of the control plane.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ListKind, Percent, UpgradePhase, object};
use crate::time::SpacedTime;

/// The API version of snapshots alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum SnapshotApiVersion {
    /// The only value there is.
    #[default]
    #[serde(rename = "v3.1")]
    V3Minor1,
}

/// The kind of snapshots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum SnapshotKind {
    /// The only value there is.
    #[default]
    SnapshotTask,
}

/// The answer of `CreateAutopilotClusterMasterSnapshot`, inside out: the identity stands at the top.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreateAutopilotClusterMasterSnapshotResponse {
    /// Identifier of the task, as the list has it in `metadata.uid`.
    pub uid: String,
    /// Kind and version.
    pub metadata: SnapshotCluserResponseMetadata,
}

/// Kind and version of a new snapshot; the type's name is misspelled at its origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotCluserResponseMetadata {
    /// Always `v3.1`.
    pub api_version: SnapshotApiVersion,
    /// Always `SnapshotTask`.
    pub kind: SnapshotKind,
}

/// The answer of `ListAutopilotClusterMasterSnapshotTasks`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAutopilotClusterMasterSnapshotTasksResponse {
    /// Always `v3.1`.
    pub api_version: SnapshotApiVersion,
    /// Always `List`.
    pub kind: ListKind,
    /// `{}`.
    pub metadata: SnapshotTaskMetadata,
    /// The snapshots, newest first.
    pub items: Vec<SnapshotTask>,
    /// Of the list as a whole.
    pub status: SnapshotTaskStatus,
}

/// Identity and times of a snapshot, and `{}` for the list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotTaskMetadata {
    /// Identifier of the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// When it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<SpacedTime>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_timestamp: Option<SpacedTime>,
}

/// One snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotTask {
    /// Always `SnapshotTask`.
    pub kind: SnapshotKind,
    /// Always `v3.1`.
    pub api_version: SnapshotApiVersion,
    /// Identity and times.
    pub metadata: SnapshotTaskMetadata,
    /// What it is made of.
    pub spec: SnapshotSpec,
    /// How far it has come.
    pub status: SnapshotStatus,
}

/// What a snapshot is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SnapshotSpec {
    /// Sub-tasks.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub items: Vec<SnapshotSpecItems>,
}

/// One sub-task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotSpecItems {
    /// Identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it does.
    #[serde(rename = "type")]
    pub item_type: SnapshotItemType,
    /// How it stands.
    pub status: UpgradePhase,
    /// When it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<SpacedTime>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_timestamp: Option<SpacedTime>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What a sub-task does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotItemType {
    /// Takes the snapshot.
    #[default]
    MasterBackup,
    /// Goes back to it.
    MasterBackupRollback,
}

/// How far a snapshot has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotStatus {
    /// Phase.
    pub phase: UpgradePhase,
    /// Progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Percent>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<SpacedTime>,
}

/// Of all snapshots of a cluster together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotTaskStatus {
    /// When the newest good one ended; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_backup_time: Option<SpacedTime>,
}
