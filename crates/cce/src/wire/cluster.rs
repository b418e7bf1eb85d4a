//! Clusters, as far as an upgrade needs them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{ApiVersion, object};
use crate::time::SpacedTime;

/// The kind of clusters, and of the list of clusters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ClusterKind {
    /// The only value that is sent; `cluster` is read too.
    #[default]
    #[serde(alias = "cluster")]
    Cluster,
}

/// One cluster: the answer of `ShowAutopilotCluster` and an entry of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutopilotCluster {
    /// Always `Cluster`.
    pub kind: ClusterKind,
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// Identity and times.
    pub metadata: AutopilotClusterMetadata,
    /// What the cluster is.
    pub spec: AutopilotClusterSpec,
    /// How the cluster is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AutopilotClusterStatus>,
}

/// The body of `CreateAutopilotCluster` as it came, judged by nobody yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutopilotClusterRequestBody {
    /// Must be `Cluster` or `cluster`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "Cluster")]
    pub kind: Option<String>,
    /// Must be `v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, example = "v3")]
    pub api_version: Option<String>,
    /// Name, labels and annotations.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    #[schema(required = true)]
    pub metadata: Option<AutopilotClusterRequestMetadata>,
    /// What the cluster is.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    #[schema(required = true)]
    pub spec: Option<AutopilotClusterSpec>,
}

/// Name, labels and annotations of a cluster that is to be taken in; what the server sets is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotClusterRequestMetadata {
    /// Name: 4 to 128 small letters, digits and hyphens, a letter first and no hyphen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        required = true,
        example = "autopilot-a",
        pattern = "^[a-z][a-z0-9-]{2,126}[a-z0-9]$"
    )]
    pub name: Option<String>,
    /// Display name; the name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Free annotations.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "object::map"
    )]
    pub annotations: BTreeMap<String, String>,
    /// Labels.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "object::map"
    )]
    pub labels: BTreeMap<String, String>,
}

/// The answer of `CreateAutopilotCluster`.
pub type CreateAutopilotClusterResponse = AutopilotCluster;
/// The answer of `ShowAutopilotCluster`.
pub type ShowAutopilotClusterResponse = AutopilotCluster;
/// The answer of `DeleteAutopilotCluster`.
pub type DeleteAutopilotClusterResponse = AutopilotCluster;

/// The answer of `ListAutopilotClusters`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAutopilotClustersResponse {
    /// Always `Cluster`, not `List`.
    pub kind: ClusterKind,
    /// Always `v3`.
    pub api_version: ApiVersion,
    /// All clusters of the project; `[]` when there are none.
    pub items: Vec<AutopilotCluster>,
}

/// Identity and times of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutopilotClusterMetadata {
    /// Name.
    pub name: String,
    /// Identifier, as paths carry it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Display name; the name when none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Annotations; `detail=true` puts totals here.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "object::map"
    )]
    pub annotations: BTreeMap<String, String>,
    /// Labels.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "object::map"
    )]
    pub labels: BTreeMap<String, String>,
    /// When it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<SpacedTime>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_timestamp: Option<SpacedTime>,
}

/// What a cluster is; the members that every client demands are never absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutopilotClusterSpec {
    /// Only `Turbo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Only `VirtualMachine`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub cluster_type: Option<String>,
    /// Size class.
    pub flavor: String,
    /// Kubernetes version, minor only from v1.21 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Platform version, `cce.X.Y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    /// Text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// More names in the API server's certificate.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::values"
    )]
    pub custom_san: Vec<String>,
    /// Whether source addresses are translated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_snat: Option<bool>,
    /// Whether the vendor's image registry can be reached.
    #[serde(
        rename = "enableSWRImageAccess",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub enable_swr_image_access: Option<bool>,
    /// Whether IPv6 is on; mind the spelling.
    #[serde(
        rename = "ipv6enable",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub ipv6_enable: Option<bool>,
    /// Network of the hosts.
    #[serde(deserialize_with = "object::required")]
    pub host_network: AutopilotHostNetwork,
    /// Network of the containers.
    #[serde(deserialize_with = "object::required")]
    pub container_network: AutopilotContainerNetwork,
    /// Subnets of the containers.
    #[serde(deserialize_with = "object::required")]
    pub eni_network: AutopilotEniNetwork,
    /// Network of the services.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    pub service_network: Option<AutopilotServiceNetwork>,
    /// How callers of the API server are known.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    pub authentication: Option<AutopilotAuthentication>,
    /// 0 is pay per use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_mode: Option<i32>,
    /// Old form of the service network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes_svc_ip_range: Option<String>,
    /// Tags.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub cluster_tags: Vec<AutopilotResourceTag>,
    /// Only `iptables`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kube_proxy_mode: Option<String>,
    /// Availability zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub az: Option<String>,
    /// More.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "object::optional"
    )]
    pub extend_param: Option<AutopilotClusterExtendParam>,
    /// Settings of components that differ from the vendor's.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub configurations_override: Vec<AutopilotPackageConfiguration>,
}

impl Default for AutopilotClusterSpec {
    /// The fixed members of every cluster; a registered cluster has no VPC and no subnets of the vendor.
    fn default() -> Self {
        Self {
            category: Some("Turbo".into()),
            cluster_type: Some("VirtualMachine".into()),
            flavor: "cce.autopilot.cluster".into(),
            version: None,
            platform_version: None,
            description: None,
            custom_san: Vec::new(),
            enable_snat: None,
            enable_swr_image_access: None,
            ipv6_enable: None,
            host_network: AutopilotHostNetwork::default(),
            container_network: AutopilotContainerNetwork::default(),
            eni_network: AutopilotEniNetwork::default(),
            service_network: None,
            authentication: None,
            billing_mode: None,
            kubernetes_svc_ip_range: None,
            cluster_tags: Vec::new(),
            kube_proxy_mode: None,
            az: None,
            extend_param: None,
            configurations_override: Vec::new(),
        }
    }
}

/// Network of the hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotHostNetwork {
    /// Identifier of the VPC; empty where there is none.
    pub vpc: String,
    /// Identifier of the subnet; empty where there is none.
    pub subnet: String,
}

/// Network of the containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotContainerNetwork {
    /// Only `eni`.
    pub mode: String,
}

impl Default for AutopilotContainerNetwork {
    fn default() -> Self {
        Self { mode: "eni".into() }
    }
}

/// Subnets of the containers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotEniNetwork {
    /// The subnets.
    #[serde(deserialize_with = "object::list")]
    pub subnets: Vec<AutopilotNetworkSubnet>,
}

/// One subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotNetworkSubnet {
    /// Identifier of the IPv4 subnet.
    #[serde(rename = "subnetID")]
    pub subnet_id: String,
}

/// Network of the services.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotServiceNetwork {
    /// Range of IPv4 addresses; the member's name has capitals on the wire.
    #[serde(rename = "IPv4CIDR", default, skip_serializing_if = "Option::is_none")]
    pub ipv4_cidr: Option<String>,
}

/// How callers of the API server are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotAuthentication {
    /// Only `rbac`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// One tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotResourceTag {
    /// Key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// More about a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutopilotClusterExtendParam {
    /// Enterprise project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise_project_id: Option<String>,
    /// How the cluster reached its version; all small on the wire.
    #[serde(
        rename = "upgradefrom",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub upgrade_from: Option<String>,
}

/// Settings of one component that differ from the vendor's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotPackageConfiguration {
    /// Component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "kube-apiserver")]
    pub name: Option<String>,
    /// Its settings.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub configurations: Vec<AutopilotConfigurationItem>,
}

/// One setting of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotConfigurationItem {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Value: any JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub value: Option<Value>,
}

/// How a cluster is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutopilotClusterStatus {
    /// Phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<ClusterPhase>,
    /// Job of creation or deletion.
    #[serde(rename = "jobID", default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// Why the cluster is not `Available`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// More about the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Addresses of the API server.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "object::list"
    )]
    pub endpoints: Vec<AutopilotClusterEndpoints>,
    /// Whether billing has locked the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_locked: Option<bool>,
    /// Why it is locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_scene: Option<String>,
    /// What locked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_source: Option<String>,
    /// Identifier of what locked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_source_id: Option<String>,
    /// What was asked to be deleted along; of a deletion only.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub delete_option: Map<String, Value>,
    /// What has been deleted along; of a deletion only.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub delete_status: Map<String, Value>,
}

/// Phase of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[allow(
    missing_docs,
    reason = "the wire's words; nothing defines them further"
)]
pub enum ClusterPhase {
    Available,
    Unavailable,
    Creating,
    Deleting,
    Upgrading,
    RollingBack,
    RollbackFailed,
    Error,
}

/// One address of the API server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutopilotClusterEndpoints {
    /// Address.
    pub url: String,
    /// From where it can be reached.
    #[serde(rename = "type")]
    pub endpoint_type: EndpointType,
}

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum EndpointType {
    /// Inside the cluster's network.
    Internal,
    /// From outside.
    External,
}
