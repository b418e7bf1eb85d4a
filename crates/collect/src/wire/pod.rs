//! Pods and disruption budgets.

use airworthy_model::facts::{self, Container, PodVolume};
use serde::Deserialize;

use super::{
    Wire,
    annotation::POLICY,
    meta::{
        IntOrString, Key, LabelSelector, ObjectMeta, ProbedCondition, Time, convert, keys, nullable,
    },
    shape::PodSpec,
};

const MIRROR: &str = "kubernetes.io/config.mirror";
const VOUCHED: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
/// Where the API server notes what it filled in by a limit range.
const FILLED_IN: &str = "kubernetes.io/limit-ranger";

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Pod {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: PodSpec,
    #[prost(message, required, tag = "3")]
    pub status: PodStatus,
}

impl Wire for Pod {
    const LIST: &'static str = "PodList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodStatus {
    #[prost(string, tag = "1")]
    pub phase: String,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<ProbedCondition>,
    #[prost(string, tag = "4")]
    pub reason: String,
    #[prost(message, repeated, tag = "8")]
    #[serde(deserialize_with = "nullable")]
    pub container_statuses: Vec<ContainerStatus>,
    #[prost(message, repeated, tag = "10")]
    #[serde(deserialize_with = "nullable")]
    pub init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ContainerStatus {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, required, tag = "2")]
    pub state: ContainerState,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub last_state: ContainerState,
    #[prost(int32, tag = "5")]
    pub restart_count: i32,
    #[prost(string, tag = "6")]
    pub image: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ContainerState {
    #[prost(message, optional, tag = "1")]
    pub waiting: Option<Waiting>,
    #[prost(message, optional, tag = "3")]
    pub terminated: Option<Terminated>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Terminated {
    #[prost(message, required, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub finished_at: Time,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Waiting {
    #[prost(string, tag = "1")]
    pub reason: String,
}

impl From<Pod> for facts::Pod {
    fn from(wire: Pod) -> Self {
        let Pod {
            mut metadata,
            mut spec,
            status,
        } = wire;
        let proxy = proxy(&status);
        let ready = status
            .conditions
            .iter()
            .any(|c| c.r#type == "Ready" && c.status == "True");
        let unscheduled = status
            .conditions
            .into_iter()
            .find(|c| c.r#type == "PodScheduled" && c.status == "False");
        let init = status.init_container_statuses.into_iter();
        let controller = metadata.controller();
        let mirror = metadata.has_annotation(MIRROR);
        let filled_in = metadata.has_annotation(FILLED_IN);
        let names_its_node = controller.as_ref().is_some_and(|c| &*c.kind == "DaemonSet");
        Self {
            refers_to: mirror.then(|| spec.refers_to()).flatten(),
            volumes: volumes(&mut spec, &metadata.name),
            labels: metadata.take_labels(),
            created: metadata.creation_timestamp.instant(),
            deleting: metadata.deletion_timestamp.is_some(),
            deletion: metadata.take_deletion(),
            controller,
            mirror,
            local_data_vouched: metadata.has_annotation(VOUCHED),
            psp: metadata.has_annotation(POLICY),
            psp_name: metadata.annotation(POLICY).into(),
            namespace: metadata.namespace.into(),
            name: metadata.name,
            node: std::mem::take(&mut spec.node_name).into(),
            shape: Some(spec.shape(names_its_node, filled_in).shared()),
            phase: status.phase.into(),
            reason: status.reason.into(),
            ready,
            proxy,
            unscheduled: unscheduled.map(|condition| Box::new(condition.into())),
            containers: worth_a_look(init.chain(status.container_statuses)),
        }
    }
}

fn volumes(spec: &mut PodSpec, pod: &str) -> Vec<PodVolume> {
    let wire = std::mem::take(&mut spec.volumes).into_iter();
    let kept = wire.filter_map(|volume| {
        let read_only = !spec.writes_to(&volume.name);
        volume.read_for(pod, read_only)
    });
    let mut volumes: Vec<PodVolume> = kept.collect();
    volumes.shrink_to_fit();
    volumes
}

/// Names of the containers that service meshes put into pods.
const PROXIES: [&str; 2] = ["istio-proxy", "linkerd-proxy"];

/// The image of a mesh's sidecar, which newer meshes start as an init container.
fn proxy(status: &PodStatus) -> Option<Box<str>> {
    let mut all = status
        .container_statuses
        .iter()
        .chain(&status.init_container_statuses);
    all.find(|one| PROXIES.contains(&one.name.as_str()))
        .map(|one| one.image.as_str().into())
}

/// Containers that wait or have restarted; those that plainly run are left out.
fn worth_a_look(statuses: impl Iterator<Item = ContainerStatus>) -> Vec<Container> {
    let mut containers: Vec<Container> = statuses
        .filter(|status| status.state.waiting.is_some() || status.restart_count > 0)
        .map(|status| Container {
            name: status.name,
            waiting: status.state.waiting.map(|w| w.reason).unwrap_or_default(),
            restarts: status.restart_count,
            last_ended: status
                .last_state
                .terminated
                .and_then(|ended| ended.finished_at.instant()),
        })
        .collect();
    containers.shrink_to_fit();
    containers
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodDisruptionBudget {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: PdbSpec,
    #[prost(message, required, tag = "3")]
    pub status: PdbStatus,
}

impl Wire for PodDisruptionBudget {
    const LIST: &'static str = "PodDisruptionBudgetList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PdbSpec {
    #[prost(message, optional, tag = "1")]
    pub min_available: Option<IntOrString>,
    #[prost(message, optional, tag = "2")]
    pub selector: Option<LabelSelector>,
    #[prost(message, optional, tag = "3")]
    pub max_unavailable: Option<IntOrString>,
    #[prost(string, optional, tag = "4")]
    pub unhealthy_pod_eviction_policy: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PdbStatus {
    #[prost(int64, tag = "1")]
    pub observed_generation: i64,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "keys")]
    pub disrupted_pods: Vec<Key>,
    #[prost(int32, tag = "3")]
    pub disruptions_allowed: i32,
    #[prost(int32, tag = "4")]
    pub current_healthy: i32,
    #[prost(int32, tag = "5")]
    pub desired_healthy: i32,
    #[prost(int32, tag = "6")]
    pub expected_pods: i32,
    #[prost(message, repeated, tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<ProbedCondition>,
}

impl PodDisruptionBudget {
    /// The fact, with the version it was read at.
    pub(crate) fn read_at(self, api_version: &str) -> facts::Pdb {
        facts::Pdb {
            api_version: api_version.to_owned(),
            created: self.metadata.creation_timestamp.instant(),
            namespace: self.metadata.namespace,
            name: self.metadata.name,
            generation: self.metadata.generation,
            observed_generation: self.status.observed_generation,
            min_available: self.spec.min_available.map(Into::into),
            max_unavailable: self.spec.max_unavailable.map(Into::into),
            selector: self.spec.selector.map(Into::into),
            unhealthy_policy: self.spec.unhealthy_pod_eviction_policy.unwrap_or_default(),
            disruptions_allowed: self.status.disruptions_allowed,
            current_healthy: self.status.current_healthy,
            desired_healthy: self.status.desired_healthy,
            expected_pods: self.status.expected_pods,
            conditions: convert(self.status.conditions),
            disrupted: u32::try_from(self.status.disrupted_pods.len()).unwrap_or(u32::MAX),
        }
    }
}
