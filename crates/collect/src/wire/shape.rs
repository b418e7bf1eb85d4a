//! What decides where a pod may run.

use std::collections::BTreeMap;

use airworthy_model::facts::{self, HostPort, PodShape, PodTerm, Requirement, Resources, Spread};
use serde::Deserialize;

use super::{
    meta::{LabelSelector, Pair, SelectorRequirement, convert, labels, nullable, pairs},
    quantity::{self, Quantity},
    reference::{Variable, Variables, laid_over},
    security::{OperatingSystem, PodSecurityContext, SecurityContext},
    volume::{There, Volume},
};

/// A pod that is lost with its node stays on it for a while by these; they decide nothing about where it may run.
const LOST: [&str; 2] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];
/// What a pod has when its spec does not say otherwise.
const GRACE_SECONDS: i64 = 30;
const SCHEDULER: &str = "default-scheduler";
const SERVICE_ACCOUNT: &str = "default";

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodSpec {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub volumes: Vec<Volume>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<Container>,
    #[prost(int64, optional, tag = "4")]
    pub termination_grace_period_seconds: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    pub active_deadline_seconds: Option<i64>,
    #[prost(message, repeated, tag = "7")]
    #[serde(deserialize_with = "pairs")]
    pub node_selector: Vec<Pair>,
    #[prost(string, tag = "8")]
    pub service_account_name: String,
    #[prost(string, tag = "10")]
    pub node_name: String,
    #[prost(bool, tag = "11")]
    pub host_network: bool,
    #[prost(bool, tag = "12")]
    #[serde(rename = "hostPID")]
    pub host_pid: bool,
    #[prost(bool, tag = "13")]
    #[serde(rename = "hostIPC")]
    pub host_ipc: bool,
    #[prost(message, optional, tag = "14")]
    pub security_context: Option<PodSecurityContext>,
    #[prost(message, optional, tag = "15")]
    #[serde(deserialize_with = "laid_over")]
    pub image_pull_secrets: Option<There>,
    #[prost(message, optional, tag = "18")]
    pub affinity: Option<Affinity>,
    #[prost(string, tag = "19")]
    pub scheduler_name: String,
    #[prost(message, repeated, tag = "20")]
    #[serde(deserialize_with = "nullable")]
    pub init_containers: Vec<Container>,
    #[prost(message, repeated, tag = "22")]
    #[serde(deserialize_with = "nullable")]
    pub tolerations: Vec<Toleration>,
    #[prost(string, tag = "24")]
    pub priority_class_name: String,
    #[prost(int32, optional, tag = "25")]
    pub priority: Option<i32>,
    #[prost(string, optional, tag = "29")]
    pub runtime_class_name: Option<String>,
    #[prost(string, optional, tag = "31")]
    pub preemption_policy: Option<String>,
    #[prost(btree_map = "string, message", tag = "32")]
    #[serde(deserialize_with = "nullable")]
    pub overhead: BTreeMap<String, Quantity>,
    #[prost(message, repeated, tag = "33")]
    #[serde(deserialize_with = "nullable")]
    pub topology_spread_constraints: Vec<SpreadConstraint>,
    #[prost(message, optional, tag = "36")]
    pub os: Option<OperatingSystem>,
    #[prost(message, optional, tag = "39")]
    #[serde(deserialize_with = "laid_over")]
    pub resource_claims: Option<There>,
    #[prost(message, optional, tag = "40")]
    pub resources: Option<Requirements>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Container {
    #[prost(message, repeated, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub ports: Vec<Port>,
    #[prost(message, optional, tag = "7")]
    #[serde(deserialize_with = "laid_over")]
    pub env: Option<Variable>,
    #[prost(message, required, tag = "8")]
    #[serde(deserialize_with = "nullable")]
    pub resources: Requirements,
    #[prost(message, repeated, tag = "9")]
    #[serde(deserialize_with = "nullable")]
    pub volume_mounts: Vec<Mount>,
    #[prost(message, optional, tag = "15")]
    pub security_context: Option<SecurityContext>,
    #[prost(message, optional, tag = "19")]
    #[serde(deserialize_with = "laid_over")]
    pub env_from: Option<Variables>,
    #[prost(string, optional, tag = "24")]
    pub restart_policy: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(
    clippy::struct_field_names,
    reason = "members are called as in the API"
)]
pub(crate) struct Port {
    #[prost(int32, tag = "2")]
    pub host_port: i32,
    #[prost(string, tag = "4")]
    pub protocol: String,
    #[prost(string, tag = "5")]
    #[serde(rename = "hostIP")]
    pub host_ip: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Requirements {
    #[prost(btree_map = "string, message", tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub limits: BTreeMap<String, Quantity>,
    #[prost(btree_map = "string, message", tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub requests: BTreeMap<String, Quantity>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Mount {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bool, tag = "2")]
    pub read_only: bool,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(
    clippy::struct_field_names,
    reason = "members are called as in the API"
)]
pub(crate) struct Affinity {
    #[prost(message, optional, tag = "1")]
    pub node_affinity: Option<NodeAffinity>,
    #[prost(message, optional, tag = "2")]
    pub pod_affinity: Option<PodAffinity>,
    #[prost(message, optional, tag = "3")]
    pub pod_anti_affinity: Option<PodAffinity>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct NodeAffinity {
    #[prost(message, optional, tag = "1")]
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<NodeSelector>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NodeSelector {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NodeSelectorTerm {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub match_expressions: Vec<SelectorRequirement>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub match_fields: Vec<SelectorRequirement>,
}

/// Affinity and anti-affinity look alike.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct PodAffinity {
    #[prost(message, repeated, tag = "1")]
    #[serde(
        rename = "requiredDuringSchedulingIgnoredDuringExecution",
        deserialize_with = "nullable"
    )]
    pub required: Vec<PodAffinityTerm>,
    #[prost(message, optional, tag = "2")]
    #[serde(
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        deserialize_with = "laid_over"
    )]
    pub preferred: Option<PreferredTerm>,
}

/// Terms that need not hold, laid over one another: whether any is about other namespaces is all that is read.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PreferredTerm {
    #[prost(message, optional, tag = "2")]
    pub pod_affinity_term: Option<TermNamespaces>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TermNamespaces {
    #[prost(string, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub namespaces: Vec<String>,
    #[prost(message, optional, tag = "4")]
    pub namespace_selector: Option<There>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PodAffinityTerm {
    #[prost(message, optional, tag = "1")]
    pub label_selector: Option<LabelSelector>,
    #[prost(string, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub namespaces: Vec<String>,
    #[prost(string, tag = "3")]
    pub topology_key: String,
    #[prost(message, optional, tag = "4")]
    pub namespace_selector: Option<LabelSelector>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Toleration {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub operator: String,
    #[prost(string, tag = "3")]
    pub value: String,
    #[prost(string, tag = "4")]
    pub effect: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SpreadConstraint {
    #[prost(int32, tag = "1")]
    pub max_skew: i32,
    #[prost(string, tag = "2")]
    pub topology_key: String,
    #[prost(string, tag = "3")]
    pub when_unsatisfiable: String,
    #[prost(message, optional, tag = "4")]
    pub label_selector: Option<LabelSelector>,
    #[prost(int32, optional, tag = "5")]
    pub min_domains: Option<i32>,
    #[prost(string, optional, tag = "6")]
    pub node_affinity_policy: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub node_taints_policy: Option<String>,
    #[prost(string, repeated, tag = "8")]
    #[serde(deserialize_with = "nullable")]
    pub match_label_keys: Vec<String>,
}

impl From<NodeSelectorTerm> for facts::NodeTerm {
    fn from(wire: NodeSelectorTerm) -> Self {
        let requirements = |list: Vec<SelectorRequirement>| list.into_iter().map(requirement);
        Self {
            labels: requirements(wire.match_expressions).collect(),
            fields: requirements(wire.match_fields).collect(),
        }
    }
}

fn requirement(wire: SelectorRequirement) -> Requirement {
    Requirement {
        key: wire.key,
        operator: wire.operator,
        values: wire.values,
    }
}

impl From<PodAffinityTerm> for PodTerm {
    fn from(wire: PodAffinityTerm) -> Self {
        Self {
            selector: wire.label_selector.map(Into::into),
            namespaces: convert(wire.namespaces),
            namespace_selector: wire.namespace_selector.map(Into::into),
            topology: wire.topology_key.into(),
        }
    }
}

impl From<SpreadConstraint> for Spread {
    fn from(wire: SpreadConstraint) -> Self {
        let number = |n: i32| u32::try_from(n).unwrap_or(1).max(1);
        Self {
            selector: wire.label_selector.map(Into::into),
            same_labels: convert(wire.match_label_keys),
            topology: wire.topology_key.into(),
            max_skew: number(wire.max_skew),
            min_places: number(wire.min_domains.unwrap_or(1)),
            counts_unselected: wire.node_affinity_policy.as_deref() == Some("Ignore"),
            honours_taints: wire.node_taints_policy.as_deref() == Some("Honor"),
        }
    }
}

impl Toleration {
    /// The fact; nothing for one that is about lost nodes, or compares in a way that is not known.
    fn read(self) -> Option<facts::Toleration> {
        let value = match self.operator.as_str() {
            "Exists" => None,
            "Equal" | "" => Some(self.value.into()),
            _ => return None,
        };
        let lost = self.effect == "NoExecute" && LOST.contains(&self.key.as_str());
        (!lost).then(|| facts::Toleration {
            key: self.key.into(),
            value,
            effect: self.effect.into(),
        })
    }
}

impl Container {
    /// Whether it is a sidecar, where it stands among the init containers.
    pub(super) fn is_sidecar(&self) -> bool {
        self.restart_policy.as_deref() == Some("Always")
    }
}

impl PodSpec {
    /// Names of volumes that some container may write to.
    pub(crate) fn writes_to(&self, volume: &str) -> bool {
        let containers = self.init_containers.iter().chain(&self.containers);
        containers
            .flat_map(|container| &container.volume_mounts)
            .any(|mount| mount.name == volume && !mount.read_only)
    }

    /// The shape; without its node affinity where each pod of a controller names a node of its own, and without what its containers
    /// ask for where a limit range filled some of it in.
    pub(crate) fn shape(self, names_its_node: bool, filled_in: bool) -> PodShape {
        let requests = self.requests();
        let host_ports = self.host_ports();
        let breaks = self.breaks();
        let containers = if filled_in { Vec::new() } else { self.asked() };
        let whole = self.asked_as_a_whole().map(Box::new);
        let quota_marks = Some(self.quota_marks());
        let claims_devices = self.resource_claims.is_some();
        let affinity = self.affinity.unwrap_or_default();
        let nodes = affinity.node_affinity.and_then(|nodes| nodes.required);
        let nodes = nodes.filter(|_| !names_its_node).unwrap_or_default();
        let pods = |affinity: Option<PodAffinity>| convert(affinity.unwrap_or_default().required);
        let spread = self.topology_spread_constraints.into_iter();
        let tolerations = self.tolerations.into_iter();
        PodShape {
            requests,
            priority: self.priority.unwrap_or_default(),
            never_preempts: self.preemption_policy.as_deref() == Some("Never"),
            scheduler: Some(self.scheduler_name)
                .filter(|name| name != SCHEDULER)
                .unwrap_or_default()
                .into(),
            grace_seconds: self
                .termination_grace_period_seconds
                .filter(|&seconds| seconds != GRACE_SECONDS),
            node_selector: labels(self.node_selector),
            node_terms: convert(nodes.node_selector_terms),
            near: pods(affinity.pod_affinity),
            apart: pods(affinity.pod_anti_affinity),
            spread: spread
                .filter(|constraint| constraint.when_unsatisfiable != "ScheduleAnyway")
                .map(Into::into)
                .collect(),
            tolerations: tolerations.filter_map(Toleration::read).collect(),
            host_ports,
            service_account: Some(self.service_account_name)
                .filter(|name| name != SERVICE_ACCOUNT)
                .unwrap_or_default()
                .into(),
            priority_class: self.priority_class_name.into(),
            runtime_class: self.runtime_class_name.unwrap_or_default().into(),
            breaks,
            containers,
            whole,
            claims_devices,
            quota_marks,
        }
    }

    /// What the scheduler reserves: all containers and sidecars together, or the init container that asks for most beside the sidecars
    /// started before it, whichever is more; requests of the pod as a whole come before those of its containers.
    fn requests(&self) -> Resources {
        let (mut sidecars, mut starting) = (Resources::new(), Resources::new());
        for init in &self.init_containers {
            let own = quantity::requests(&init.resources.requests);
            if init.is_sidecar() {
                add(&mut sidecars, own);
                most(&mut starting, &sidecars);
            } else {
                let mut together = sidecars.clone();
                add(&mut together, own);
                most(&mut starting, &together);
            }
        }
        let mut requests = sidecars;
        for container in &self.containers {
            add(
                &mut requests,
                quantity::requests(&container.resources.requests),
            );
        }
        most(&mut requests, &starting);
        if let Some(whole) = &self.resources {
            requests.extend(quantity::requests(&whole.requests));
        }
        add(&mut requests, quantity::requests(&self.overhead));
        requests.retain(|_, amount| *amount > 0);
        requests
    }

    fn host_ports(&self) -> Vec<HostPort> {
        let sidecars = self.init_containers.iter().filter(|init| init.is_sidecar());
        let ports = self
            .containers
            .iter()
            .chain(sidecars)
            .flat_map(|container| &container.ports);
        let taken = ports.filter_map(|port| {
            let number = u16::try_from(port.host_port)
                .ok()
                .filter(|&number| number > 0)?;
            let known = |text: &str, default: &[&str]| {
                if default.contains(&text) {
                    "".into()
                } else {
                    text.into()
                }
            };
            Some(HostPort {
                port: number,
                protocol: known(&port.protocol, &["TCP"]),
                address: known(&port.host_ip, &["0.0.0.0", "::"]),
            })
        });
        taken.collect()
    }
}

fn add(sum: &mut Resources, other: Resources) {
    for (name, amount) in other {
        let known = sum.entry(name).or_default();
        *known = known.saturating_add(amount);
    }
}

fn most(largest: &mut Resources, other: &Resources) {
    for (name, &amount) in other {
        let known = largest.entry(name.clone()).or_default();
        *known = (*known).max(amount);
    }
}

#[cfg(test)]
mod tests {
    use airworthy_model::facts::QuotaMarks;

    use prost::Message;

    use super::*;

    fn spec(json: serde_json::Value) -> PodSpec {
        serde_json::from_value(json).unwrap()
    }

    fn requests(json: serde_json::Value) -> Vec<(String, u64)> {
        let requests = spec(json).requests();
        requests
            .iter()
            .map(|(name, amount)| (name.to_string(), *amount))
            .collect()
    }

    fn asks(cpu: &str, more: &serde_json::Value) -> serde_json::Value {
        let mut container = serde_json::json!({"resources": {"requests": {"cpu": cpu}}});
        if let Some(policy) = more.as_str() {
            container["restartPolicy"] = policy.into();
        }
        container
    }

    #[test]
    fn requests_are_added_up_as_the_scheduler_does() {
        let (plain, always) = (serde_json::Value::Null, "Always".into());
        let cpu = |thousandths| vec![("cpu".to_owned(), thousandths)];
        let sum = serde_json::json!({"containers": [asks("1", &plain), asks("500m", &plain)]});
        assert_eq!(requests(sum), cpu(1500));
        let init = serde_json::json!({"initContainers": [asks("4", &plain)], "containers": [asks("1", &plain)]});
        assert_eq!(requests(init), cpu(4000));
        // The sidecar runs beside the second init container and beside the container.
        let sidecar = serde_json::json!({
            "initContainers": [asks("3", &plain), asks("1", &always), asks("2500m", &plain)],
            "containers": [asks("1", &plain)],
        });
        assert_eq!(requests(sidecar), cpu(3500));
        let whole = serde_json::json!({
            "containers": [asks("1", &plain)], "resources": {"requests": {"cpu": "2"}}, "overhead": {"cpu": "100m"},
        });
        assert_eq!(requests(whole), cpu(2100));
        assert_eq!(requests(serde_json::json!({})), vec![]);
    }

    fn unremarkable() -> PodShape {
        PodShape {
            quota_marks: Some(QuotaMarks::default()),
            ..PodShape::default()
        }
    }

    #[test]
    fn what_is_default_is_not_kept() {
        let plain = spec(serde_json::json!({
            "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30, "priority": 0,
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
            "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        }));
        assert_eq!(plain.shape(false, false), unremarkable());
    }

    #[test]
    fn claims_of_devices_are_seen_in_both_encodings() {
        let claims = spec(
            serde_json::json!({"resourceClaims": [{"name": "gpu", "resourceClaimName": "one"}]}),
        );
        let binary = PodSpec::decode(&*claims.encode_to_vec()).unwrap();
        for (spec, expected) in [
            (claims, true),
            (binary, true),
            (spec(serde_json::json!({"resourceClaims": []})), false),
            (spec(serde_json::json!({"resourceClaims": null})), false),
        ] {
            assert_eq!(spec.shape(false, false).claims_devices, expected);
        }
    }

    #[test]
    fn a_pod_that_names_its_node_shares_its_shape() {
        let affinity = serde_json::json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]}}}});
        assert_eq!(spec(affinity.clone()).shape(true, false), unremarkable());
        assert_eq!(spec(affinity).shape(false, false).node_terms.len(), 1);
    }

    #[test]
    fn read_only_volumes_are_those_that_nobody_writes_to() {
        let spec = spec(serde_json::json!({
            "initContainers": [{"volumeMounts": [{"name": "a", "readOnly": true}]}],
            "containers": [{"volumeMounts": [{"name": "a", "readOnly": true}, {"name": "b"}]}],
        }));
        assert!(!spec.writes_to("a") && spec.writes_to("b") && !spec.writes_to("c"));
    }
}
