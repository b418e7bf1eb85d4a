//! The objects of one block of a large cluster: a pool of nodes, a namespace, and what runs there. A cluster is so many blocks, and
//! a larger one has all the objects of a smaller one.

use serde_json::{Value, json};

use crate::bench::objects::{
    self, APPS_PER_NAMESPACE, Noise, OTHERS_PER_APP, PODS_PER_APP, THEN, app_name, namespace_name,
    node_ip, node_name, owner,
};

/// Changed whenever the objects change, so that none of the older ones are found in the cache.
pub(super) const GENERATION: u32 = 1;
/// Nodes of a block, with a lease and a CSINode each.
pub(super) const NODES: usize = APPS_PER_NAMESPACE;
/// Applications of a block: a Deployment with all that comes with it.
pub(super) const APPS: usize = APPS_PER_NAMESPACE;
/// Pods of the StatefulSet of a block, with a claim, a volume and an attachment each.
pub(super) const REPLICAS: usize = 5;
/// Secrets of a block that are Helm releases.
pub(super) const RELEASES: usize = 10;
/// Other Secrets of a block.
pub(super) const CERTIFICATES: usize = 70;
/// ConfigMaps of a block: one of each application.
pub(super) const CONFIG_MAPS: usize = APPS;
/// Custom resources of a block.
pub(super) const CUSTOM: usize = 20;
/// Kinds of custom resources.
pub(super) const KINDS: [&str; 4] = ["Database", "Queue", "Bucket", "Certificate"];
/// The group of the custom resources.
pub(super) const GROUP: &str = "platform.example.com";

const AGENT: &str = "node-agent";
const STORE: &str = "store";
const DRIVER: &str = "disk.csi.example.com";
const CLASS: &str = "fast";
/// Leases hold for so long that the cached ones are never late.
const LEASE_SECONDS: i32 = i32::MAX;

/// All pods of so many blocks.
pub(super) const fn pods(blocks: usize) -> usize {
    blocks * (APPS * PODS_PER_APP + NODES + REPLICAS)
}

/// All objects of so many blocks.
pub(super) const fn total(blocks: usize) -> usize {
    let secrets = RELEASES + CERTIFICATES;
    // A namespace, the agents' DaemonSet, a StatefulSet.
    let single = 3;
    let rest = 3 * NODES + APPS * OTHERS_PER_APP + 3 * REPLICAS + secrets + CONFIG_MAPS + CUSTOM;
    pods(blocks) + blocks * (rest + single)
}

/// A node of its block's pool.
pub(super) fn node(number: usize, version: &str) -> Value {
    let mut node = objects::node(number, version);
    node["metadata"]["labels"]["pool"] = json!(namespace_name(number / NODES));
    node
}

/// What a kubelet renews.
pub(super) fn lease(number: usize) -> Value {
    let name = node_name(number);
    json!({
        "metadata": { "name": name },
        "spec": { "holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": "2026-01-05T08:30:00.000000Z" },
    })
}

/// The CSI driver of a node.
pub(super) fn csi_node(number: usize) -> Value {
    let name = node_name(number);
    json!({
        "metadata": { "name": name },
        "spec": { "drivers": [{ "name": DRIVER, "nodeID": name, "topologyKeys": ["topology.kubernetes.io/zone"],
            "allocatable": { "count": 24 } }] },
    })
}

/// The CSI driver and its class, of which a cluster has one.
pub(super) fn storage() -> [(&'static str, Value); 2] {
    let driver = json!({ "metadata": { "name": DRIVER }, "spec": { "attachRequired": true, "podInfoOnMount": false } });
    let class = json!({ "metadata": { "name": CLASS }, "provisioner": DRIVER });
    [("csidrivers", driver), ("storageclasses", class)]
}

fn labels(name: &str) -> Value {
    json!({ "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "platform" })
}

fn pod(name: &str, app: &str, owner: &Value, spec: &Value) -> Value {
    let mut labels = labels(app);
    labels["controller-revision-hash"] = json!("5d8f9c7b64");
    json!({ "metadata": { "name": name, "labels": labels, "ownerReferences": owner }, "spec": spec })
}

/// The agent of every node of a block.
pub(super) fn daemon_set(block: usize) -> Value {
    json!({
        "metadata": { "name": AGENT, "labels": labels(AGENT) },
        "spec": {
            "selector": { "matchLabels": labels(AGENT) },
            "template": { "metadata": { "labels": labels(AGENT) }, "spec": agent_spec(block) },
        },
    })
}

fn agent_spec(block: usize) -> Value {
    json!({
        "containers": [objects::container(block)],
        "hostNetwork": true,
        "nodeSelector": { "pool": namespace_name(block) },
        "tolerations": [{ "operator": "Exists" }],
        "volumes": [
            { "name": "config", "configMap": { "name": AGENT } },
            { "name": "tmp", "hostPath": { "path": "/var/log" } },
        ],
    })
}

pub(super) fn daemon_set_status() -> Value {
    json!({
        "observedGeneration": 1, "currentNumberScheduled": NODES, "desiredNumberScheduled": NODES, "numberReady": NODES,
        "numberAvailable": NODES, "updatedNumberScheduled": NODES, "numberMisscheduled": 0,
    })
}

/// The name of a node's agent, and the pod.
pub(super) fn agent(number: usize, daemon_set: &Value) -> (String, Value) {
    let name = format!("{AGENT}-{}", Noise::new(0xa9e, number).letters(5));
    let mut spec = agent_spec(number / NODES);
    spec["nodeName"] = json!(node_name(number));
    spec["affinity"] = json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
        { "matchFields": [{ "key": "metadata.name", "operator": "In", "values": [node_name(number)] }] },
    ] } } });
    let pod = pod(
        &name,
        AGENT,
        &owner("apps/v1", "DaemonSet", daemon_set),
        &spec,
    );
    (name, pod)
}

pub(super) fn agent_status(number: usize) -> Value {
    objects::running(AGENT, number, &node_ip(number), number)
}

/// A set of pods with a volume each.
pub(super) fn stateful_set(block: usize) -> Value {
    json!({
        "metadata": { "name": STORE, "labels": labels(STORE) },
        "spec": {
            "replicas": REPLICAS,
            "serviceName": STORE,
            "selector": { "matchLabels": labels(STORE) },
            "template": { "metadata": { "labels": labels(STORE) }, "spec": store_spec(block) },
            "volumeClaimTemplates": [{ "metadata": { "name": "tmp" }, "spec": claim_spec(None) }],
        },
    })
}

fn store_spec(block: usize) -> Value {
    json!({
        "containers": [objects::container(block)],
        "volumes": [{ "name": "config", "configMap": { "name": STORE } }, { "name": "tmp", "emptyDir": {} }],
    })
}

pub(super) fn stateful_set_status() -> Value {
    json!({
        "observedGeneration": 1, "replicas": REPLICAS, "readyReplicas": REPLICAS, "currentReplicas": REPLICAS,
        "updatedReplicas": REPLICAS, "availableReplicas": REPLICAS,
    })
}

/// The name of a pod of the StatefulSet, and the pod.
pub(super) fn member(block: usize, ordinal: usize, stateful_set: &Value) -> (String, Value) {
    let name = format!("{STORE}-{ordinal}");
    let mut spec = store_spec(block);
    spec["nodeName"] = json!(node_name(block * NODES + ordinal));
    spec["volumes"][1] =
        json!({ "name": "tmp", "persistentVolumeClaim": { "claimName": claim_name(ordinal) } });
    let owner = owner("apps/v1", "StatefulSet", stateful_set);
    let mut pod = pod(&name, STORE, &owner, &spec);
    pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = json!(name);
    (name, pod)
}

pub(super) fn member_status(block: usize, ordinal: usize) -> Value {
    let number = block * REPLICAS + ordinal;
    let ip = format!("10.140.{}.{}", number / 250, number % 250 + 1);
    objects::running(STORE, number, &ip, block * NODES + ordinal)
}

pub(super) fn claim_name(ordinal: usize) -> String {
    format!("tmp-{STORE}-{ordinal}")
}

pub(super) fn volume_name(block: usize, ordinal: usize) -> String {
    format!(
        "pvc-{}",
        Noise::new(0x901, block * REPLICAS + ordinal).letters(20)
    )
}

fn claim_spec(volume: Option<&str>) -> Value {
    let mut spec = json!({
        "accessModes": ["ReadWriteOnce"], "storageClassName": CLASS, "resources": { "requests": { "storage": "20Gi" } },
    });
    if let Some(volume) = volume {
        spec["volumeName"] = json!(volume);
    }
    spec
}

/// The claim of a pod of the StatefulSet.
pub(super) fn claim(block: usize, ordinal: usize) -> Value {
    let volume = volume_name(block, ordinal);
    json!({ "metadata": { "name": claim_name(ordinal), "labels": labels(STORE) }, "spec": claim_spec(Some(&volume)) })
}

pub(super) fn claim_status() -> Value {
    json!({ "phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": { "storage": "20Gi" } })
}

/// The volume of a claim.
pub(super) fn volume(block: usize, ordinal: usize, claim: &Value) -> Value {
    let name = volume_name(block, ordinal);
    let metadata = &claim["metadata"];
    json!({
        "metadata": { "name": name },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": { "storage": "20Gi" },
            "storageClassName": CLASS,
            "claimRef": { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": metadata["namespace"],
                "name": metadata["name"], "uid": metadata["uid"] },
            "csi": { "driver": DRIVER, "volumeHandle": name },
        },
    })
}

/// That a volume is attached to the node of its pod.
pub(super) fn attachment(block: usize, ordinal: usize) -> Value {
    let volume = volume_name(block, ordinal);
    json!({
        "metadata": { "name": format!("csi-{volume}") },
        "spec": { "attacher": DRIVER, "nodeName": node_name(block * NODES + ordinal),
            "source": { "persistentVolumeName": volume } },
    })
}

/// The plural of a kind.
pub(super) fn plural(kind: &str) -> String {
    format!("{}s", kind.to_lowercase())
}

/// The definition of a kind.
pub(super) fn definition(kind: &str) -> Value {
    let version = |name: &str, storage: bool| {
        json!({ "name": name, "served": true, "storage": storage, "schema": { "openAPIV3Schema": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": true } } })
    };
    json!({
        "metadata": { "name": format!("{}.{GROUP}", plural(kind)) },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": { "kind": kind, "plural": plural(kind), "singular": kind.to_lowercase(), "listKind": format!("{kind}List") },
            "versions": [version("v1", true), version("v1beta1", false)],
        },
    })
}

/// A custom resource: its kind, and the object.
pub(super) fn custom(number: usize) -> (&'static str, Value) {
    let kind = KINDS[number % KINDS.len()];
    let app = app_name(number);
    let object = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": kind,
        "metadata": { "name": format!("{app}-{number}"), "labels": labels(&app) },
        "spec": { "owner": app, "size": "small", "replicas": 3, "parameters": Noise::new(0xc0, number).letters(400) },
        "status": { "phase": "Ready", "since": THEN },
    });
    (kind, object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_cluster_is_the_one_promised() {
        assert!(pods(250) >= 150_000);
        assert_eq!((250 * NODES, 250 * CUSTOM), (5_000, 5_000));
        assert_eq!(250 * (RELEASES + CERTIFICATES), 20_000);
        assert_eq!(total(250), 250 * total(1));
    }
}
