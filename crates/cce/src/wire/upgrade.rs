//! Upgrades: the order of one, and the task it becomes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{ApiVersion, ListKind, Percent, object};
use crate::time::SpacedTime;

/// The kind of every upgrade task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum UpgradeKind {
    /// The only value there is.
    #[default]
    UpgradeTask,
}

/// The body of `UpgradeAutopilotCluster` as it came, judged by nobody yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpgradeClusterRequestBody {
    /// Kind and version, which stand inside of it in this body alone.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    #[schema(required = true)]
    pub metadata: Option<UpgradeClusterRequestMetadata>,
    /// The upgrade that is wanted.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    #[schema(required = true)]
    pub spec: Option<UpgradeSpec>,
}

/// Kind and version of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeClusterRequestMetadata {
    /// Must be `v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "v3")]
    pub api_version: Option<String>,
    /// Must be `UpgradeTask`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "UpgradeTask")]
    pub kind: Option<String>,
}

/// The upgrade that is wanted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeSpec {
    /// Its settings; `autopilotClusterUpgradeAction` is read too.
    #[serde(
        default,
        alias = "autopilotClusterUpgradeAction",
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    #[schema(required = true)]
    pub cluster_upgrade_action: Option<ClusterUpgradeAction>,
}

/// Settings of an upgrade.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterUpgradeAction {
    /// Add-ons to upgrade along.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub addons: Vec<UpgradeAddonConfig>,
    /// Order of nodes inside a pool, by the pool's id.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "object::map_of_lists"
    )]
    pub node_order: BTreeMap<String, Vec<NodePriority>>,
    /// Order of pools, by the pool's id: larger numbers first.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "object::map"
    )]
    pub node_pool_order: BTreeMap<String, i64>,
    /// How to upgrade.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    #[schema(required = true)]
    pub strategy: Option<UpgradeStrategy>,
    /// Version to go to, exact or minor only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "v1.32")]
    pub target_version: Option<String>,
    /// Whether the check inside the upgrade is left out; `false` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_only_upgrade: Option<bool>,
    /// Agency of the vendor's components; without effect here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency_name: Option<String>,
}

/// One add-on to upgrade along.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeAddonConfig {
    /// Template of the add-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "coredns")]
    pub addon_template_name: Option<String>,
    /// Must be `patch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "patch")]
    pub operation: Option<String>,
    /// Version that fits the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "1.29.4")]
    pub version: Option<String>,
    /// Parameters of the add-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub values: Option<Map<String, Value>>,
}

/// Nodes with their place in the order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodePriority {
    /// Which nodes.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    #[schema(required = true)]
    pub node_selector: Option<NodeSelector>,
    /// Larger numbers first; 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub priority: Option<i64>,
}

/// Nodes by a label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeSelector {
    /// Key of the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "uid")]
    pub key: Option<String>,
    /// Values of the label; singular on the wire.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::values"
    )]
    pub value: Vec<String>,
    /// One of `in`, `notin`, `exists`, `!`, `gt` and `lt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "in")]
    pub operator: Option<String>,
}

/// How to upgrade, in requests and answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeStrategy {
    /// Must be `inPlaceRollingUpdate`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "inPlaceRollingUpdate")]
    pub strategy_type: Option<String>,
    /// Settings of that type.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    pub in_place_rolling_update: Option<InPlaceRollingUpdate>,
}

/// Settings of a rolling upgrade in place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InPlaceRollingUpdate {
    /// Most nodes of one batch; 20 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 120, example = 20)]
    pub user_defined_step: Option<i64>,
    /// Where the growth of batches begins anew: `Cluster`, which is taken when absent, or `NodePool`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Cluster")]
    pub scope: Option<String>,
}

/// The answer of `UpgradeAutopilotCluster`; it has neither kind nor status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpgradeAutopilotClusterResponse {
    /// Identity of the new task.
    pub metadata: UpgradeCluserResponseMetadata,
    /// What was ordered, with its gaps filled.
    pub spec: UpgradeResponseSpec,
}

/// Identity of a new upgrade; the type's name is misspelled at its origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpgradeCluserResponseMetadata {
    /// Identifier to poll with `ShowAutopilotUpgradeClusterTask`.
    pub uid: String,
}

/// What was ordered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeResponseSpec {
    /// Settings of the upgrade.
    pub cluster_upgrade_action: ClusterUpgradeResponseAction,
}

/// Settings of an upgrade, as it will be carried out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterUpgradeResponseAction {
    /// Version the cluster runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Version it goes to, exact.
    pub target_version: String,
    /// Platform version of the target, `cce.X.Y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_platform_version: Option<String>,
    /// How it is upgraded.
    pub strategy: UpgradeStrategy,
    /// Configuration given for the upgrade: always `{}`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub config: Map<String, Value>,
}

/// One upgrade: the answer of `ShowAutopilotUpgradeClusterTask` and an entry of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeTaskResponseBody {
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Always `UpgradeTask`.
    pub kind: UpgradeKind,
    /// Identity and times.
    pub metadata: UpgradeTaskMetadata,
    /// From where to where.
    pub spec: UpgradeTaskSpec,
    /// How far it has come.
    pub status: UpgradeTaskStatus,
}

/// The answer of `ShowAutopilotUpgradeClusterTask`.
pub type ShowAutopilotUpgradeClusterTaskResponse = UpgradeTaskResponseBody;

/// Identity and times of an upgrade, and `{}` for the list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeTaskMetadata {
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

/// From where to where an upgrade goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeTaskSpec {
    /// Version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Version after, exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_version: Option<String>,
    /// More, as an object; absent when there is nothing more.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub items: Map<String, Value>,
}

/// How far an upgrade has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeTaskStatus {
    /// Phase.
    pub phase: UpgradePhase,
    /// Progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Percent>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<SpacedTime>,
    /// What it is about, or why it failed; a member of ours, which clients ignore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Phase of an upgrade, and of the sub-tasks of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum UpgradePhase {
    /// Accepted, not started.
    #[default]
    Init,
    /// Waiting to be started again.
    Queuing,
    /// Being carried out.
    Running,
    /// Held; nothing here holds one.
    Pause,
    /// Ended well.
    Success,
    /// Ended otherwise.
    Failed,
}

/// The answer of `ListAutopilotUpgradeClusterTasks`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAutopilotUpgradeClusterTasksResponse {
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Always `List`.
    pub kind: ListKind,
    /// `{}`.
    pub metadata: UpgradeTaskMetadata,
    /// The upgrades, newest first.
    pub items: Vec<UpgradeTaskResponseBody>,
}
