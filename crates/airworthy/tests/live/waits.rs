//! What only counts once it is some time old.

use airworthy_testbed::{Client, Cluster, ClusterOptions, Patch, wait_until};
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::shared::{add_node, shared};
use crate::common_live::{DEADLINE, apply, kubectl, live, make_old, precheck, until};

#[test]
fn a_node_that_is_not_ready() {
    live(async {
        let cluster = shared().await;
        add_node(cluster, "asleep", "v1.31.14", "containerd://2.1.4").await;
        make_old(cluster, "/api/v1/nodes/asleep", 3).await;
        cluster.set_node_ready("asleep", false).await.unwrap();
        let check = ["--check", "NodeReady"];
        let report = precheck(cluster, &check).await;
        let finding = report.exits(1).finds("NodeReady", "Node asleep", "blocker");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("KubeletNotReady"), "{message}");
        cluster.set_node_ready("asleep", true).await.unwrap();
        let report = precheck(cluster, &check).await;
        report.exits(0).spares("NodeReady", "Node asleep");
    });
}

/// A kubelet that nobody hears of, first while its node is still called ready. On a cluster of its own, since all its kubelets fall
/// silent.
#[test]
fn a_kubelet_that_falls_silent() {
    live(async {
        let options = ClusterOptions::new("1.31").nodes(1);
        let cluster = Cluster::start(options).await.unwrap();
        let client = kubectl(&cluster);
        make_old(&cluster, NODE, 5).await;
        let kwok = cluster
            .process_id("kwok")
            .and_then(|id| i32::try_from(id).ok());
        let kwok = kwok.and_then(Pid::from_raw).expect("kwok runs");
        kill_process(kwok, Signal::STOP).unwrap();
        renewed(&client, 60).await;
        let check = ["--check", "NodeReady"];
        let report = precheck(&cluster, &check).await;
        let finding = report.exits(1).finds("NodeReady", "Node node-1", "blocker");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("has not renewed its lease"), "{message}");
        // What the API server makes of it later.
        until(&client, NODE, "a node that nobody hears of", |node| {
            let told = node.to_string();
            told.contains("NodeStatusUnknown") && told.contains("node.kubernetes.io/unreachable")
        })
        .await;
        precheck(&cluster, &check)
            .await
            .exits(1)
            .finds("NodeReady", "Node node-1", "blocker");

        kill_process(kwok, Signal::CONT).unwrap();
        renewed(&client, 0).await;
        cluster.set_node_ready("node-1", true).await.unwrap();
        precheck(&cluster, &check)
            .await
            .exits(0)
            .spares("NodeReady", "Node node-1");
    });
}

const NODE: &str = "/api/v1/nodes/node-1";

/// Says that the lease of the node was renewed so many seconds ago.
async fn renewed(client: &Client, seconds: i64) {
    let then = Timestamp::now() - SignedDuration::from_secs(seconds);
    let then = then.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string();
    let lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1";
    let change = json!({ "spec": { "renewTime": then } });
    client.patch(lease, Patch::Merge, &change).await.unwrap();
}

/// A definition whose objects are stored at its first version.
const GEARS: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.stale.example.com}
spec:
  group: stale.example.com
  names: {kind: Gear, plural: gears}
  scope: Cluster
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

const DEFINITION: &str =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gears.stale.example.com";
const SUBJECT: &str = "CustomResourceDefinition gears.stale.example.com";
const CHECK: [&str; 2] = ["--check", "CrdStoredVersion"];

#[test]
fn a_definition_that_forgot_the_version_its_objects_are_stored_at() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, GEARS).await;
        first(&client).await;
        left_over(cluster, &client).await;
        forgotten(cluster, &client).await;
        repaired(cluster, &client).await;
    });
}

/// An object at the only version that there is yet.
async fn first(client: &Client) {
    let gear = json!({ "apiVersion": "stale.example.com/v1alpha1", "kind": "Gear", "metadata": { "name": "one" } });
    let created = wait_until(DEADLINE, "a gear", || async {
        let path = "/apis/stale.example.com/v1alpha1/gears";
        Ok(Some(client.create(path, &gear).await?))
    });
    created.await.unwrap();
}

fn version(name: &str, served: bool, storage: bool) -> Value {
    let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    json!({ "name": name, "served": served, "storage": storage, "schema": schema })
}

async fn set_versions(client: &Client, versions: &[Value]) {
    let change = json!({ "spec": { "versions": versions } });
    client
        .patch(DEFINITION, Patch::Merge, &change)
        .await
        .unwrap();
}

async fn set_stored(client: &Client, versions: &[&str]) {
    let status = json!({ "storedVersions": versions });
    client.patch_status(DEFINITION, &status).await.unwrap();
}

/// What a list of the custom resources answers.
async fn list(client: &Client) -> u16 {
    match client.list("/apis/stale.example.com/v1/gears").await {
        Ok(_) => 200,
        Err(error) => error.code().expect("an answer"),
    }
}

async fn until_listed(client: &Client, answer: u16) {
    let what = format!("{answer} for a list of gears");
    let answered = wait_until(DEADLINE, &what, || async {
        Ok((list(client).await == answer).then_some(()))
    });
    answered.await.unwrap();
}

/// The storage version has moved on, the old one is left over; then it is not even served.
async fn left_over(cluster: &Cluster, client: &Client) {
    for (served, severity) in [(true, "note"), (false, "risk")] {
        let versions = [
            version("v1alpha1", served, false),
            version("v1", true, true),
        ];
        set_versions(client, &versions).await;
        let both = |crd: &Value| crd["status"]["storedVersions"] == json!(["v1alpha1", "v1"]);
        until(client, DEFINITION, "stored versions", both).await;
        until_listed(client, 200).await;
        let report = precheck(cluster, &CHECK).await;
        // Definitions of other tests may be worse.
        report.finds("CrdStoredVersion", SUBJECT, severity);
    }
    // What the operator's next release would send.
    let dropped = json!({ "spec": { "versions": [version("v1", true, true)] } });
    let sent = client.patch(DEFINITION, Patch::Merge, &dropped).await;
    assert_eq!(sent.unwrap_err().code(), Some(422));
}

/// Somebody says that no object is stored at the old version, and takes it out of the definition: now no list works.
async fn forgotten(cluster: &Cluster, client: &Client) {
    set_stored(client, &["v1"]).await;
    set_versions(client, &[version("v1", true, true)]).await;
    until_listed(client, 500).await;
    make_old(cluster, DEFINITION, 2).await;
    let report = precheck(cluster, &CHECK).await;
    let finding = report
        .exits(1)
        .finds("CrdStoredVersion", SUBJECT, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("answers 500"), "{message}");

    // The truth in the status says the same without any list.
    set_stored(client, &["v1alpha1", "v1"]).await;
    let report = precheck(cluster, &CHECK).await;
    let about = report.exits(1).about("CrdStoredVersion", SUBJECT);
    let absent = |finding: &&&Value| {
        finding["message"]
            .as_str()
            .unwrap()
            .contains("does not have")
    };
    assert_eq!(about.iter().filter(absent).count(), 1, "{about:#?}");
}

/// As the finding says: put the version back, write every object again, take it out of the list.
async fn repaired(cluster: &Cluster, client: &Client) {
    let versions = [version("v1alpha1", false, false), version("v1", true, true)];
    set_versions(client, &versions).await;
    until_listed(client, 200).await;
    let path = "/apis/stale.example.com/v1/gears/one";
    let gear = client.get(path).await.unwrap();
    client.replace(path, &gear).await.unwrap();
    set_stored(client, &["v1"]).await;
    set_versions(client, &[version("v1", true, true)]).await;
    until_listed(client, 200).await;
    let report = precheck(cluster, &CHECK).await;
    report.spares("CrdStoredVersion", SUBJECT);
}

/// An autoscaler over a workload, where nothing serves metrics.
const SCALED: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: scaled}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: scaled}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.com/web}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: scaled}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
";

#[test]
fn an_autoscaler_without_metrics() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, SCALED).await;
        let path = "/apis/autoscaling/v2/namespaces/scaled/horizontalpodautoscalers/web";
        let inactive = |hpa: &Value| {
            let conditions = hpa["status"]["conditions"].as_array();
            let is = |one: &Value| one["type"] == "ScalingActive" && one["status"] == "False";
            conditions.is_some_and(|all| all.iter().any(is))
        };
        until(&client, path, "an inactive autoscaler", inactive).await;
        make_old(cluster, path, 3).await;
        let check = ["--check", "HpaHealth"];
        let subject = "HorizontalPodAutoscaler scaled/web";
        let report = precheck(cluster, &check).await;
        let finding = report.exits(0).finds("HpaHealth", subject, "risk");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("FailedGetResourceMetric"), "{message}");

        // Scaled to nothing on purpose, it has nothing to scale.
        let nothing = json!({ "spec": { "replicas": 0 } });
        let deployment = "/apis/apps/v1/namespaces/scaled/deployments/web";
        client
            .patch(deployment, Patch::Merge, &nothing)
            .await
            .unwrap();
        let disabled = |hpa: &Value| hpa["status"].to_string().contains("ScalingDisabled");
        until(&client, path, "a disabled autoscaler", disabled).await;
        let report = precheck(cluster, &check).await;
        report.exits(0).spares("HpaHealth", subject);
    });
}
