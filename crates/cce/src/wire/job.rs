//! Jobs: what creating and deleting a cluster leave behind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiVersion;
use crate::time::SpacedTime;

/// The kind of jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum JobKind {
    /// The only value there is.
    #[default]
    Job,
}

/// One job: the answer of `ShowAutopilotJob`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Always `Job`.
    pub kind: JobKind,
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Identity and times.
    pub metadata: JobMetadata,
    /// What it does.
    pub spec: JobSpec,
    /// How it stands.
    pub status: JobStatus,
}

/// The answer of `ShowAutopilotJob`.
pub type ShowAutopilotJobResponse = Job;

/// Identity and times of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobMetadata {
    /// Identifier.
    pub uid: String,
    /// When it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<SpacedTime>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_timestamp: Option<SpacedTime>,
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobSpec {
    /// What it does.
    #[serde(rename = "type")]
    pub job_type: JobType,
    /// Cluster it is about.
    #[serde(
        rename = "clusterUID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub cluster_uid: Option<String>,
    /// What it is about.
    #[serde(
        rename = "resourceID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub resource_id: Option<String>,
    /// Name of what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// More.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extend_param: BTreeMap<String, String>,
    /// Jobs it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub sub_jobs: Vec<Job>,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum JobType {
    /// Takes a cluster in.
    CreateCluster,
    /// Lets a cluster go.
    DeleteCluster,
}

/// How a job stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobStatus {
    /// Phase.
    pub phase: JobPhase,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Phase of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum JobPhase {
    /// Accepted, not started.
    #[default]
    Initializing,
    /// Being carried out.
    Running,
    /// Ended badly.
    Failed,
    /// Ended well.
    Success,
}
