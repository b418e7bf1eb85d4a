//! Horizontal pod autoscalers.

use airworthy_model::facts;
use serde::Deserialize;

use super::{
    Wire,
    meta::{Condition, ObjectMeta, convert, nullable, told_apart},
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Autoscaler {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: AutoscalerSpec,
    #[prost(message, required, tag = "3")]
    pub status: AutoscalerStatus,
}

impl Wire for Autoscaler {
    const LIST: &'static str = "HorizontalPodAutoscalerList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AutoscalerSpec {
    #[prost(message, required, tag = "1")]
    pub scale_target_ref: Target,
    #[prost(int32, optional, tag = "2")]
    pub min_replicas: Option<i32>,
    #[prost(int32, tag = "3")]
    pub max_replicas: i32,
    #[prost(message, repeated, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub metrics: Vec<MetricSpec>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Target {
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub api_version: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MetricSpec {
    #[prost(string, tag = "1")]
    pub r#type: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AutoscalerStatus {
    #[prost(int32, tag = "3")]
    pub current_replicas: i32,
    #[prost(int32, tag = "4")]
    pub desired_replicas: i32,
    #[prost(message, repeated, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}

impl Autoscaler {
    /// The fact, with the version it was read at.
    pub(crate) fn read_at(self, api_version: &str) -> facts::Hpa {
        let Self {
            metadata,
            spec,
            status,
        } = self;
        let mut metrics: Vec<_> = spec.metrics.into_iter().map(|one| one.r#type).collect();
        metrics.sort_unstable();
        metrics.dedup();
        facts::Hpa {
            api_version: api_version.to_owned(),
            created: metadata.creation_timestamp.instant(),
            namespace: metadata.namespace,
            name: metadata.name,
            target_kind: told_apart(
                spec.scale_target_ref.kind,
                &spec.scale_target_ref.api_version,
            ),
            target_name: spec.scale_target_ref.name,
            min: spec.min_replicas,
            max: spec.max_replicas,
            current: status.current_replicas,
            desired: status.desired_replicas,
            metrics,
            conditions: convert(status.conditions),
        }
    }
}
