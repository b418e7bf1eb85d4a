//! Namespaces, Services and what stands behind them.

use serde::{Deserialize, Serialize};

use super::common::Labels;

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}
