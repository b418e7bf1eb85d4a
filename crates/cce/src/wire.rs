//! The JSON of requests and answers, under the names the vendor's SDKs use.
//!
//! Members that are not known are left out, never sent as `null`; unknown members are ignored on reading.

mod cluster;
mod iam;
pub(crate) mod object;
mod postcheck;
mod precheck;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::ZuluTime;

pub use cluster::{
    AutopilotAuthentication, AutopilotCluster, AutopilotClusterEndpoints,
    AutopilotClusterExtendParam, AutopilotClusterMetadata, AutopilotClusterSpec,
    AutopilotClusterStatus, AutopilotContainerNetwork, AutopilotEniNetwork, AutopilotHostNetwork,
    AutopilotNetworkSubnet, AutopilotResourceTag, AutopilotServiceNetwork, ClusterKind,
    ClusterPhase, EndpointType, ListAutopilotClustersResponse,
};
pub use iam::{KeystoneListProjectsResponse, Links, ProjectLinks, ProjectResult};
pub use postcheck::{
    CreateAutopilotPostCheckResponse, PostCheckKind, PostcheckCluserResponseMetadata,
    PostcheckClusterRequestBody, PostcheckClusterResponseBodyStatus, PostcheckPhase, PostcheckSpec,
};
pub use precheck::{
    AddonCheckStatus, AddonRisks, CheckPhase, ClusterCheckStatus, ConfigurationRisks,
    CreateAutopilotPreCheckResponse, DeprecatedApiRisks, ItemGroup, ItemKind, ItemLevel,
    ListAutopilotPreCheckTasksResponse, ListKind, NodeCheckStatus, NodeInfo, NodeRisks,
    NodeStageStatus, NodeStatus, NodeType, PreCheckItemStatus, PreCheckKind,
    PrecheckCluserResponseMetadata, PrecheckClusterRequestBody, PrecheckClusterTask, PrecheckSpec,
    PrecheckStatus, PrecheckTaskMetadata, ResourceSelector, RiskSource,
    ShowAutopilotPreCheckResponse, SkippedCheckItemList, TaskPhase,
};

/// The API version every body of this family carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiVersion {
    /// The only value there is.
    #[default]
    #[serde(rename = "v3")]
    V3,
}

/// The generic metadata of lists, whose times alone are RFC 3339.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Identifier of what the metadata belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Name of what the metadata belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Labels, without effect.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Free annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_timestamp: Option<ZuluTime>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<ZuluTime>,
}
