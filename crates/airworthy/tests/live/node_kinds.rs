//! What nodes are made of, what pods hold of them, and what is left of those that are gone.

use airworthy_testbed::{Client, Cluster, NodeOptions, Patch, wait_until};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{
    DEADLINE, apply, kubectl, live, make_old, pods, precheck, until, until_available,
    until_counted, until_gone,
};

async fn add(cluster: &Cluster, name: &str, options: NodeOptions) {
    let taints = vec![json!({ "key": "test", "value": name, "effect": "NoSchedule" })];
    let options = NodeOptions { taints, ..options };
    cluster.add_node(name, "v1.31.14", &options).await.unwrap();
}

fn node(name: &str) -> String {
    format!("/api/v1/nodes/{name}")
}

#[test]
fn nodes_of_old_systems_and_of_another_kind_than_their_pool() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let pool = vec![("nodepool".to_owned(), "kinds".to_owned())];
        for name in ["kind-1", "kind-2", "kind-3"] {
            let labels = pool.clone();
            add(
                cluster,
                name,
                NodeOptions {
                    labels,
                    ..NodeOptions::default()
                },
            )
            .await;
        }
        let set = async |system: &str, kernel: &str| {
            let info = json!({ "nodeInfo": { "osImage": system, "kernelVersion": kernel } });
            client.patch_status(&node("kind-2"), &info).await.unwrap();
        };
        set("Ubuntu 18.04.6 LTS", "4.15.0-213-generic").await;
        let subject = "Node kind-2";
        let far = [
            "--check",
            "NodeOsKernel,NodePoolConsistency",
            "--target",
            "1.35",
            "--allow-jump",
            "1.31:1.35",
        ];
        let report = precheck(cluster, &far).await;
        report
            .exits(0)
            .finds("NodePoolConsistency", subject, "risk");
        let about = report.about("NodeOsKernel", subject);
        let said: Vec<_> = about
            .iter()
            .map(|one| one["message"].as_str().unwrap())
            .collect();
        assert_eq!(said.len(), 2, "{said:#?}");
        assert!(
            said.iter()
                .any(|one| one.contains("no repairs since 2023-05-31")),
            "{said:#?}"
        );
        assert!(
            said.iter()
                .any(|one| one.contains("has kernel 4.15.0-213-generic")),
            "{said:#?}"
        );
        // The kernel is old enough for what runs now.
        let near = precheck(cluster, &["--check", "NodeOsKernel"]).await;
        assert_eq!(near.exits(0).about("NodeOsKernel", subject).len(), 1);

        set(
            &NodeOptions::default().os_image,
            &NodeOptions::default().kernel_version,
        )
        .await;
        let report = precheck(cluster, &far).await;
        report.exits(0).spares("NodeOsKernel", subject);
        report.spares("NodePoolConsistency", subject);
    });
}

/// A pod that computes on a device, what hands the devices out, and a pod that talks to the runtime.
const HOLDERS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: devices}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: train, namespace: devices}
spec:
  selector: {matchLabels: {app: train}}
  template:
    metadata: {labels: {app: train}}
    spec:
      tolerations: [{key: test, value: gpu-1, effect: NoSchedule}]
      containers: [{name: main, image: example.com/train, resources: {limits: {nvidia.com/gpu: 1}}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: plugin, namespace: devices}
spec:
  selector: {matchLabels: {app: plugin}}
  updateStrategy: {type: OnDelete}
  template:
    metadata: {labels: {app: plugin}}
    spec:
      nodeSelector: {kubernetes.io/hostname: gpu-1}
      tolerations: [{operator: Exists}]
      containers: [{name: main, image: 'example.com/k8s-device-plugin:1'}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: builder, namespace: devices}
spec:
  selector: {matchLabels: {app: builder}}
  template:
    metadata: {labels: {app: builder}}
    spec:
      containers: [{name: main, image: example.com/builder, volumeMounts: [{name: runtime, mountPath: /run/runtime.sock}]}]
      volumes: [{name: runtime, hostPath: {path: /run/containerd/containerd.sock}}]
";

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/devices/deployments";

#[test]
fn pods_that_hold_devices_and_a_socket_of_their_node() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        add(cluster, "gpu-1", NodeOptions::default()).await;
        devices(&client, "1").await;
        apply(cluster, HOLDERS).await;
        for name in ["train", "builder"] {
            until_available(&client, "devices", name).await;
        }
        gpus(cluster, &client).await;
        sockets(cluster, &client).await;
        client.delete("/api/v1/namespaces/devices").await.unwrap();
    });
}

/// What the device plugin of the node reports.
async fn devices(client: &Client, count: &str) {
    let devices = json!({ "nvidia.com/gpu": count });
    let status = json!({ "capacity": devices, "allocatable": devices });
    client.patch_status(&node("gpu-1"), &status).await.unwrap();
}

async fn gpus(cluster: &Cluster, client: &Client) {
    let (check, plugin) = (["--check", "NodeGpu"], "DaemonSet devices/plugin");
    let report = precheck(cluster, &check).await;
    let finding = report.exits(0).finds(check[1], "Node gpu-1", "risk");
    let message = finding["message"].as_str().unwrap();
    assert_eq!(
        message,
        "1 pod holds its GPUs and is ended when it is drained"
    );
    report.finds(check[1], plugin, "risk");
    // The node comes back, its plugin does not: what was evicted waits.
    devices(client, "0").await;
    let held = pods(client, "devices", "train").await.remove(0);
    let name = held["metadata"]["name"].as_str().unwrap();
    let path = format!("/api/v1/namespaces/devices/pods/{name}");
    client.delete(&path).await.unwrap();
    until_gone(client, &path).await;
    let waits = wait_until(DEADLINE, "a pod without a device", || async {
        let told = json!(pods(client, "devices", "train").await).to_string();
        Ok(told.contains("Insufficient nvidia.com/gpu").then_some(()))
    });
    waits.await.unwrap();

    let rolls = json!({ "spec": { "updateStrategy": { "type": "RollingUpdate" } } });
    let set = "/apis/apps/v1/namespaces/devices/daemonsets/plugin";
    client.patch(set, Patch::Merge, &rolls).await.unwrap();
    let report = precheck(cluster, &check).await;
    report
        .exits(0)
        .spares(check[1], "Node gpu-1")
        .spares(check[1], plugin);
}

async fn sockets(cluster: &Cluster, client: &Client) {
    let (check, subject) = (["--check", "NodeSockMount"], "Deployment devices/builder");
    let report = precheck(cluster, &check).await;
    let finding = report.exits(0).finds(check[1], subject, "risk");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.starts_with("mounts /run/containerd/containerd.sock"),
        "{message}"
    );
    client
        .delete(&format!("{DEPLOYMENTS}/builder"))
        .await
        .unwrap();
    let gone = wait_until(DEADLINE, "the end of its pods", || async {
        Ok(pods(client, "devices", "builder")
            .await
            .is_empty()
            .then_some(()))
    });
    gone.await.unwrap();
    precheck(cluster, &check)
        .await
        .exits(0)
        .spares(check[1], subject);
}

const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// What the kubelet of a node asks for when it is to serve with a certificate of the cluster.
fn request() -> Value {
    let mut params = rcgen::CertificateParams::new(["waiting-1".to_owned()]).unwrap();
    let name = &mut params.distinguished_name;
    name.push(rcgen::DnType::OrganizationName, "system:nodes");
    name.push(rcgen::DnType::CommonName, "system:node:waiting-1");
    let key = rcgen::KeyPair::generate().unwrap();
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    json!({ "metadata": { "name": "waiting-1" }, "spec": {
        "request": STANDARD.encode(request),
        "signerName": "kubernetes.io/kubelet-serving",
        "usages": ["digital signature", "server auth"],
    } })
}

#[test]
fn a_certificate_that_nobody_grants() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let (check, subject) = (
            ["--check", "PendingCsr"],
            "CertificateSigningRequest waiting-1",
        );
        client.create(REQUESTS, &request()).await.unwrap();
        precheck(cluster, &check)
            .await
            .exits(0)
            .spares(check[1], subject);
        let path = format!("{REQUESTS}/waiting-1");
        make_old(cluster, &path, 6).await;
        let report = precheck(cluster, &check).await;
        let finding = report.exits(0).finds(check[1], subject, "risk");
        let message = finding["message"].as_str().unwrap();
        assert!(
            message.starts_with("waits for a decision for 6 min"),
            "{message}"
        );
        let mut waiting = client.get(&path).await.unwrap();
        assert!(waiting["status"]["certificate"].is_null());

        let approved = json!([{ "type": "Approved", "status": "True", "reason": "ByHand", "message": "the node's own" }]);
        waiting["status"]["conditions"] = approved;
        client
            .replace(&format!("{path}/approval"), &waiting)
            .await
            .unwrap();
        until(&client, &path, "a certificate", |one| {
            one["status"]["certificate"].is_string()
        })
        .await;
        precheck(cluster, &check)
            .await
            .exits(0)
            .spares(check[1], subject);
    });
}

/// Kinds by which Cluster API and CCE keep book of nodes.
const BOOKS: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: machines.cluster.x-k8s.io, annotations: {api-approved.kubernetes.io: unapproved}}
spec:
  group: cluster.x-k8s.io
  names: {kind: Machine, plural: machines}
  scope: Namespaced
  versions:
  - name: v1beta1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: packageversions.version.cce.io}
spec:
  group: version.cce.io
  names: {kind: PackageVersion, plural: packageversions}
  scope: Cluster
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

const MACHINES: &str = "/apis/cluster.x-k8s.io/v1beta1/namespaces/default/machines";
const RECORDS: &str = "/apis/version.cce.io/v1/packageversions";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

#[test]
fn what_is_left_of_nodes_and_upgrades() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, BOOKS).await;
        let check = ["--check", "ResiduePackageVersion"];
        let (lease, records) = (
            "Lease kube-node-lease/gone-1",
            "CustomResourceDefinition packageversions.version.cce.io",
        );
        for (list, object) in residue() {
            let created = wait_until(DEADLINE, list, || async {
                Ok(Some(client.create(list, &object).await?))
            });
            created.await.unwrap();
        }
        let machine = "Machine default/gone-1";
        until_counted(&client, "packageversions.version.cce.io", 1).await;
        let report = precheck(cluster, &check).await;
        report.exits(0).finds(check[1], lease, "note");
        report.finds(check[1], machine, "risk");
        report.finds(check[1], records, "risk");
        report.spares(check[1], "Machine default/here-1");

        for (list, object) in residue() {
            let name = object["metadata"]["name"].as_str().unwrap();
            client.delete(&format!("{list}/{name}")).await.unwrap();
        }
        until_counted(&client, "packageversions.version.cce.io", 0).await;
        let report = precheck(cluster, &check).await;
        report
            .exits(0)
            .spares(check[1], lease)
            .spares(check[1], machine)
            .spares(check[1], records);
    });
}

/// Lists, and what is made there: of a node that is gone, of one that is here, and of an upgrade that is over.
fn residue() -> [(&'static str, Value); 4] {
    let machine = |name: &str, node: &str| {
        json!({ "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Machine", "metadata": { "name": name },
            "spec": { "clusterName": "books" }, "status": { "phase": "Running", "nodeRef": { "name": node } } })
    };
    let lease = json!({ "metadata": { "name": "gone-1" },
        "spec": { "holderIdentity": "gone-1", "leaseDurationSeconds": 40, "renewTime": "2026-01-01T00:00:00.000000Z" } });
    let record = json!({ "apiVersion": "version.cce.io/v1", "kind": "PackageVersion", "metadata": { "name": "v1-31-r2" } });
    [
        (MACHINES, machine("gone-1", "gone-1")),
        (MACHINES, machine("here-1", "node-1")),
        (LEASES, lease),
        (RECORDS, record),
    ]
}

/// A lease that was renewed in the future, by a kubelet other than the one that is played there.
#[test]
fn a_node_whose_clock_is_ahead() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        add(cluster, "early-1", NodeOptions::default()).await;
        let lease = format!("{LEASES}/early-1");
        let there = wait_until(DEADLINE, &lease, || async {
            Ok(client.exists(&lease).await?.then_some(()))
        });
        there.await.unwrap();
        let (check, subject) = (["--check", "NodeClockSkew"], "Node early-1");
        precheck(cluster, &check)
            .await
            .exits(0)
            .spares(check[1], subject);
        let ahead = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(10);
        let ahead = ahead.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string();
        let change = json!({ "spec": { "holderIdentity": "early-1", "renewTime": ahead } });
        client.patch(&lease, Patch::Merge, &change).await.unwrap();
        let report = precheck(cluster, &check).await;
        let finding = report.exits(0).finds(check[1], subject, "risk");
        let message = finding["message"].as_str().unwrap();
        assert!(
            message.ends_with("s ahead of the API server's"),
            "{message}"
        );

        let now = jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%S.000000Z")
            .to_string();
        let change = json!({ "spec": { "renewTime": now } });
        client.patch(&lease, Patch::Merge, &change).await.unwrap();
        precheck(cluster, &check)
            .await
            .exits(0)
            .spares(check[1], subject);
        client.delete(&node("early-1")).await.unwrap();
    });
}
