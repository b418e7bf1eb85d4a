//! Nodes.

use std::collections::BTreeMap;

use airworthy_model::facts;
use serde::Deserialize;

use super::{
    Wire,
    annotation::RUNTIME_SOCKET,
    meta::{ObjectMeta, ProbedCondition, convert, nullable},
    quantity::{Quantity, amounts},
};

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Node {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    pub spec: NodeSpec,
    #[prost(message, required, tag = "3")]
    pub status: NodeStatus,
}

impl Wire for Node {
    const LIST: &'static str = "NodeList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NodeSpec {
    #[prost(string, tag = "3")]
    #[serde(rename = "providerID")]
    pub provider_id: String,
    #[prost(bool, tag = "4")]
    pub unschedulable: bool,
    #[prost(message, repeated, tag = "5")]
    #[serde(deserialize_with = "nullable")]
    pub taints: Vec<Taint>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Taint {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
    #[prost(string, tag = "3")]
    pub effect: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NodeStatus {
    #[prost(btree_map = "string, message", tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub capacity: BTreeMap<String, Quantity>,
    #[prost(btree_map = "string, message", tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub allocatable: BTreeMap<String, Quantity>,
    #[prost(message, repeated, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<ProbedCondition>,
    #[prost(message, required, tag = "7")]
    pub node_info: NodeSystemInfo,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NodeSystemInfo {
    #[prost(string, tag = "4")]
    pub kernel_version: String,
    #[prost(string, tag = "5")]
    pub os_image: String,
    #[prost(string, tag = "6")]
    pub container_runtime_version: String,
    #[prost(string, tag = "7")]
    pub kubelet_version: String,
    #[prost(string, tag = "9")]
    pub operating_system: String,
    #[prost(string, tag = "10")]
    pub architecture: String,
}

impl From<Taint> for facts::Taint {
    fn from(wire: Taint) -> Self {
        Self {
            key: wire.key,
            value: wire.value,
            effect: wire.effect,
        }
    }
}

/// `aws` of `aws:///eu-west-1a/i-0123`: the rest names a machine and is not kept.
fn provider(id: &str) -> String {
    let (name, _) = id.split_once("://").unwrap_or_default();
    name.to_owned()
}

impl From<Node> for facts::Node {
    fn from(wire: Node) -> Self {
        let mut metadata = wire.metadata;
        let info = wire.status.node_info;
        let capacity = |name| wire.status.capacity.get(name);
        Self {
            cri_dockerd: metadata.annotation(RUNTIME_SOCKET).contains("cri-dockerd"),
            labels: metadata.take_labels(),
            created: metadata.creation_timestamp.instant(),
            name: metadata.name,
            uid: metadata.uid,
            cpu_thousandths: capacity("cpu").and_then(Quantity::thousandths),
            memory_bytes: capacity("memory").and_then(Quantity::units),
            provider: provider(&wire.spec.provider_id),
            unschedulable: wire.spec.unschedulable,
            taints: convert(wire.spec.taints),
            conditions: convert(wire.status.conditions),
            kubelet_version: info.kubelet_version,
            runtime_version: info.container_runtime_version,
            kernel_version: info.kernel_version,
            architecture: info.architecture,
            allocatable: amounts(&wire.status.allocatable),
            deleting: metadata.deletion_timestamp.is_some(),
            os_image: info.os_image,
            operating_system: info.operating_system,
        }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_that_was_moved_to_cri_dockerd_is_told_apart() {
        let moved = |socket: &str| {
            let annotations =
                json!({"kubeadm.alpha.kubernetes.io/cri-socket": socket, "note": "cri-dockerd"});
            let wire = json!({"metadata": {"name": "n1", "annotations": annotations}});
            let wire: Node = serde_json::from_value(wire).unwrap();
            let encoded = Node::decode(&*wire.encode_to_vec()).unwrap();
            let of = |wire: Node| facts::Node::from(wire).cri_dockerd;
            assert_eq!(of(wire), of(encoded.clone()));
            of(encoded)
        };
        assert!(moved("unix:///var/run/cri-dockerd.sock"));
        assert!(!moved("/var/run/dockershim.sock"));
        assert!(!moved("unix:///run/containerd/containerd.sock"));
    }
}
