//! Namespaces, Services and what stands behind them.

use serde::{Deserialize, Serialize};

use super::common::{Condition, Deletion, Labels};

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Namespace {
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// Labels.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// `Active` or `Terminating`.
    pub phase: String,
    /// Conditions; while it is being deleted they say what is in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Since when it is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Box<Deletion>>,
}

/// A Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub r#type: String,
    /// Ports.
    pub ports: Vec<ServicePort>,
    /// Whether it selects pods.
    pub has_selector: bool,
    /// Labels of the pods that it selects.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub selector: Labels,
    /// Addresses or host names in `status.loadBalancer`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Addresses that are not written as strict validation wants them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loose_addresses: Vec<LooseAddress>,
    /// Since when it is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Box<Deletion>>,
    /// What it asks for by annotations and fields that come or go between minors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<ServiceAsk>,
}

/// Something that a Service asks for by an annotation or a field that comes or goes between minors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ServiceAsk {
    /// Annotation `service.alpha.kubernetes.io/tolerate-unready-endpoints`, true.
    TolerateUnreadyEndpoints,
    /// `spec.publishNotReadyAddresses`, true.
    PublishNotReadyAddresses,
    /// Annotation `service.kubernetes.io/topology-aware-hints`, on.
    TopologyAwareHints,
    /// Annotation `service.kubernetes.io/topology-mode`, on.
    TopologyMode,
    /// `spec.trafficDistribution`.
    TrafficDistribution,
    /// `spec.topologyKeys`.
    TopologyKeys,
    /// `spec.loadBalancerIP`.
    LoadBalancerIp,
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// Name; empty where there is one port.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Port that clients use.
    pub port: i32,
}

/// An endpoint slice, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointSlice {
    /// Namespace.
    pub namespace: String,
    /// The Service it belongs to (label `kubernetes.io/service-name`); empty when none.
    pub service: String,
    /// Names of its ports; an unnamed port is the empty text.
    pub ports: Vec<String>,
    /// Endpoints that are ready. An absent condition counts as ready, as the API says.
    pub ready: u32,
    /// Endpoints that are not.
    pub not_ready: u32,
    /// Its name; empty in recordings of older releases.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Addresses that are not written as strict validation wants them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loose_addresses: Vec<LooseAddress>,
}

/// An IP address or CIDR that older API servers took and strict validation refuses ([`crate::address::strict_form`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LooseAddress {
    /// Field path, such as `spec.externalIPs[0]`.
    pub field: String,
    /// What is there.
    pub value: String,
}
