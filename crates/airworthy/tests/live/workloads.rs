//! Workloads, their pods, and add-ons that nobody has tables for.

use airworthy_testbed::{Client, Cluster};
use serde_json::Value;

use super::shared::shared;
use crate::common_live::{
    apply, crash, kubectl, live, precheck, until, until_available, until_gone,
};

/// A service of the cluster itself, and a workload of somebody's; their pods are held back, so none becomes ready.
const HELD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: names, namespace: kube-system}
spec:
  progressDeadlineSeconds: 1
  selector: {matchLabels: {app: names}}
  template:
    metadata: {labels: {app: names}, annotations: {testbed.airworthy.dev/hold: 'true'}}
    spec: {containers: [{name: names, image: 'example.com/names:1.2'}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: weak}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: weak}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}, annotations: {testbed.airworthy.dev/hold: 'true'}}
    spec: {containers: [{name: db, image: example.com/db}]}
";

const NAMES: &str = "/apis/apps/v1/namespaces/kube-system/deployments/names";
const DB: &str = "/apis/apps/v1/namespaces/weak/statefulsets/db";

#[test]
fn workloads_with_fewer_pods_than_they_want_and_an_unknown_add_on() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, HELD).await;
        until(&client, NAMES, "a stuck rollout", gave_up).await;
        until(&client, DB, "a status", |db| db["status"]["replicas"] == 1).await;
        let check = ["--check", "WorkloadUnhealthy"];
        let report = precheck(cluster, &check).await;
        report.exits(1);
        let names = "Deployment kube-system/names";
        report.finds("WorkloadUnhealthy", names, "blocker");
        report.finds("WorkloadUnhealthy", "StatefulSet weak/db", "risk");

        release(cluster, &client).await;
        let report = precheck(cluster, &check).await;
        report.exits(0).spares("WorkloadUnhealthy", names);
        report.spares("WorkloadUnhealthy", "StatefulSet weak/db");
        add_on(cluster, &client).await;
    });
}

fn gave_up(deployment: &Value) -> bool {
    let conditions = deployment["status"]["conditions"].as_array();
    conditions.is_some_and(|all| {
        all.iter()
            .any(|one| one["reason"] == "ProgressDeadlineExceeded")
    })
}

/// Without the annotation, new pods become ready. The set waits for its broken pod unless somebody deletes it.
async fn release(cluster: &Cluster, client: &Client) {
    let hold = ", annotations: {testbed.airworthy.dev/hold: 'true'}";
    apply(cluster, &HELD.replace(hold, "")).await;
    let pod = "/api/v1/namespaces/weak/pods/db-0";
    client.delete(pod).await.unwrap();
    until_available(client, "kube-system", "names").await;
    let ready = |db: &Value| {
        db["status"]["readyReplicas"] == 2
            && db["status"]["observedGeneration"] == db["metadata"]["generation"]
    };
    until(client, DB, "ready pods", ready).await;
}

async fn add_on(cluster: &Cluster, client: &Client) {
    let check = ["--check", "AddonNotAssessed"];
    let names = "Deployment kube-system/names";
    let report = precheck(cluster, &check).await;
    let finding = report.exits(0).finds("AddonNotAssessed", names, "note");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("example.com/names:1.2"), "{message}");
    client.delete(NAMES).await.unwrap();
    until_gone(client, NAMES).await;
    let report = precheck(cluster, &check).await;
    report.exits(0).spares("AddonNotAssessed", names);
}

const CRASHING: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: crash}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: crash}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.com/web}]}
";

#[test]
fn a_pod_that_crashes() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, CRASHING).await;
        until_available(&client, "crash", "web").await;
        let pod = crash(&client, "crash", "web").await;
        let args = ["--check", "PodUnhealthy", "--fail-on", "risk"];
        let report = precheck(cluster, &args).await;
        let finding = report
            .exits(1)
            .finds("PodUnhealthy", "Deployment crash/web", "risk");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("CrashLoopBackOff"), "{message}");

        client.delete(&pod).await.unwrap();
        until_gone(&client, &pod).await;
        let report = precheck(cluster, &args).await;
        report
            .exits(0)
            .spares("PodUnhealthy", "Deployment crash/web");
    });
}
