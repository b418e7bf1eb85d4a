//! Backups and schedules of Velero.

use airworthy_model::facts::{self, BackupKind};
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, Time, instant},
};

/// Custom resources come as JSON; the numbers are never met.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Backup {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub status: BackupStatus,
}

impl Wire for Backup {
    const LIST: &'static str = "BackupList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BackupStatus {
    #[prost(string, tag = "1")]
    pub phase: String,
    #[prost(message, optional, tag = "2")]
    pub completion_timestamp: Option<Time>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Schedule {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: ScheduleSpec,
    #[prost(message, required, tag = "3")]
    pub status: ScheduleStatus,
}

impl Wire for Schedule {
    const LIST: &'static str = "ScheduleList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ScheduleSpec {
    #[prost(bool, tag = "1")]
    pub paused: bool,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ScheduleStatus {
    #[prost(string, tag = "1")]
    pub phase: String,
    #[prost(message, optional, tag = "2")]
    pub last_backup: Option<Time>,
}

impl From<Backup> for facts::Backup {
    fn from(wire: Backup) -> Self {
        Self {
            kind: BackupKind::Backup,
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            phase: wire.status.phase,
            completed: instant(wire.status.completion_timestamp),
            paused: false,
        }
    }
}

impl From<Schedule> for facts::Backup {
    fn from(wire: Schedule) -> Self {
        Self {
            kind: BackupKind::Schedule,
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            phase: wire.status.phase,
            completed: instant(wire.status.last_backup),
            paused: wire.spec.paused,
        }
    }
}
