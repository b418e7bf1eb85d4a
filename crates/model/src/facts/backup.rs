//! Backups.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a row of backups is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BackupKind {
    /// One backup.
    #[default]
    Backup,
    /// What makes backups at set times.
    Schedule,
}

/// A backup, or a schedule of backups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// What it is.
    #[serde(default)]
    pub kind: BackupKind,
    /// Namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `status.phase`: of a backup `Completed`, `PartiallyFailed`, `Failed`, `InProgress` …; of a schedule `Enabled` …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// When the backup was complete; of a schedule when it last made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Timestamp>,
    /// Whether the schedule is paused.
    #[serde(default)]
    pub paused: bool,
}
