//! Custom resource definitions and registrations of APIs.

use airworthy_model::facts::{self, Conversion, ServiceRef};
use serde::Deserialize;

use super::{
    Wire,
    admission::ClientConfig,
    meta::{Condition, ObjectMeta, convert, nullable},
};

use crate::certificate;

const HTTPS: i32 = 443;

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Definition {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: DefinitionSpec,
    #[prost(message, required, tag = "3")]
    pub status: DefinitionStatus,
}

impl Wire for Definition {
    const LIST: &'static str = "CustomResourceDefinitionList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DefinitionSpec {
    #[prost(string, tag = "1")]
    pub group: String,
    #[prost(message, required, tag = "3")]
    pub names: DefinitionNames,
    #[prost(message, repeated, tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub versions: Vec<DefinitionVersion>,
    #[prost(message, optional, tag = "9")]
    pub conversion: Option<DefinitionConversion>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DefinitionNames {
    #[prost(string, tag = "1")]
    pub plural: String,
    #[prost(string, tag = "4")]
    pub kind: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DefinitionVersion {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bool, tag = "2")]
    pub served: bool,
    #[prost(bool, tag = "3")]
    pub storage: bool,
    #[prost(bool, tag = "7")]
    pub deprecated: bool,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DefinitionConversion {
    #[prost(string, tag = "1")]
    pub strategy: String,
    #[prost(message, optional, tag = "2")]
    pub webhook: Option<WebhookConversion>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WebhookConversion {
    #[prost(message, optional, tag = "2")]
    pub client_config: Option<ClientConfig>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DefinitionStatus {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
    #[prost(string, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub stored_versions: Vec<String>,
}

impl From<DefinitionVersion> for facts::CrdVersion {
    fn from(wire: DefinitionVersion) -> Self {
        Self {
            name: wire.name,
            served: wire.served,
            storage: wire.storage,
            deprecated: wire.deprecated,
        }
    }
}

fn conversion(wire: Option<DefinitionConversion>) -> Conversion {
    match wire {
        // A way to convert that nobody knows yet may fail like a webhook, so it is not taken for none.
        Some(conversion) if !matches!(conversion.strategy.as_str(), "" | "None") => {
            let client = conversion.webhook.and_then(|webhook| webhook.client_config);
            Conversion::Webhook(client.and_then(|c| c.service).map(ServiceRef::from))
        }
        _ => Conversion::None,
    }
}

fn conversion_ca(wire: Option<&DefinitionConversion>) -> Option<facts::CaBundle> {
    let client = wire?.webhook.as_ref()?.client_config.as_ref()?;
    certificate::bundle(&client.ca_bundle)
}

impl From<Definition> for facts::Crd {
    fn from(mut wire: Definition) -> Self {
        let deletion = wire.metadata.take_deletion();
        Self {
            created: wire.metadata.creation_timestamp.instant(),
            name: wire.metadata.name,
            group: wire.spec.group,
            kind: wire.spec.names.kind,
            plural: wire.spec.names.plural,
            versions: convert(wire.spec.versions),
            stored_versions: wire.status.stored_versions,
            conditions: convert(wire.status.conditions),
            conversion_ca: conversion_ca(wire.spec.conversion.as_ref()),
            conversion: conversion(wire.spec.conversion),
            probes: Vec::new(),
            deletion,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Registration {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: RegistrationSpec,
    #[prost(message, required, tag = "3")]
    pub status: RegistrationStatus,
}

impl Wire for Registration {
    const LIST: &'static str = "APIServiceList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RegistrationSpec {
    #[prost(message, optional, tag = "1")]
    #[serde(default)]
    pub service: Option<BackEnd>,
    #[prost(string, tag = "2")]
    pub group: String,
    #[prost(string, tag = "3")]
    pub version: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BackEnd {
    #[prost(string, tag = "1")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(int32, optional, tag = "3")]
    pub port: Option<i32>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RegistrationStatus {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}

impl From<Registration> for facts::ApiService {
    fn from(wire: Registration) -> Self {
        Self {
            name: wire.metadata.name,
            group: wire.spec.group,
            version: wire.spec.version,
            service: wire.spec.service.map(|back_end| ServiceRef {
                namespace: back_end.namespace,
                name: back_end.name,
                port: back_end.port.unwrap_or(HTTPS),
            }),
            conditions: convert(wire.status.conditions),
            resampled: false,
        }
    }
}
