//! Pods that run components of Kubernetes, with their command lines.

use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, nullable},
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ComponentPod {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: ComponentSpec,
    #[prost(message, required, tag = "3")]
    pub status: ComponentStatus,
}

impl Wire for ComponentPod {
    const LIST: &'static str = "PodList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ComponentSpec {
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<Program>,
    #[prost(string, tag = "10")]
    pub node_name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ComponentStatus {
    #[prost(string, tag = "1")]
    pub phase: String,
}

/// A container, as far as it tells which program runs and how it is started.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Program {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub image: String,
    #[prost(string, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub command: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub args: Vec<String>,
}
