//! The life of a cluster: start, work, upgrade, end.

use std::time::Duration;

use airworthy_testbed::{Apply, Cluster, ClusterOptions, How, NodeOptions, wait_until};
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(30);

const WEB: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: 'example.com/web:1'}]
";

#[tokio::test]
async fn a_cluster_runs_a_deployment_and_is_upgraded() {
    let options = ClusterOptions::new("1.31").nodes(2);
    let mut cluster = Cluster::start(options).await.unwrap();
    let client = cluster.client("life").unwrap();
    assert_eq!(
        client.get("/version").await.unwrap()["gitVersion"],
        "v1.31.14"
    );

    cluster
        .apply(WEB, &Apply::new("kubectl/v1.31.0", How::ClientSide))
        .await
        .unwrap();
    available(&cluster).await;
    pods_by_annotation(&cluster).await;
    old_node(&cluster).await;
    let versions = kubelet_versions(&cluster).await;
    let new = "v1.31.14 containerd://2.1.4";
    assert_eq!(versions, [new, new, "v1.29.1 cri-o://1.29.1"]);

    own_account(&cluster, "v1.31.14").await;
    cluster.upgrade("1.32").await.unwrap();
    assert_eq!(cluster.version(), "1.32.13");
    own_account(&cluster, "v1.32.13").await;
    assert_eq!(
        client.get("/version").await.unwrap()["gitVersion"],
        "v1.32.13"
    );
    assert_eq!(
        kubelet_versions(&cluster).await,
        versions,
        "nodes stay where they are"
    );
    cluster.move_nodes("v1.32.13").await.unwrap();
    assert_eq!(
        kubelet_versions(&cluster).await,
        [
            "v1.32.13 containerd://2.1.4",
            "v1.32.13 containerd://2.1.4",
            "v1.32.13 cri-o://1.29.1"
        ]
    );

    // The controllers of the new version work: one more replica becomes available.
    let more = WEB.replace("replicas: 2", "replicas: 3");
    cluster
        .apply(&more, &Apply::new("kubectl/v1.31.0", How::ClientSide))
        .await
        .unwrap();
    available(&cluster).await;
}

/// Its mirror pods are there, ready, of this version, and with the real arguments; kubeadm's settings name it too.
async fn own_account(cluster: &Cluster, version: &str) {
    let client = cluster.client("life").unwrap();
    let pods = "/api/v1/namespaces/kube-system/pods?labelSelector=tier%3Dcontrol-plane";
    let pods = client.list(pods).await.unwrap();
    let names: Vec<_> = pods
        .iter()
        .map(|pod| pod["metadata"]["name"].clone())
        .collect();
    let all = [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ];
    assert_eq!(names, all.map(|name| format!("{name}-node-1")));
    for pod in &pods {
        let ready = pod["status"]["conditions"].as_array().unwrap();
        assert!(
            ready
                .iter()
                .any(|one| one["type"] == "Ready" && one["status"] == "True")
        );
    }
    let server = &pods[1]["spec"]["containers"][0];
    assert_eq!(
        server["image"],
        format!("registry.k8s.io/kube-apiserver:{version}")
    );
    let port = cluster.url().rsplit(':').next().unwrap();
    let command = server["command"].as_array().unwrap();
    assert!(
        command.contains(&Value::from(format!("--secure-port={port}"))),
        "{command:?}"
    );
    let settings = client.get("/api/v1/namespaces/kube-system/configmaps/kubeadm-config");
    let settings = settings.await.unwrap();
    let text = settings["data"]["ClusterConfiguration"].as_str().unwrap();
    assert!(text.contains(version), "{text}");
}

/// A pod that is held stays Pending, the pod of a Job ends unless told to go on.
async fn pods_by_annotation(cluster: &Cluster) {
    let yaml = "
apiVersion: v1
kind: Pod
metadata: {name: held, annotations: {testbed.airworthy.dev/hold: 'true'}}
spec: {containers: [{name: c, image: example.com/c}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: short}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: example.com/c}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: long}
spec:
  template:
    metadata: {annotations: {testbed.airworthy.dev/keep-running: 'true'}}
    spec: {restartPolicy: Never, containers: [{name: c, image: example.com/c}]}
";
    cluster
        .apply(yaml, &Apply::new("life", How::Create))
        .await
        .unwrap();
    let client = cluster.client("life").unwrap();
    wait_until(DEADLINE, "the phases of pods", || async {
        let pods = client.list("/api/v1/namespaces/default/pods").await?;
        let phase = |name: &str| {
            let pod = pods
                .iter()
                .find(|pod| pod["metadata"]["name"].as_str().unwrap().starts_with(name));
            pod.map(|pod| {
                pod["status"]["phase"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
        };
        let phases = [phase("short-"), phase("long-"), phase("held")];
        let expected = ["Succeeded", "Running", "Pending"].map(|phase| Some(phase.to_owned()));
        Ok((phases == expected).then_some(()))
    })
    .await
    .unwrap();
    let held = client
        .get("/api/v1/namespaces/default/pods/held")
        .await
        .unwrap();
    assert!(
        held["spec"]["nodeName"].is_string(),
        "held by kwok, not by the scheduler"
    );
}

/// One more node, older than the others; kwok leaves its versions alone while it renews its lease.
async fn old_node(cluster: &Cluster) {
    let options = NodeOptions {
        runtime_version: "cri-o://1.29.1".into(),
        labels: vec![("pool".into(), "old".into())],
        ..NodeOptions::default()
    };
    cluster
        .add_node("old-1", "v1.29.1", &options)
        .await
        .unwrap();
    cluster.wait_for_nodes().await.unwrap();
}

/// Waits until the Deployment has all the replicas it wants.
async fn available(cluster: &Cluster) {
    let client = cluster.client("life").unwrap();
    wait_until(DEADLINE, "the Deployment", || async {
        let web = client
            .get("/apis/apps/v1/namespaces/shop/deployments/web")
            .await?;
        let all = web["status"]["availableReplicas"] == web["spec"]["replicas"];
        let seen = web["status"]["observedGeneration"] == web["metadata"]["generation"];
        Ok((all && seen).then_some(()))
    })
    .await
    .unwrap();
}

async fn kubelet_versions(cluster: &Cluster) -> Vec<String> {
    let nodes = cluster
        .client("life")
        .unwrap()
        .list("/api/v1/nodes")
        .await
        .unwrap();
    let info = |node: &Value| {
        let info = &node["status"]["nodeInfo"];
        let text = |key: &str| info[key].as_str().unwrap_or_default().to_owned();
        format!(
            "{} {}",
            text("kubeletVersion"),
            text("containerRuntimeVersion")
        )
    };
    nodes.iter().map(info).collect()
}

#[tokio::test]
async fn a_component_that_refuses_its_flags_is_told_with_its_log() {
    let mut options = ClusterOptions::new("1.31");
    options.feature_gates.push(("NoSuchGate".into(), true));
    let error = Cluster::start(options).await.unwrap_err().to_string();
    assert!(error.contains("kube-apiserver ended"), "{error}");
    assert!(
        error.contains("unrecognized feature gate: NoSuchGate"),
        "{error}"
    );
}

#[tokio::test]
async fn data_that_was_kept_serves_another_cluster() {
    let alone = || ClusterOptions::new("1.31").without_controllers();
    let cluster = Cluster::start(alone()).await.unwrap();
    assert_eq!(cluster.process_ids().len(), 2, "etcd and the API server");
    let client = cluster.client("life").unwrap();
    let list = "/api/v1/namespaces/default/configmaps";
    let kept = serde_json::json!({ "metadata": { "name": "kept" } });
    client.create(list, &kept).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    cluster.keep_data(&data).unwrap();

    for _ in 0..2 {
        let cluster = Cluster::start(alone().data(&data)).await.unwrap();
        let client = cluster.client("life").unwrap();
        // What this cluster removes is still there in the next.
        client.delete(&format!("{list}/kept")).await.unwrap();
        assert!(cluster.process_id("etcd").is_some() && cluster.process_id("kwok").is_none());
    }
}
