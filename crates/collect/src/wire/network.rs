//! Namespaces, Services and endpoint slices.

use airworthy_model::{
    address::strict_form,
    facts::{self, LooseAddress, ServiceAsk},
};
use serde::Deserialize;

use super::{
    Wire,
    ingress::{AnnotatedMeta, LoadBalanced},
    meta::{ObjectMeta, Pair, ProbedCondition, convert, labels, nullable, pairs},
};

/// Most addresses of one field that are kept.
const MOST_LOOSE: usize = 20;

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
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<ProbedCondition>,
}

impl From<Namespace> for facts::Namespace {
    fn from(mut wire: Namespace) -> Self {
        let deletion = wire.metadata.take_deletion();
        Self {
            labels: wire.metadata.take_labels(),
            name: wire.metadata.name,
            uid: wire.metadata.uid,
            phase: wire.status.phase,
            conditions: convert(wire.status.conditions),
            deletion,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Service {
    #[prost(message, required, tag = "1")]
    pub metadata: AnnotatedMeta,
    #[prost(message, required, tag = "2")]
    pub spec: ServiceSpec,
    #[prost(message, required, tag = "3")]
    pub status: LoadBalanced,
}

impl Wire for Service {
    const LIST: &'static str = "ServiceList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ServiceSpec {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub ports: Vec<ServicePort>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "pairs")]
    pub selector: Vec<Pair>,
    #[prost(string, tag = "3")]
    #[serde(rename = "clusterIP")]
    pub cluster_ip: String,
    #[prost(string, tag = "4")]
    pub r#type: String,
    #[prost(string, repeated, tag = "5")]
    #[serde(rename = "externalIPs", deserialize_with = "nullable")]
    pub external_ips: Vec<String>,
    #[prost(string, tag = "8")]
    #[serde(rename = "loadBalancerIP")]
    pub load_balancer_ip: String,
    #[prost(string, repeated, tag = "9")]
    #[serde(deserialize_with = "nullable")]
    pub load_balancer_source_ranges: Vec<String>,
    #[prost(bool, tag = "13")]
    pub publish_not_ready_addresses: bool,
    /// Gone since 1.22.
    #[prost(string, repeated, tag = "16")]
    #[serde(deserialize_with = "nullable")]
    pub topology_keys: Vec<String>,
    #[prost(string, optional, tag = "23")]
    pub traffic_distribution: Option<String>,
    #[prost(string, repeated, tag = "18")]
    #[serde(rename = "clusterIPs", deserialize_with = "nullable")]
    pub cluster_ips: Vec<String>,
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

impl ServiceSpec {
    fn loose_addresses(&self, balanced: &[String]) -> Vec<LooseAddress> {
        let cluster_ips = if self.cluster_ips.is_empty() {
            std::slice::from_ref(&self.cluster_ip)
        } else {
            &self.cluster_ips
        };
        [
            ("spec.clusterIPs", cluster_ips),
            ("spec.externalIPs", &self.external_ips),
            (
                "spec.loadBalancerSourceRanges",
                &self.load_balancer_source_ranges,
            ),
            ("status.loadBalancer.ingress", balanced),
        ]
        .into_iter()
        .flat_map(|(field, values)| loose(field, values))
        .collect()
    }
}

/// Those of a list of addresses that strict validation refuses, with their places.
pub(crate) fn loose<'a>(
    field: &'a str,
    values: impl IntoIterator<Item = &'a String>,
) -> impl Iterator<Item = LooseAddress> {
    let values = values.into_iter().enumerate();
    let refused = values.filter(|(_, value)| strict_form(value).is_some());
    refused
        .take(MOST_LOOSE)
        .map(move |(at, value)| LooseAddress {
            field: format!("{field}[{at}]"),
            value: value.clone(),
        })
}

impl From<Service> for facts::Service {
    fn from(mut wire: Service) -> Self {
        let asks = wire.asks();
        let addresses = wire.status.addresses();
        let loose_addresses = wire.spec.loose_addresses(&addresses);
        let deletion = wire.metadata.take_deletion();
        let ports = wire.spec.ports.into_iter();
        Self {
            asks,
            addresses,
            loose_addresses,
            deletion,
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            r#type: wire.spec.r#type,
            ports: ports
                .map(|ServicePort { name, port }| facts::ServicePort { name, port })
                .collect(),
            has_selector: !wire.spec.selector.is_empty(),
            selector: labels(wire.spec.selector),
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
    #[prost(string, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub addresses: Vec<String>,
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
        let addresses = wire.endpoints.iter().flat_map(|one| &one.addresses);
        let loose_addresses = loose("endpoints.addresses", addresses).collect();
        Self {
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            loose_addresses,
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
