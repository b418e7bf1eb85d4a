//! Post-checks: one synchronous answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiVersion, object};

/// The kind of every post-check body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PostCheckKind {
    /// The only value there is.
    #[default]
    PostCheckTask,
}

/// The body of `CreateAutopilotPostCheck` as it came, judged by nobody yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostcheckClusterRequestBody {
    /// Must be `v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Must be `PostCheckTask`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What is being confirmed.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    pub spec: Option<PostcheckSpec>,
}

/// The upgrade a post-check confirms, in requests and answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostcheckSpec {
    /// Cluster that was upgraded.
    #[serde(rename = "clusterID", default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,
    /// Version before the upgrade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_version: Option<String>,
    /// Version after the upgrade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_version: Option<String>,
}

/// The answer of `CreateAutopilotPostCheck`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAutopilotPostCheckResponse {
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Always `PostCheckTask`.
    pub kind: PostCheckKind,
    /// Identity of the task.
    pub metadata: PostcheckCluserResponseMetadata,
    /// The request's spec with its gaps filled.
    pub spec: PostcheckSpec,
    /// Outcome.
    pub status: PostcheckClusterResponseBodyStatus,
}

/// Identity of a post-check; the type's name is misspelled at its origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostcheckCluserResponseMetadata {
    /// Identifier of the task.
    pub uid: String,
}

/// Outcome of a post-check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostcheckClusterResponseBodyStatus {
    /// How it ended.
    pub phase: PostcheckPhase,
    /// Why it ended as `Failed` or `Error`; a member of ours, which clients ignore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a post-check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum PostcheckPhase {
    /// The cluster came out fit to serve.
    Success,
    /// Something is worse than before.
    Failed,
    /// The check itself could not be carried out.
    Error,
}
