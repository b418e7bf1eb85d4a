//! The objects of a cluster of real size. The same number always gives the same object.

use std::{fmt::Write as _, io::Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

/// Changed whenever the objects change, so that none of the older ones are found in the cache.
pub(super) const GENERATION: u32 = 3;
/// Pods of an application.
pub(super) const PODS_PER_APP: usize = 30;
/// Objects of an application beside its pods: Deployment, ReplicaSet, Service, EndpointSlice, budget.
pub(super) const OTHERS_PER_APP: usize = 5;
/// Nodes, whatever the number of objects.
pub(super) const NODES: usize = 100;
/// Applications of a namespace.
pub(super) const APPS_PER_NAMESPACE: usize = 20;
const IMAGES_PER_NODE: usize = 40;
const HASH: &str = "6c8f5b7d49";
const REGISTRY: &str = "registry.example.com/shop";
/// When everything happened.
pub(super) const THEN: &str = "2026-01-05T08:30:00Z";

/// How many objects of which sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub apps: usize,
    pub config_maps: usize,
    /// Helm releases among them.
    pub secrets: usize,
    pub releases: usize,
}

impl Counts {
    /// 60 % pods, 15 % ConfigMaps, 15 % Secrets, 10 % of what pods come with; 1 % are Helm releases.
    pub(super) fn of(objects: usize) -> Self {
        let apps = (objects / (10 * OTHERS_PER_APP)).max(1);
        Self {
            apps,
            config_maps: objects * 15 / 100,
            secrets: objects * 15 / 100,
            releases: objects / 100,
        }
    }

    pub(super) fn pods(&self) -> usize {
        self.apps * PODS_PER_APP
    }

    pub(super) fn others(&self) -> usize {
        self.apps * OTHERS_PER_APP
    }

    /// All objects; nodes and namespaces come on top.
    pub(super) fn total(&self) -> usize {
        self.pods() + self.others() + self.config_maps + self.secrets
    }

    pub(super) fn namespaces(&self) -> usize {
        self.apps.div_ceil(APPS_PER_NAMESPACE)
    }
}

/// The name of a namespace.
pub(super) fn namespace_name(number: usize) -> String {
    format!("team-{number:03}")
}

/// The namespace of an application.
pub(super) fn namespace(app: usize) -> String {
    namespace_name(app / APPS_PER_NAMESPACE)
}

/// Which nodes pods run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// All of the few nodes.
    Everywhere,
    /// As many nodes as a namespace has applications, which are for the pods of that namespace alone: a cluster then grows without
    /// a change to what is there.
    Pools,
}

impl Placement {
    pub(super) fn node_of(self, app: usize, pod: usize) -> usize {
        let spread = app * 7 + pod;
        match self {
            Self::Everywhere => spread % NODES,
            Self::Pools => {
                let pool = app / APPS_PER_NAMESPACE * APPS_PER_NAMESPACE;
                pool + spread % APPS_PER_NAMESPACE
            }
        }
    }
}

pub(super) fn app_name(app: usize) -> String {
    format!("checkout-service-{app:04}")
}

pub(super) fn pod_name(app: usize, pod: usize) -> String {
    let suffix = Noise::new(0x90d, app * PODS_PER_APP + pod).letters(5);
    format!("{}-{HASH}-{suffix}", app_name(app))
}

pub(super) fn node_name(node: usize) -> String {
    format!("ip-10-0-{}-{}.internal", node / 250, node % 250 + 1)
}

pub(super) fn node_ip(node: usize) -> String {
    format!("10.0.{}.{}", node / 250, node % 250 + 1)
}

fn pod_ip(app: usize, pod: usize) -> String {
    let number = app * PODS_PER_APP + pod;
    format!(
        "10.{}.{}.{}",
        128 + number / 62_500,
        number / 250 % 250,
        number % 250 + 1
    )
}

fn labels(app: usize) -> Value {
    json!({
        "app.kubernetes.io/name": app_name(app),
        "app.kubernetes.io/instance": app_name(app),
        "app.kubernetes.io/version": "4.17.2",
        "app.kubernetes.io/component": "backend",
        "app.kubernetes.io/part-of": "shop",
        "app.kubernetes.io/managed-by": "Helm",
        "team": namespace(app),
        "pod-template-hash": HASH,
    })
}

fn selector(app: usize) -> Value {
    json!({ "app.kubernetes.io/name": app_name(app) })
}

pub(super) fn owner(api_version: &str, kind: &str, object: &Value) -> Value {
    json!([{
        "apiVersion": api_version,
        "kind": kind,
        "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"],
        "controller": true,
        "blockOwnerDeletion": true,
    }])
}

fn helm_annotations(app: usize) -> Value {
    json!({ "meta.helm.sh/release-name": app_name(app), "meta.helm.sh/release-namespace": namespace(app) })
}

/// The Deployment of an application.
pub(super) fn deployment(app: usize) -> Value {
    json!({
        "metadata": { "name": app_name(app), "labels": labels(app), "annotations": helm_annotations(app) },
        "spec": {
            "replicas": PODS_PER_APP,
            "selector": { "matchLabels": selector(app) },
            "template": template(app),
        },
    })
}

fn template(app: usize) -> Value {
    json!({
        "metadata": {
            "labels": labels(app),
            "annotations": {
                "checksum/config": Noise::new(0xc5, app).hex(64),
                "prometheus.io/scrape": "true",
                "prometheus.io/port": "9090",
            },
        },
        "spec": pod_spec(app),
    })
}

pub(super) fn deployment_status() -> Value {
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({ "type": kind, "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": THEN, "lastUpdateTime": THEN })
    };
    json!({
        "observedGeneration": 1,
        "replicas": PODS_PER_APP,
        "updatedReplicas": PODS_PER_APP,
        "readyReplicas": PODS_PER_APP,
        "availableReplicas": PODS_PER_APP,
        "conditions": [
            condition("Available", "MinimumReplicasAvailable", "Deployment has minimum availability."),
            condition("Progressing", "NewReplicaSetAvailable", "ReplicaSet has successfully progressed."),
        ],
    })
}

/// The ReplicaSet of a Deployment.
pub(super) fn replica_set(app: usize, deployment: &Value) -> Value {
    json!({
        "metadata": {
            "name": format!("{}-{HASH}", app_name(app)),
            "labels": labels(app),
            "annotations": {
                "deployment.kubernetes.io/desired-replicas": PODS_PER_APP.to_string(),
                "deployment.kubernetes.io/max-replicas": PODS_PER_APP.to_string(),
                "deployment.kubernetes.io/revision": "1",
            },
            "ownerReferences": owner("apps/v1", "Deployment", deployment),
        },
        "spec": {
            "replicas": PODS_PER_APP,
            "selector": { "matchLabels": selector(app) },
            "template": template(app),
        },
    })
}

pub(super) fn replica_set_status() -> Value {
    json!({
        "observedGeneration": 1,
        "replicas": PODS_PER_APP,
        "fullyLabeledReplicas": PODS_PER_APP,
        "readyReplicas": PODS_PER_APP,
        "availableReplicas": PODS_PER_APP,
    })
}

/// The Service of an application.
pub(super) fn service(app: usize) -> Value {
    json!({
        "metadata": { "name": app_name(app), "labels": labels(app), "annotations": helm_annotations(app) },
        "spec": {
            "selector": selector(app),
            "ports": [
                { "name": "http", "port": 80, "targetPort": "http" },
                { "name": "metrics", "port": 9090, "targetPort": "metrics" },
            ],
        },
    })
}

/// Where the pods of an application answer.
pub(super) fn endpoint_slice(app: usize, service: &Value, place: Placement) -> Value {
    let endpoint = |pod: usize| {
        json!({
            "addresses": [pod_ip(app, pod)],
            "conditions": { "ready": true, "serving": true, "terminating": false },
            "nodeName": node_name(place.node_of(app, pod)),
            "targetRef": { "kind": "Pod", "namespace": namespace(app), "name": pod_name(app, pod) },
        })
    };
    json!({
        "metadata": {
            "name": format!("{}-x7k2p", app_name(app)),
            "labels": {
                "kubernetes.io/service-name": app_name(app),
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": owner("v1", "Service", service),
        },
        "addressType": "IPv4",
        "endpoints": (0..PODS_PER_APP).map(endpoint).collect::<Vec<_>>(),
        "ports": [
            { "name": "http", "port": 8080, "protocol": "TCP" },
            { "name": "metrics", "port": 9090, "protocol": "TCP" },
        ],
    })
}

/// The budget of an application's pods.
pub(super) fn budget(app: usize) -> Value {
    json!({
        "metadata": { "name": app_name(app), "labels": labels(app), "annotations": helm_annotations(app) },
        "spec": { "maxUnavailable": "25%", "selector": { "matchLabels": selector(app) } },
    })
}

pub(super) fn budget_status() -> Value {
    json!({
        "observedGeneration": 1,
        "currentHealthy": PODS_PER_APP,
        "desiredHealthy": PODS_PER_APP - 8,
        "disruptionsAllowed": 8,
        "expectedPods": PODS_PER_APP,
        "conditions": [{ "type": "DisruptionAllowed", "status": "True", "reason": "SufficientPods", "message": "",
            "lastTransitionTime": THEN, "observedGeneration": 1 }],
    })
}

/// One pod of an application, as its ReplicaSet and the scheduler leave it.
pub(super) fn pod(app: usize, pod: usize, replica_set: &Value, place: Placement) -> Value {
    let template = template(app);
    let mut spec = template["spec"].clone();
    spec["nodeName"] = json!(node_name(place.node_of(app, pod)));
    json!({
        "metadata": {
            "name": pod_name(app, pod),
            "generateName": format!("{}-{HASH}-", app_name(app)),
            "labels": labels(app),
            "annotations": template["metadata"]["annotations"],
            "ownerReferences": owner("apps/v1", "ReplicaSet", replica_set),
        },
        "spec": spec,
    })
}

fn pod_spec(app: usize) -> Value {
    json!({
        "containers": [container(app)],
        "volumes": [
            { "name": "config", "configMap": { "name": app_name(app) } },
            { "name": "tmp", "emptyDir": {} },
        ],
        "securityContext": { "runAsNonRoot": true, "runAsUser": 10001, "fsGroup": 10001 },
        "terminationGracePeriodSeconds": 45,
    })
}

pub(super) fn container(app: usize) -> Value {
    let probe = |path: &str| json!({ "httpGet": { "path": path, "port": "http" }, "periodSeconds": 10, "timeoutSeconds": 2 });
    json!({
        "name": "app",
        "image": format!("{REGISTRY}/{}:4.17.2", app_name(app)),
        "args": ["--config=/etc/app/config.yaml", "--log-format=json"],
        "env": [
            { "name": "POD_NAME", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
            { "name": "DATABASE_URL", "valueFrom": { "secretKeyRef": { "name": "database", "key": "url" } } },
            { "name": "LOG_LEVEL", "value": "info" },
        ],
        "ports": [{ "name": "http", "containerPort": 8080 }, { "name": "metrics", "containerPort": 9090 }],
        "resources": { "requests": { "cpu": "250m", "memory": "256Mi" }, "limits": { "memory": "512Mi" } },
        "livenessProbe": probe("/healthz"),
        "readinessProbe": probe("/readyz"),
        "volumeMounts": [{ "name": "config", "mountPath": "/etc/app" }, { "name": "tmp", "mountPath": "/tmp" }],
    })
}

/// What the kubelet says of a pod that runs.
pub(super) fn pod_status(app: usize, pod: usize, place: Placement) -> Value {
    let number = app * PODS_PER_APP + pod;
    let node = place.node_of(app, pod);
    running(&app_name(app), number, &pod_ip(app, pod), node)
}

/// The status of the pod of that number, which runs one container.
pub(super) fn running(image: &str, number: usize, ip: &str, node: usize) -> Value {
    let condition = |kind: &str| json!({ "type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": THEN });
    let kinds = [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ];
    let host = node_ip(node);
    json!({
        "phase": "Running",
        "conditions": kinds.map(condition),
        "hostIP": host,
        "hostIPs": [{ "ip": host }],
        "podIP": ip,
        "podIPs": [{ "ip": ip }],
        "startTime": THEN,
        "containerStatuses": [container_status(image, number)],
    })
}

fn container_status(image: &str, number: usize) -> Value {
    json!({
        "name": "app",
        "state": { "running": { "startedAt": THEN } },
        "lastState": {},
        "ready": true,
        "started": true,
        "restartCount": usize::from(number.is_multiple_of(50)),
        "image": format!("{REGISTRY}/{image}"),
        "imageID": format!("{REGISTRY}/{image}@sha256:{}", Noise::new(0x1a, image.len()).hex(64)),
        "containerID": format!("containerd://{}", Noise::new(0x1d, number).hex(64)),
    })
}

/// A node as its kubelet reports it.
pub(super) fn node(number: usize, version: &str) -> Value {
    let name = node_name(number);
    let condition = |(kind, status, reason): (&str, &str, &str)| {
        json!({ "type": kind, "status": status, "reason": reason, "message": format!("kubelet reports {reason}"),
            "lastHeartbeatTime": THEN, "lastTransitionTime": THEN })
    };
    let conditions = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ];
    let capacity =
        json!({ "cpu": "16", "memory": "64Gi", "pods": "250", "ephemeral-storage": "200Gi" });
    json!({
        "metadata": { "name": name, "labels": node_labels(number) },
        "spec": { "podCIDR": format!("10.{}.{}.0/24", 244 - number / 256, number % 256), "providerID": format!("cloud:///zone/{name}") },
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": conditions.map(condition),
            "addresses": [{ "type": "InternalIP", "address": node_ip(number) }, { "type": "Hostname", "address": name }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
            "nodeInfo": node_info(number, version),
            "images": (0..IMAGES_PER_NODE).map(image).collect::<Vec<_>>(),
        },
    })
}

fn node_labels(number: usize) -> Value {
    json!({
        "kubernetes.io/hostname": node_name(number),
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "m6i.4xlarge",
        "topology.kubernetes.io/region": "region-1",
        "topology.kubernetes.io/zone": format!("region-1{}", ['a', 'b', 'c'][number % 3]),
    })
}

fn node_info(number: usize, version: &str) -> Value {
    let identity = Noise::new(0x0de, number).hex(32);
    json!({
        "machineID": identity,
        "systemUUID": identity,
        "bootID": identity,
        "kernelVersion": "6.1.0-37-amd64",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "containerRuntimeVersion": "containerd://2.1.4",
        "kubeletVersion": version,
        "kubeProxyVersion": version,
        "operatingSystem": "linux",
        "architecture": "amd64",
    })
}

fn image(number: usize) -> Value {
    let name = app_name(number);
    let digest = Noise::new(0xd1, number).hex(64);
    json!({
        "names": [format!("{REGISTRY}/{name}@sha256:{digest}"), format!("{REGISTRY}/{name}:4.17.2")],
        "sizeBytes": 90_000_000 + number * 1_000_003,
    })
}

/// Configuration of 2 to 14 KB.
pub(super) fn config_map(number: usize) -> Value {
    let mut noise = Noise::new(0xcf, number);
    let lines = 30 + number % 7 * 34;
    let mut text = String::new();
    for line in 0..lines {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "feature.{line}.{}: \"{}\"",
            noise.letters(12),
            noise.letters(24)
        );
    }
    json!({
        "metadata": { "name": format!("config-{number:05}"), "labels": { "app.kubernetes.io/managed-by": "Helm" } },
        "data": { "config.yaml": text, "log-level": "info" },
    })
}

/// A certificate with its key and chain, about 8 KB.
pub(super) fn secret(number: usize) -> Value {
    let mut noise = Noise::new(0x5e, number);
    json!({
        "metadata": { "name": format!("certificate-{number:05}") },
        "type": "kubernetes.io/tls",
        "data": { "tls.crt": noise.base64(4400), "tls.key": noise.base64(2272), "ca.crt": noise.base64(1600) },
    })
}

/// What Helm keeps of a release: compressed and twice encoded, 30 to 80 KB.
pub(super) fn release(number: usize) -> Value {
    let name = app_name(number);
    json!({
        "metadata": {
            "name": format!("sh.helm.release.v1.{name}.v1"),
            "labels": { "owner": "helm", "name": name, "status": "deployed", "version": "1" },
        },
        "type": "helm.sh/release.v1",
        "data": { "release": payload(number, &name) },
    })
}

/// A release that Helm could read: a manifest of one object, and templates that fill it up.
fn payload(number: usize, name: &str) -> String {
    // Noise does not compress, and is encoded twice once more.
    let template = Noise::new(0x4e, number).base64(22_500 + number % 6 * 7_500);
    let manifest = format!(
        "---\n# Source: {name}/templates/settings.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
    );
    let release = json!({
        "name": name, "version": 1,
        "info": { "status": "deployed", "last_deployed": "2026-01-12T09:30:00Z" },
        "chart": {
            "metadata": { "name": name, "version": "1.0.0" },
            "templates": [{ "name": "templates/settings.yaml", "data": template }],
        },
        "manifest": manifest,
    });
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = gzip
        .write_all(release.to_string().as_bytes())
        .and_then(|()| gzip.finish());
    let packed = packed.expect("memory takes it");
    BASE64_STANDARD.encode(BASE64_STANDARD.encode(packed))
}

/// Text without meaning that is the same every time (splitmix64).
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn new(sort: u64, number: usize) -> Self {
        Self(sort << 48 ^ number as u64)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        let letter = |_| {
            let at = self.next() >> 32;
            // Shorter than 2^32, so this is below its length.
            let at = usize::try_from(at).unwrap_or_default() % alphabet.len();
            char::from(alphabet[at])
        };
        (0..length).map(letter).collect()
    }

    pub(super) fn letters(&mut self, length: usize) -> String {
        self.text(b"bcdfghjklmnpqrstvwxz2456789", length)
    }

    fn hex(&mut self, length: usize) -> String {
        self.text(b"0123456789abcdef", length)
    }

    /// Valid base64 when the length is a multiple of four.
    fn base64(&mut self, length: usize) -> String {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.text(alphabet, length)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_shares_are_those_promised() {
        let counts = Counts::of(20_000);
        assert_eq!((counts.pods(), counts.others()), (12_000, 2_000));
        assert_eq!(
            (counts.config_maps, counts.secrets, counts.releases),
            (3_000, 3_000, 200)
        );
        assert_eq!((counts.total(), counts.namespaces()), (20_000, 20));
    }

    #[test]
    fn names_and_addresses_are_unique_and_the_same_every_time() {
        let pods = || (0..400).flat_map(|app| (0..PODS_PER_APP).map(move |pod| (app, pod)));
        let names: BTreeSet<_> = pods().map(|(app, pod)| pod_name(app, pod)).collect();
        let addresses: BTreeSet<_> = pods().map(|(app, pod)| pod_ip(app, pod)).collect();
        assert_eq!((names.len(), addresses.len()), (12_000, 12_000));
        assert_eq!(release(7), release(7));
        assert_ne!(secret(7)["data"], secret(8)["data"]);
    }

    #[test]
    fn encoded_texts_have_whole_groups() {
        for number in 0..6 {
            let release = release(number);
            let text = release["data"]["release"].as_str().unwrap();
            assert_eq!(text.len() % 4, 0);
        }
    }
}
