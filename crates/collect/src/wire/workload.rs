//! Deployments, stateful sets and daemon sets.

use airworthy_model::facts::{Workload, WorkloadKind};
use serde::Deserialize;

use super::{
    Wire,
    meta::{Condition, DeploymentCondition, LabelSelector, ObjectMeta, convert, nullable},
    template::PodTemplate,
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Deployment {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: DeploymentSpec,
    #[prost(message, required, tag = "3")]
    pub status: DeploymentStatus,
}

impl Wire for Deployment {
    const LIST: &'static str = "DeploymentList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DeploymentSpec {
    #[prost(int32, optional, tag = "1")]
    pub replicas: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub selector: Option<LabelSelector>,
    #[prost(message, required, tag = "3")]
    pub template: PodTemplate,
    #[prost(message, required, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub strategy: Strategy,
    #[prost(bool, tag = "7")]
    pub paused: bool,
}

/// How pods of an older template are replaced.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Strategy {
    #[prost(string, tag = "1")]
    pub r#type: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DeploymentStatus {
    #[prost(int64, tag = "1")]
    pub observed_generation: i64,
    #[prost(int32, tag = "3")]
    pub updated_replicas: i32,
    #[prost(int32, tag = "4")]
    pub available_replicas: i32,
    #[prost(message, repeated, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<DeploymentCondition>,
    #[prost(int32, tag = "7")]
    pub ready_replicas: i32,
}

impl From<Deployment> for Workload {
    fn from(wire: Deployment) -> Self {
        let (spec, status) = (wire.spec, wire.status);
        Self {
            kind: WorkloadKind::Deployment,
            created: wire.metadata.creation_timestamp.instant(),
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            generation: wire.metadata.generation,
            observed_generation: status.observed_generation,
            desired: spec.replicas.unwrap_or(1),
            updated: status.updated_replicas,
            ready: status.ready_replicas,
            available: status.available_replicas,
            paused: spec.paused,
            conditions: convert(status.conditions),
            selector: spec.selector.map(Into::into),
            strategy: spec.strategy.r#type,
            grace_seconds: spec.template.spec.termination_grace_period_seconds,
            revision: String::new(),
            annotated_profiles: spec.template.annotated_profiles(),
            node_terms: None,
            images: spec.template.images(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct StatefulSet {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: StatefulSetSpec,
    #[prost(message, required, tag = "3")]
    pub status: StatefulSetStatus,
}

impl Wire for StatefulSet {
    const LIST: &'static str = "StatefulSetList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct StatefulSetSpec {
    #[prost(int32, optional, tag = "1")]
    pub replicas: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub selector: Option<LabelSelector>,
    #[prost(message, required, tag = "3")]
    pub template: PodTemplate,
    #[prost(message, required, tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub update_strategy: Strategy,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct StatefulSetStatus {
    #[prost(int64, tag = "1")]
    pub observed_generation: i64,
    #[prost(int32, tag = "3")]
    pub ready_replicas: i32,
    #[prost(int32, tag = "5")]
    pub updated_replicas: i32,
    #[prost(string, tag = "7")]
    pub update_revision: String,
    #[prost(message, repeated, tag = "10")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
    #[prost(int32, tag = "11")]
    pub available_replicas: i32,
}

impl From<StatefulSet> for Workload {
    fn from(wire: StatefulSet) -> Self {
        let (spec, status) = (wire.spec, wire.status);
        Self {
            kind: WorkloadKind::StatefulSet,
            created: wire.metadata.creation_timestamp.instant(),
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            generation: wire.metadata.generation,
            observed_generation: status.observed_generation,
            desired: spec.replicas.unwrap_or(1),
            updated: status.updated_replicas,
            ready: status.ready_replicas,
            available: status.available_replicas,
            paused: false,
            conditions: convert(status.conditions),
            selector: spec.selector.map(Into::into),
            strategy: spec.update_strategy.r#type,
            grace_seconds: spec.template.spec.termination_grace_period_seconds,
            revision: status.update_revision,
            annotated_profiles: spec.template.annotated_profiles(),
            node_terms: None,
            images: spec.template.images(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DaemonSet {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: DaemonSetSpec,
    #[prost(message, required, tag = "3")]
    pub status: DaemonSetStatus,
}

impl Wire for DaemonSet {
    const LIST: &'static str = "DaemonSetList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DaemonSetSpec {
    #[prost(message, optional, tag = "1")]
    pub selector: Option<LabelSelector>,
    #[prost(message, required, tag = "2")]
    pub template: PodTemplate,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub update_strategy: Strategy,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DaemonSetStatus {
    #[prost(int32, tag = "3")]
    pub desired_number_scheduled: i32,
    #[prost(int32, tag = "4")]
    pub number_ready: i32,
    #[prost(int64, tag = "5")]
    pub observed_generation: i64,
    #[prost(int32, tag = "6")]
    pub updated_number_scheduled: i32,
    #[prost(int32, tag = "7")]
    pub number_available: i32,
    #[prost(message, repeated, tag = "10")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}

impl From<DaemonSet> for Workload {
    fn from(wire: DaemonSet) -> Self {
        let (spec, status) = (wire.spec, wire.status);
        Self {
            kind: WorkloadKind::DaemonSet,
            created: wire.metadata.creation_timestamp.instant(),
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            generation: wire.metadata.generation,
            observed_generation: status.observed_generation,
            desired: status.desired_number_scheduled,
            updated: status.updated_number_scheduled,
            ready: status.number_ready,
            available: status.number_available,
            paused: false,
            conditions: convert(status.conditions),
            selector: spec.selector.map(Into::into),
            strategy: spec.update_strategy.r#type,
            grace_seconds: spec.template.spec.termination_grace_period_seconds,
            revision: String::new(),
            annotated_profiles: spec.template.annotated_profiles(),
            node_terms: Some(convert(spec.template.node_terms())),
            images: spec.template.images(),
        }
    }
}
