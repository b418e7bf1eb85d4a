//! Pre-checks: the task, its items and what they found.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiVersion, Metadata, object};
use crate::time::SpacedTime;

/// The kind of every pre-check body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PreCheckKind {
    /// The only value there is.
    #[default]
    PreCheckTask,
}

/// The kind of lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ListKind {
    /// The only value there is.
    #[default]
    List,
}

/// The body of `CreateAutopilotPreCheck` as it came, judged by nobody yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrecheckClusterRequestBody {
    /// Must be `v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Must be `PreCheckTask`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What to check.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    pub spec: Option<PrecheckSpec>,
}

/// What a pre-check looks at, in requests and answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrecheckSpec {
    /// Cluster that is checked.
    #[serde(rename = "clusterID", default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,
    /// Version the cluster runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_version: Option<String>,
    /// Version the cluster is to go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_version: Option<String>,
    /// Items whose risk the caller has accepted.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub skipped_check_item_list: Vec<SkippedCheckItemList>,
}

/// One item to leave out, for the whole cluster or for some nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkippedCheckItemList {
    /// Name of the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The nodes the skip is limited to.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    pub resource_selector: Option<ResourceSelector>,
}

/// Nodes by their uid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceSelector {
    /// Must be `node.uid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Uids of nodes.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::values"
    )]
    pub values: Vec<String>,
    /// Must be `In`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

/// The answer of `CreateAutopilotPreCheck`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAutopilotPreCheckResponse {
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Always `PreCheckTask`.
    pub kind: PreCheckKind,
    /// Identity of the new task.
    pub metadata: PrecheckCluserResponseMetadata,
    /// The request's spec with its gaps filled.
    pub spec: PrecheckSpec,
    /// State right after creation.
    pub status: PrecheckStatus,
}

/// Identity of a new pre-check; the type's name is misspelled at its origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrecheckCluserResponseMetadata {
    /// Identifier to poll with `ShowAutopilotPreCheck`.
    pub uid: String,
}

/// One pre-check with its results: the answer of `ShowAutopilotPreCheck` and an entry of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrecheckClusterTask {
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Always `PreCheckTask`.
    pub kind: PreCheckKind,
    /// Identity and times.
    pub metadata: PrecheckTaskMetadata,
    /// What is checked.
    pub spec: PrecheckSpec,
    /// Progress and results.
    pub status: PrecheckStatus,
}

/// The answer of `ShowAutopilotPreCheck`.
pub type ShowAutopilotPreCheckResponse = PrecheckClusterTask;

/// Identity and times of a pre-check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrecheckTaskMetadata {
    /// Identifier of the task.
    pub uid: String,
    /// When it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<SpacedTime>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_timestamp: Option<SpacedTime>,
}

/// Phase of a whole pre-check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum TaskPhase {
    /// Accepted, not started.
    #[default]
    Init,
    /// Being carried out.
    Running,
    /// Ended, and no item failed.
    Success,
    /// Ended, and an item failed.
    Failed,
    /// The check itself could not be carried out.
    Error,
}

/// Phase of a group of items and of one item, which have no `Error`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum CheckPhase {
    /// Not started.
    #[default]
    Init,
    /// Being carried out.
    Running,
    /// Nothing stands in the way.
    Success,
    /// Something stands in the way.
    Failed,
}

/// Progress and results of a pre-check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrecheckStatus {
    /// Phase of the whole.
    pub phase: TaskPhase,
    /// Until when the result counts; absent before the end. Mind the capital S on the wire.
    #[serde(
        rename = "expireTimeStamp",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub expire_time_stamp: Option<SpacedTime>,
    /// Why the task ended as `Failed` or `Error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Items of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_check_status: Option<ClusterCheckStatus>,
    /// Items of add-ons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addon_check_status: Option<AddonCheckStatus>,
    /// Items of nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_check_status: Option<NodeCheckStatus>,
}

/// Results of the cluster's items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterCheckStatus {
    /// Phase of the group.
    pub phase: CheckPhase,
    /// One result an item.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub items_status: Vec<PreCheckItemStatus>,
}

/// Results of the add-ons' items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddonCheckStatus {
    /// Phase of the group.
    pub phase: CheckPhase,
    /// One result an item.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub items_status: Vec<PreCheckItemStatus>,
}

/// Results of the nodes' items, by node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeCheckStatus {
    /// Phase of the group.
    pub phase: CheckPhase,
    /// One entry a node; absent when there is none.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub node_stage_status: Vec<NodeStageStatus>,
}

/// Results of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeStageStatus {
    /// Which node.
    pub node_info: NodeInfo,
    /// One result an item.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub items_status: Vec<PreCheckItemStatus>,
}

/// Who a node is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeInfo {
    /// Uid of the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Name of the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// State of the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<NodeStatus>,
    /// Control plane or data plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_type: Option<NodeType>,
}

/// State of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[allow(
    missing_docs,
    reason = "the wire's words; nothing defines them further"
)]
pub enum NodeStatus {
    Build,
    Installing,
    Upgrading,
    Active,
    Abnormal,
    Deleting,
    Error,
    Repairing,
    RepairFailed,
}

/// Role of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeType {
    /// A node of the control plane.
    Master,
    /// A node of the data plane.
    Node,
}

/// Result of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreCheckItemStatus {
    /// Name of the item, as skip lists name it.
    pub name: String,
    /// Whether the item may be skipped.
    pub kind: ItemKind,
    /// What the item belongs to.
    pub group: ItemGroup,
    /// How bad a failure is.
    pub level: ItemLevel,
    /// Outcome.
    pub phase: CheckPhase,
    /// Text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What was found; `{}` when nothing was.
    #[serde(default)]
    pub risk_source: RiskSource,
    /// Codes of the failures; absent when there are none.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::values"
    )]
    pub error_codes: Vec<String>,
}

/// Whether an item may be skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum ItemKind {
    /// Must be put right.
    Exception,
    /// May be skipped once someone has accepted it.
    Risk,
}

/// What an item belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum ItemGroup {
    /// A limit of the upgrade.
    LimitCheck,
    /// The control plane.
    MasterCheck,
    /// Nodes.
    NodeCheck,
    /// Add-ons.
    AddonCheck,
    /// The carrying out of the check.
    ExecuteException,
}

/// How bad a failed item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum ItemLevel {
    /// A note.
    Info,
    /// A risk.
    Warning,
    /// A blocker.
    Fatal,
}

/// What an item found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RiskSource {
    /// Configuration that differs.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub configuration_risks: Vec<ConfigurationRisks>,
    /// Uses of removed APIs.
    #[serde(
        rename = "deprecatedAPIRisks",
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub deprecated_api_risks: Vec<DeprecatedApiRisks>,
    /// Nodes at risk.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub node_risks: Vec<NodeRisks>,
    /// Add-ons at risk.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub addon_risks: Vec<AddonRisks>,
}

/// One configuration value that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationRisks {
    /// Component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// File the value comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_file: Option<String>,
    /// Node, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_msg: Option<String>,
    /// Parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Kind of change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_value: Option<String>,
    /// Value now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// One use of a removed API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeprecatedAPIRisks)]
pub struct DeprecatedApiRisks {
    /// Path that is requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Client that requests it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// One node at risk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeRisks {
    /// Uid of the node; the member's name has capitals on the wire.
    #[serde(rename = "NodeID", default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
}

/// One add-on at risk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddonRisks {
    /// Template of the add-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addon_template_name: Option<String>,
    /// Display name of the add-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// The answer of `ListAutopilotPreCheckTasks`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAutopilotPreCheckTasksResponse {
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Always `List`.
    pub kind: ListKind,
    /// Generic metadata, `{}`.
    pub metadata: Metadata,
    /// The tasks, newest first.
    pub items: Vec<PrecheckClusterTask>,
}
