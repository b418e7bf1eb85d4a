//! Namespaces, Services and endpoint slices.

use airworthy_model::facts;
use serde::Deserialize;

use super::{
    Wire,
    meta::{Key, ObjectMeta, keys, nullable},
};

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
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: ServiceSpec,
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
    #[serde(deserialize_with = "keys")]
    pub selector: Vec<Key>,
    #[prost(string, tag = "4")]
    pub r#type: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ServicePort {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(int32, tag = "3")]
    pub port: i32,
}

impl From<Service> for facts::Service {
    fn from(wire: Service) -> Self {
        let ports = wire.spec.ports.into_iter();
        Self {
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
