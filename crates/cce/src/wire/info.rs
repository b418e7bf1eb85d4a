//! What a cluster may be upgraded to, which ways there are, and what of the API is supported.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiVersion, Metadata, Percent, UpgradePhase};
use crate::time::SpacedTime;

/// The kind of the upgrade information.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum UpgradeInfoKind {
    /// The only value there is.
    #[default]
    UpgradeInfo,
}

/// The answer of `ShowAutopilotClusterUpgradeInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowAutopilotClusterUpgradeInfoResponse {
    /// Always `UpgradeInfo`.
    pub kind: UpgradeInfoKind,
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Uid and name are those of the cluster.
    pub metadata: Metadata,
    /// What the cluster runs and may go to.
    pub spec: UpgradeInfoSpec,
    /// The upgrade under way, else the last one; absent when there never was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UpgradeInfoStatus>,
}

/// What a cluster runs and may go to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeInfoSpec {
    /// The last upgrade that ended; absent when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_upgrade_info: Option<UpgradeInfoStatus>,
    /// Versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_info: Option<UpgradeVersionInfo>,
    /// What the vendor's console asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_feature_gates: Option<UpgradeFeatureGates>,
}

/// How an upgrade stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeInfoStatus {
    /// Phase.
    pub phase: UpgradeInfoPhase,
    /// Progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Percent>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<SpacedTime>,
}

/// Phase of an upgrade where it is told beside the cluster: there is no `Queuing`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum UpgradeInfoPhase {
    /// Not started, or waiting to be started again.
    #[default]
    Init,
    /// Being carried out.
    Running,
    /// Held; nothing here holds one.
    Pause,
    /// Ended well.
    Success,
    /// Ended otherwise.
    Failed,
}

impl From<UpgradePhase> for UpgradeInfoPhase {
    fn from(phase: UpgradePhase) -> Self {
        match phase {
            UpgradePhase::Init | UpgradePhase::Queuing => Self::Init,
            UpgradePhase::Running => Self::Running,
            UpgradePhase::Pause => Self::Pause,
            UpgradePhase::Success => Self::Success,
            UpgradePhase::Failed => Self::Failed,
        }
    }
}

/// Versions of a cluster, the exact one split at its hyphen: `v1.31.14-r0` is release `v1.31.14` and patch `r0`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeVersionInfo {
    /// Version it runs, without patch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "v1.31.14")]
    pub release: Option<String>,
    /// Patch it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "r0")]
    pub patch: Option<String>,
    /// Patch that is recommended for this release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "r0")]
    pub suggest_patch: Option<String>,
    /// Versions it may go to, exact; `[]` when there is none.
    pub target_versions: Vec<String>,
}

/// What the vendor's console asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpgradeFeatureGates {
    /// Whether the fourth edition of the console's page is to be shown.
    #[serde(
        rename = "supportUpgradePageV4",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub support_upgrade_page_v4: Option<bool>,
}

/// The kind of the list of ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ClusterUpgradePathsKind {
    /// The only value there is.
    #[default]
    ClusterUpgradePaths,
}

/// The answer of `ListAutopilotClusterUpgradePaths`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAutopilotClusterUpgradePathsResponse {
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Always `ClusterUpgradePaths`.
    pub kind: ClusterUpgradePathsKind,
    /// `{}`.
    pub metadata: Metadata,
    /// The ways; not `items`.
    pub upgrade_paths: Vec<UpgradePath>,
}

/// The ways from one version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradePath {
    /// From where: minor only from v1.21 on.
    #[schema(example = "v1.31")]
    pub version: String,
    /// Platform version of it, `cce.X.Y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    /// To where, exact.
    pub target_versions: Vec<String>,
}

/// The kind of the list of gates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ClusterUpgradeFeatureGatesKind {
    /// The only value there is.
    #[default]
    ClusterUpgradeFeatureGates,
}

/// The answer of `ListAutopilotClusterUpgradeFeatureGates`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAutopilotClusterUpgradeFeatureGatesResponse {
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Always `ClusterUpgradeFeatureGates`.
    pub kind: ClusterUpgradeFeatureGatesKind,
    /// `{}`.
    pub metadata: Metadata,
    /// What of the API is supported, by name.
    pub upgrade_feature_gates: BTreeMap<String, GateState>,
}

/// Whether a feature of the API is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum GateState {
    /// It is.
    Support,
    /// It is not.
    Disable,
    /// The server decides.
    Default,
}
