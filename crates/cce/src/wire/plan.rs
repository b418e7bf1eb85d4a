//! Automatic upgrades: plans with a window of time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiVersion, ListKind, Metadata};
use crate::time::SpacedTime;

/// The kind of plans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum UpgradePlanKind {
    /// The only value there is.
    #[default]
    UpgradePlan,
}

/// The answer of `ListAutopilotUpgradePlans`: at most one plan, and not in an array.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAutopilotUpgradePlansResponse {
    /// Always `List`.
    pub kind: ListKind,
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// The newest plan; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<UpgradePlan>,
}

/// One plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradePlan {
    /// Always `UpgradePlan`.
    pub kind: UpgradePlanKind,
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Identity and times, in RFC 3339.
    pub metadata: Metadata,
    /// What is planned.
    pub spec: UpgradePlanSpec,
    /// What came of it.
    pub status: UpgradePlanStatus,
}

/// The answer of `UpdateAutopilotUpgradePlan`.
pub type UpdateAutopilotUpgradePlanResponse = UpgradePlan;

/// What is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradePlanSpec {
    /// Cluster that is upgraded.
    #[serde(rename = "clusterID")]
    pub cluster_id: String,
    /// Version it runs.
    pub cluster_version: String,
    /// Version it goes to, exact.
    pub target_version: String,
    /// Earliest start.
    pub not_before: SpacedTime,
    /// When it is too late to start.
    pub not_after: SpacedTime,
    /// To where the earliest start may be put off.
    pub not_before_deadline: SpacedTime,
}

/// What came of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpgradePlanStatus {
    /// Phase.
    pub phase: UpgradePlanPhase,
}

/// Phase of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum UpgradePlanPhase {
    /// Its window has not come.
    #[default]
    Pending,
    /// The cluster is being checked.
    Enqueued,
    /// The cluster is being upgraded.
    Upgrading,
    /// Ended well.
    Success,
    /// Ended otherwise.
    Failed,
    /// Its window passed without a start.
    Skipped,
}

/// The body of `UpdateAutopilotUpgradePlan` as it came, judged by nobody yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DelayUpgradePlanRequestBody {
    /// The new earliest start: `2025-02-01 16:00:00 +0000 UTC`, RFC 3339, or a day, which begins at 00:00 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "2025-02-01 16:00:00 +0000 UTC")]
    pub not_before: Option<String>,
}
