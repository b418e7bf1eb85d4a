//! Namespaces, Services and endpoint slices.

use airworthy_model::facts::{self, ServiceAsk};
use serde::Deserialize;

use super::{
    Wire,
    meta::{Key, ObjectMeta, Pair, keys, nullable, pairs},
};

const TOLERATE_UNREADY: &str = "service.alpha.kubernetes.io/tolerate-unready-endpoints";
const TOPOLOGY_AWARE_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Namespace {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "3")]
    pub status: NamespaceStatus,
}

impl Wire for Namespace {
    const LIST: &'static str = "NamespaceList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NamespaceStatus {
    #[prost(string, tag = "1")]
    pub phase: String,
}

impl From<Namespace> for facts::Namespace {
    fn from(mut wire: Namespace) -> Self {
        Self {
            labels: wire.metadata.take_labels(),
            name: wire.metadata.name,
            uid: wire.metadata.uid,
            phase: wire.status.phase,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Service {
    #[prost(message, required, tag = "1")]
    pub metadata: ServiceMeta,
    #[prost(message, required, tag = "2")]
    pub spec: ServiceSpec,
}

impl Wire for Service {
    const LIST: &'static str = "ServiceList";
}

/// Metadata with the values of annotations, of which three are looked at and none is kept.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ServiceMeta {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub namespace: String,
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "pairs")]
    pub annotations: Vec<Pair>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ServiceSpec {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub ports: Vec<ServicePort>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "keys")]
    pub selector: Vec<Key>,
    #[prost(string, tag = "4")]
    pub r#type: String,
    #[prost(string, tag = "8")]
    #[serde(rename = "loadBalancerIP")]
    pub load_balancer_ip: String,
    #[prost(bool, tag = "13")]
    pub publish_not_ready_addresses: bool,
    /// Gone since 1.22.
    #[prost(string, repeated, tag = "16")]
    #[serde(deserialize_with = "nullable")]
    pub topology_keys: Vec<String>,
    #[prost(string, optional, tag = "23")]
    pub traffic_distribution: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ServicePort {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(int32, tag = "3")]
    pub port: i32,
}

impl Service {
    /// What it asks for, told by annotations as the controllers of Kubernetes read them.
    fn asks(&self) -> Vec<ServiceAsk> {
        let (meta, spec) = (&self.metadata, &self.spec);
        let is = |key: &str, on: fn(&str) -> bool| {
            let mut annotations = meta.annotations.iter();
            annotations.any(|one| one.key == key && on(&one.value))
        };
        let truth = |value: &str| matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True");
        let auto = |value: &str| matches!(value, "Auto" | "auto");
        let mode = |value: &str| !matches!(value, "" | "Disabled" | "disabled");
        let asks = [
            (
                ServiceAsk::TolerateUnreadyEndpoints,
                is(TOLERATE_UNREADY, truth),
            ),
            (
                ServiceAsk::PublishNotReadyAddresses,
                spec.publish_not_ready_addresses,
            ),
            (
                ServiceAsk::TopologyAwareHints,
                is(TOPOLOGY_AWARE_HINTS, auto),
            ),
            (ServiceAsk::TopologyMode, is(TOPOLOGY_MODE, mode)),
            (
                ServiceAsk::TrafficDistribution,
                spec.traffic_distribution.is_some(),
            ),
            (ServiceAsk::TopologyKeys, !spec.topology_keys.is_empty()),
            (
                ServiceAsk::LoadBalancerIp,
                !spec.load_balancer_ip.is_empty(),
            ),
        ];
        asks.into_iter()
            .filter(|(_, is)| *is)
            .map(|(ask, _)| ask)
            .collect()
    }
}

impl From<Service> for facts::Service {
    fn from(wire: Service) -> Self {
        let asks = wire.asks();
        let ports = wire.spec.ports.into_iter();
        Self {
            asks,
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            r#type: wire.spec.r#type,
            ports: ports
                .map(|ServicePort { name, port }| facts::ServicePort { name, port })
                .collect(),
            has_selector: !wire.spec.selector.is_empty(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EndpointSlice {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub endpoints: Vec<Endpoint>,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub ports: Vec<EndpointPort>,
}

impl Wire for EndpointSlice {
    const LIST: &'static str = "EndpointSliceList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Endpoint {
    #[prost(message, required, tag = "2")]
    pub conditions: EndpointConditions,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EndpointConditions {
    #[prost(bool, optional, tag = "1")]
    pub ready: Option<bool>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EndpointPort {
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
}

impl From<EndpointSlice> for facts::EndpointSlice {
    fn from(wire: EndpointSlice) -> Self {
        let mut labels = wire.metadata.labels.into_iter();
        let service = labels.find(|label| label.key == "kubernetes.io/service-name");
        let count = |ready: bool| {
            let endpoints = wire.endpoints.iter();
            let counted = endpoints.filter(|e| e.conditions.ready.unwrap_or(true) == ready);
            u32::try_from(counted.count()).unwrap_or(u32::MAX)
        };
        let (ready, not_ready) = (count(true), count(false));
        Self {
            namespace: wire.metadata.namespace,
            service: service.map(|label| label.value).unwrap_or_default(),
            ports: wire
                .ports
                .into_iter()
                .map(|port| port.name.unwrap_or_default())
                .collect(),
            ready,
            not_ready,
        }
    }
}
