//! The JSON of requests and answers, under the names the vendor's SDKs use.
//!
//! Members that are not known are left out, never sent as `null`; unknown members are ignored on reading.

mod cluster;
mod iam;
mod info;
mod job;
pub(crate) mod object;
mod percent;
mod plan;
mod postcheck;
mod precheck;
mod snapshot;
mod upgrade;
mod workflow;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::time::ZuluTime;

pub use cluster::{
    AutopilotAuthentication, AutopilotCluster, AutopilotClusterEndpoints,
    AutopilotClusterExtendParam, AutopilotClusterMetadata, AutopilotClusterRequestBody,
    AutopilotClusterRequestMetadata, AutopilotClusterSpec, AutopilotClusterStatus,
    AutopilotConfigurationItem, AutopilotContainerNetwork, AutopilotEniNetwork,
    AutopilotHostNetwork, AutopilotNetworkSubnet, AutopilotPackageConfiguration,
    AutopilotResourceTag, AutopilotServiceNetwork, ClusterKind, ClusterPhase,
    CreateAutopilotClusterResponse, DeleteAutopilotClusterResponse, EndpointType,
    ListAutopilotClustersResponse, ShowAutopilotClusterResponse,
};
pub use iam::{
    AuthScope, DomainResult, KeystoneCreateUserTokenByPasswordRequestBody,
    KeystoneCreateUserTokenByPasswordResponse, KeystoneListAuthDomainsResponse,
    KeystoneListProjectsResponse, KeystoneListRegionsResponse, Links, Named, Password,
    ProjectLinks, ProjectResult, PwdAuth, PwdIdentity, PwdPassword, PwdPasswordUser, Reference,
    RegionResult, TokenProject, TokenResult, TokenRole, TokenUser,
};
pub use info::{
    ClusterUpgradeFeatureGatesKind, ClusterUpgradePathsKind, GateState,
    ListAutopilotClusterUpgradeFeatureGatesResponse, ListAutopilotClusterUpgradePathsResponse,
    ShowAutopilotClusterUpgradeInfoResponse, UpgradeFeatureGates, UpgradeInfoKind,
    UpgradeInfoPhase, UpgradeInfoSpec, UpgradeInfoStatus, UpgradePath, UpgradeVersionInfo,
};
pub use job::{
    Job, JobKind, JobMetadata, JobPhase, JobSpec, JobStatus, JobType, ShowAutopilotJobResponse,
};
pub use percent::Percent;
pub use plan::{
    DelayUpgradePlanRequestBody, ListAutopilotUpgradePlansResponse,
    UpdateAutopilotUpgradePlanResponse, UpgradePlan, UpgradePlanKind, UpgradePlanPhase,
    UpgradePlanSpec, UpgradePlanStatus,
};
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
pub use snapshot::{
    CreateAutopilotClusterMasterSnapshotResponse, ListAutopilotClusterMasterSnapshotTasksResponse,
    SnapshotApiVersion, SnapshotCluserResponseMetadata, SnapshotItemType, SnapshotKind,
    SnapshotSpec, SnapshotSpecItems, SnapshotStatus, SnapshotTask, SnapshotTaskMetadata,
    SnapshotTaskStatus,
};
pub use upgrade::{
    ClusterUpgradeAction, ClusterUpgradeResponseAction, InPlaceRollingUpdate,
    ListAutopilotUpgradeClusterTasksResponse, NodePriority, NodeSelector,
    ShowAutopilotUpgradeClusterTaskResponse, UpgradeAddonConfig, UpgradeAutopilotClusterResponse,
    UpgradeCluserResponseMetadata, UpgradeClusterRequestBody, UpgradeClusterRequestMetadata,
    UpgradeKind, UpgradePhase, UpgradeResponseSpec, UpgradeSpec, UpgradeStrategy,
    UpgradeTaskMetadata, UpgradeTaskResponseBody, UpgradeTaskSpec, UpgradeTaskStatus,
};
pub use workflow::{
    CreateAutopilotUpgradeWorkFlowResponse, CreateUpgradeWorkFlowRequestBody, Critical, LineStatus,
    ListAutopilotUpgradeWorkFlowsResponse, Point, PointStatus,
    ShowAutopilotUpgradeWorkFlowResponse, TaskType, UpgradeAutopilotWorkFlowUpdateResponse,
    UpgradeWorkFlow, UpgradeWorkFlowUpdateRequestBody, UpgradeWorkFlowUpdateRequestBodyStatus,
    UpgradeWorkflowTaskStatus, WorkFlowItems, WorkFlowKind, WorkFlowPhase, WorkFlowSpec,
    WorkFlowStatus,
};

/// Which generation of clients answers are meant for. Two members changed their shape in the SDKs of April 2026 (release x.1.193, of Python x.1.192).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shapes {
    /// The list of workflows is an array, and lines do not say whether they are critical, so that either generation reads them.
    #[default]
    Current,
    /// The list of workflows is the newest one as an object, and lines say as text whether they are critical.
    Legacy,
}

/// The API version every body of this family carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ApiVersion {
    /// The only value there is.
    #[default]
    #[serde(rename = "v3")]
    V3,
}

/// The generic metadata of lists, whose times alone are RFC 3339.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
