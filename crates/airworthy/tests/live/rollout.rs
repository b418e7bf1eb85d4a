//! Whether nodes can be drained one after another; evictions and the scheduler say whether they really can.

use airworthy_testbed::{Client, Cluster, NodeOptions, Patch};
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{apply, crash, kubectl, live, pods, precheck, until, until_available};

fn pod_path(namespace: &str, pod: &Value) -> String {
    let name = pod["metadata"]["name"].as_str().expect("a name");
    format!("/api/v1/namespaces/{namespace}/pods/{name}")
}

/// Evicts a pod, or tries out whether it could be: 201, 429 or 500.
async fn evict(client: &Client, namespace: &str, pod: &Value, dry: bool) -> u16 {
    let name = &pod["metadata"]["name"];
    let eviction =
        json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": name } });
    let query = if dry { "?dryRun=All" } else { "" };
    let path = format!("{}/eviction{query}", pod_path(namespace, pod));
    match client.create(&path, &eviction).await {
        Ok(_) => 201,
        Err(error) => error.code().expect("an answer"),
    }
}

async fn cordon(client: &Client, node: &str, cordoned: bool) {
    let change = json!({ "spec": { "unschedulable": cordoned } });
    let path = format!("/api/v1/nodes/{node}");
    client.patch(&path, Patch::Merge, &change).await.unwrap();
}

const SICK: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: sick}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: sick}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.com/web}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: sick}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
";

const SICK_BUDGET: &str = "/apis/policy/v1/namespaces/sick/poddisruptionbudgets/web";

async fn until_healthy(client: &Client, healthy: u64) {
    let judged = |pdb: &Value| {
        pdb["status"]["currentHealthy"] == healthy
            && pdb["status"]["expectedPods"] == 2
            && pdb["status"]["observedGeneration"] == pdb["metadata"]["generation"]
    };
    until(client, SICK_BUDGET, "the budget", judged).await;
}

#[test]
fn a_budget_with_a_sick_pod() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, SICK).await;
        until_available(&client, "sick", "web").await;
        until_healthy(&client, 2).await;
        let crashed = crash(&client, "sick", "web").await;
        until_healthy(&client, 1).await;
        let all = pods(&client, "sick", "web").await;
        for pod in &all {
            let sick = pod_path("sick", pod) == crashed;
            let answer = evict(&client, "sick", pod, true).await;
            assert_eq!(answer, if sick { 201 } else { 429 }, "{pod:#}");
        }
        let check = ["--check", "PdbNoDisruptionNow"];
        let report = precheck(cluster, &check).await;
        let subject = "PodDisruptionBudget sick/web";
        report.finds("PdbNoDisruptionNow", subject, "risk");

        client.delete(&crashed).await.unwrap();
        until_healthy(&client, 2).await;
        let report = precheck(cluster, &check).await;
        report.spares("PdbNoDisruptionNow", subject);
        for pod in pods(&client, "sick", "web").await {
            assert_eq!(evict(&client, "sick", &pod, true).await, 201);
        }
    });
}

/// Pods that fill a node each, and one that names its node.
const CROWD: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: crowd}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: large, namespace: crowd}
spec:
  replicas: 2
  selector: {matchLabels: {app: large}}
  template:
    metadata: {labels: {app: large}}
    spec:
      nodeSelector: {crowd: 'true'}
      tolerations: [{key: test, operator: Exists}]
      containers: [{name: large, image: example.com/large, resources: {requests: {cpu: '3'}}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: tied, namespace: crowd}
spec:
  serviceName: tied
  selector: {matchLabels: {app: tied}}
  template:
    metadata: {labels: {app: tied}}
    spec:
      nodeSelector: {kubernetes.io/hostname: crowd-1}
      tolerations: [{key: test, operator: Exists}]
      terminationGracePeriodSeconds: 3600
      containers: [{name: tied, image: example.com/tied, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: tied, namespace: crowd}
spec: {selector: {app: tied}, ports: [{port: 80}]}
";

/// The same stateful set as it should be.
const UNTIED: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: tied, namespace: crowd}
spec:
  replicas: 2
  serviceName: tied
  selector: {matchLabels: {app: tied}}
  template:
    metadata: {labels: {app: tied}}
    spec:
      nodeSelector: {crowd: 'true'}
      tolerations: [{key: test, operator: Exists}]
      terminationGracePeriodSeconds: 60
      containers: [{name: tied, image: example.com/tied, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, emptyDir: {medium: Memory}}]
";

async fn add(cluster: &Cluster, name: &str) {
    let options = NodeOptions {
        cpu: "4".into(),
        labels: vec![("crowd".into(), "true".into())],
        taints: vec![json!({ "key": "test", "value": name, "effect": "NoSchedule" })],
        ..NodeOptions::default()
    };
    cluster.add_node(name, "v1.31.14", &options).await.unwrap();
}

/// Waits until a node is Ready and has no taint but its own: one that is not is no place for an evicted pod.
async fn until_ready(client: &Client, node: &str) {
    let ready = |node: &Value| {
        let conditions = node["status"]["conditions"].as_array();
        let is_ready = |one: &Value| one["type"] == "Ready" && one["status"] == "True";
        let taints = node["spec"]["taints"].as_array();
        conditions.is_some_and(|all| all.iter().any(is_ready))
            && taints.is_some_and(|all| all.iter().all(|taint| taint["key"] == "test"))
    };
    until(client, &format!("/api/v1/nodes/{node}"), node, ready).await;
}

/// Waits until all pods of an app run, and gives the one on a node.
async fn running(client: &Client, app: &str, replicas: usize, node: &str) -> Option<Value> {
    let path = format!("/api/v1/namespaces/crowd/pods?labelSelector=app%3D{app}");
    let all = |list: &Value| {
        let items = list["items"].as_array().expect("a list");
        let runs = |pod: &&Value| {
            pod["status"]["phase"] == "Running" && pod["metadata"]["deletionTimestamp"].is_null()
        };
        items.len() == replicas && items.iter().filter(runs).count() == replicas
    };
    let list = until(client, &path, app, all).await;
    let items = list["items"].as_array().expect("a list").clone();
    items
        .into_iter()
        .find(|pod| pod["spec"]["nodeName"] == node)
}

/// Waits until the scheduler says that it has no node for a pod of an app.
async fn until_unschedulable(client: &Client, app: &str) {
    let path = format!("/api/v1/namespaces/crowd/pods?labelSelector=app%3D{app}");
    let waits = |pod: &Value| {
        let conditions = pod["status"]["conditions"].as_array();
        conditions.is_some_and(|all| all.iter().any(|one| one["reason"] == "Unschedulable"))
    };
    let any = |list: &Value| {
        list["items"]
            .as_array()
            .is_some_and(|all| all.iter().any(waits))
    };
    until(client, &path, "a pod without a node", any).await;
}

const CHECKS: [&str; 5] = [
    "DrainCapacity",
    "PinnedPod",
    "SingleReplica",
    "LocalStoragePod",
    "LongTermination",
];

fn checks() -> Vec<&'static str> {
    CHECKS.iter().flat_map(|check| ["--check", check]).collect()
}

#[test]
fn nodes_whose_pods_fit_no_other() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        add(cluster, "crowd-1").await;
        add(cluster, "crowd-2").await;
        apply(cluster, CROWD).await;
        running(&client, "large", 2, "crowd-1").await;
        running(&client, "tied", 1, "crowd-1").await;
        let report = precheck(cluster, &checks()).await;
        let crowded = report.finds("DrainCapacity", "Deployment crowd/large", "risk");
        let message = crowded["message"].as_str().unwrap();
        assert!(message.contains("too little cpu"), "{crowded:#}");
        report.finds("DrainCapacity", "Node crowd-1", "risk");
        for check in [
            "PinnedPod",
            "SingleReplica",
            "LocalStoragePod",
            "LongTermination",
        ] {
            report.finds(check, "StatefulSet crowd/tied", "risk");
        }
        // A node that is there before another goes takes what fits; what names its node is lost with it.
        let mut surge = checks();
        surge.extend(["--surge", "1"]);
        let report = precheck(cluster, &surge).await;
        report.spares("DrainCapacity", "Deployment crowd/large");
        report.finds("PinnedPod", "StatefulSet crowd/tied", "blocker");
        really(&client).await;
        repaired(cluster, &client).await;
    });
}

/// Drains the node: what is evicted finds no other, and comes back with it.
async fn really(client: &Client) {
    cordon(client, "crowd-1", true).await;
    for (app, replicas) in [("large", 2), ("tied", 1)] {
        let pod = running(client, app, replicas, "crowd-1")
            .await
            .expect("a pod there");
        assert_eq!(evict(client, "crowd", &pod, false).await, 201);
        until_unschedulable(client, app).await;
    }
    cordon(client, "crowd-1", false).await;
    running(client, "large", 2, "crowd-1")
        .await
        .expect("a pod back on its node");
    running(client, "tied", 1, "crowd-1")
        .await
        .expect("a pod back on its node");
}

async fn repaired(cluster: &Cluster, client: &Client) {
    add(cluster, "crowd-3").await;
    until_ready(client, "crowd-3").await;
    apply(cluster, UNTIED).await;
    let path = "/apis/apps/v1/namespaces/crowd/statefulsets/tied";
    let updated =
        |set: &Value| set["status"]["updatedReplicas"] == 2 && set["status"]["readyReplicas"] == 2;
    until(client, path, "the repaired stateful set", updated).await;
    let report = precheck(cluster, &checks()).await;
    report.spares("DrainCapacity", "Deployment crowd/large");
    report.spares("DrainCapacity", "Node crowd-1");
    for check in [
        "PinnedPod",
        "SingleReplica",
        "LocalStoragePod",
        "LongTermination",
    ] {
        report.spares(check, "StatefulSet crowd/tied");
    }
}

/// A pod whose owner has no scale, and a budget that is a share.
const UNSCALED: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: unscaled}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: owner, namespace: unscaled}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: owned, namespace: unscaled}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: owned}}}
";

#[test]
fn a_budget_that_nobody_can_reckon() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, UNSCALED).await;
        let owner = client
            .get("/api/v1/namespaces/unscaled/configmaps/owner")
            .await
            .unwrap();
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "owned", "namespace": "unscaled", "labels": { "app": "owned" }, "ownerReferences": [
                { "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"], "controller": true },
            ] },
            "spec": { "containers": [{ "name": "main", "image": "example.com/owned" }] },
        });
        client
            .create("/api/v1/namespaces/unscaled/pods", &pod)
            .await
            .unwrap();
        let path = "/apis/policy/v1/namespaces/unscaled/poddisruptionbudgets/owned";
        let failed = |pdb: &Value| pdb["status"]["conditions"][0]["reason"] == "SyncFailed";
        until(&client, path, "a budget that cannot be reckoned", failed).await;
        // As if it had been so for two minutes.
        let then = (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(2))
            .strftime("%FT%TZ")
            .to_string();
        let budget = client.get(path).await.unwrap();
        let mut condition = budget["status"]["conditions"][0].clone();
        condition["lastTransitionTime"] = then.into();
        client
            .patch_status(path, &json!({ "conditions": [condition] }))
            .await
            .unwrap();
        let check = ["--check", "PdbStatusBroken"];
        let subject = "PodDisruptionBudget unscaled/owned";
        let report = precheck(cluster, &check).await;
        report.finds("PdbStatusBroken", subject, "risk");
        let evicted = client
            .get("/api/v1/namespaces/unscaled/pods/owned")
            .await
            .unwrap();
        assert_eq!(evict(&client, "unscaled", &evicted, true).await, 429);

        client.delete(path).await.unwrap();
        precheck(cluster, &check)
            .await
            .spares("PdbStatusBroken", subject);
    });
}
