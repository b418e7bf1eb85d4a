//! What kubelets say of themselves, asked through a real API server; stand-ins answer for them. On a cluster of their own, because every
//! node has to answer.

use airworthy_testbed::{Cluster, ClusterOptions, Kubelet, NodeOptions, Reply, StandIn};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::common_live::{kubectl, live, precheck};

/// Three nodes of one pool.
const NODES: [&str; 3] = ["k1", "k2", "k3"];

pub(super) async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    let start = || async {
        let cluster = Cluster::start(ClusterOptions::new("1.31").nodes(0))
            .await
            .unwrap();
        let pool = ("eks.amazonaws.com/nodegroup".to_owned(), "blue".to_owned());
        let options = NodeOptions {
            labels: vec![pool],
            ..NodeOptions::default()
        };
        for name in NODES {
            cluster.add_node(name, "v1.36.3", &options).await.unwrap();
        }
        cluster.wait_for_nodes().await.unwrap();
        cluster
    };
    CLUSTER.get_or_init(start).await
}

fn config(more: &Value) -> Reply {
    let mut config = json!({ "failSwapOn": true, "serializeImagePulls": true, "maxPods": 110 });
    let all = config.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    Reply::json(&json!({ "kubeletconfig": config }))
}

fn metrics(cgroup: u8) -> Reply {
    Reply::text(&format!(
        "kubelet_running_pods 0\nkubelet_cgroup_version {cgroup}\n"
    ))
}

fn flags(containerd: &str) -> Reply {
    Reply::json(
        &json!({ "kind": "Flagz", "apiVersion": "config.k8s.io/v1beta1",
        "flags": { "containerd": containerd, "v": "2", "boot-id-file": "/proc/sys/kernel/random/boot_id" } }),
    )
}

/// A kubelet with nothing to find.
fn healthy() -> Kubelet {
    let disk = json!({ "availableBytes": 50_u64 << 30, "capacityBytes": 100_u64 << 30 });
    let stats = json!({ "node": { "nodeName": "k", "fs": disk, "runtime": { "imageFs": disk } }, "pods": [] });
    Kubelet::default()
        .answer("/configz", config(&json!({})))
        .answer("/metrics", metrics(2))
        .answer("/flagz", flags("/run/containerd/containerd.sock"))
        .answer("/stats/summary", Reply::json(&stats))
}

/// All kubelets, of which the first is as a test wants it.
async fn kubelets(cluster: &Cluster, first: Kubelet) -> Vec<StandIn> {
    let mut all = Vec::new();
    for (name, kubelet) in NODES.into_iter().zip([first, healthy(), healthy()]) {
        all.push(cluster.serve_kubelet(name, kubelet).await.unwrap());
    }
    all
}

/// One test after the other makes the kubelets what it wants, so they are one test.
#[test]
fn what_only_kubelets_know() {
    live(async {
        let cluster = cluster().await;
        not_asked_for(cluster).await;
        cgroups(cluster).await;
        lost_flags(cluster).await;
        odd_configuration(cluster).await;
    });
}

async fn not_asked_for(cluster: &Cluster) {
    let all = kubelets(cluster, healthy()).await;
    let far = [
        "--check",
        "KubeletFlagRemoved",
        "--target",
        "1.37",
        "--allow-jump",
        "1.31:1.37",
    ];
    let report = precheck(cluster, &far).await;
    report.exits(3);
    let cure = &report.check("KubeletFlagRemoved")["missing"][0]["cure"];
    assert!(
        cure.as_str().unwrap().contains("--evidence nodes"),
        "{cure}"
    );
    let skipped = precheck(cluster, &["--check", "NodeConfigConsistency"]).await;
    assert_eq!(skipped.status("NodeConfigConsistency"), "skipped");
    assert!(all.iter().all(|kubelet| kubelet.seen().is_empty()));
    // On this way no flag is lost, so nobody needs to be asked.
    let near = precheck(
        cluster,
        &["--check", "KubeletFlagRemoved", "--target", "1.32"],
    )
    .await;
    assert_eq!(near.exits(0).status("KubeletFlagRemoved"), "clear");
}

async fn cgroups(cluster: &Cluster) {
    for name in NODES {
        cluster.move_node(name, "v1.31.14").await.unwrap();
    }
    let check = [
        "--check",
        "NodeCgroupVersion",
        "--target",
        "1.35",
        "--allow-jump",
        "1.31:1.35",
        "--evidence",
        "nodes",
    ];
    let old = kubelets(cluster, healthy().answer("/metrics", metrics(1))).await;
    let report = precheck(cluster, &check).await;
    let finding = report
        .exits(1)
        .finds("NodeCgroupVersion", "Node k1", "blocker");
    assert_eq!(finding["hop"]["to"], "1.35");
    drop(old);
    let bears = healthy()
        .answer("/metrics", metrics(1))
        .answer("/configz", config(&json!({ "failCgroupV1": false })));
    let told = kubelets(cluster, bears).await;
    let report = precheck(cluster, &check).await;
    report
        .exits(0)
        .finds("NodeCgroupVersion", "Node k1", "note");
    drop(told);
    let new = kubelets(cluster, healthy()).await;
    let report = precheck(cluster, &check).await;
    assert_eq!(report.exits(0).status("NodeCgroupVersion"), "clear");
    drop(new);
    // Kubelets that are not there: what is not known is not called good.
    let report = precheck(cluster, &check).await;
    assert_eq!(report.exits(3).status("NodeCgroupVersion"), "unknown");
}

async fn lost_flags(cluster: &Cluster) {
    for name in NODES {
        cluster.move_node(name, "v1.36.3").await.unwrap();
    }
    let check = [
        "--check",
        "KubeletFlagRemoved",
        "--target",
        "1.37",
        "--allow-jump",
        "1.31:1.37",
        "--evidence",
        "nodes",
    ];
    let set = kubelets(
        cluster,
        healthy().answer("/flagz", flags("/run/k3s/containerd.sock")),
    )
    .await;
    let report = precheck(cluster, &check).await;
    let finding = report
        .exits(1)
        .finds("KubeletFlagRemoved", "Node k1", "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("--containerd,"), "{message}");
    drop(set);
    let _unset = kubelets(cluster, healthy()).await;
    let report = precheck(cluster, &check).await;
    assert_eq!(report.exits(0).status("KubeletFlagRemoved"), "clear");
}

async fn odd_configuration(cluster: &Cluster) {
    let check = ["--check", "NodeConfigConsistency", "--evidence", "nodes"];
    let odd = config(&json!({ "serializeImagePulls": false, "maxPods": 250 }));
    let differs = kubelets(cluster, healthy().answer("/configz", odd)).await;
    let report = precheck(cluster, &check).await;
    let finding = report
        .exits(0)
        .finds("NodeConfigConsistency", "Node k1", "risk");
    let message = finding["message"].as_str().unwrap();
    let expected = "its kubelet has serializeImagePulls false; pool blue has true";
    assert_eq!(message, expected);
    // Defaults change between versions.
    cluster.move_node("k1", "v1.35.4").await.unwrap();
    let report = precheck(cluster, &check).await;
    assert_eq!(report.exits(0).status("NodeConfigConsistency"), "clear");
    cluster.move_node("k1", "v1.36.3").await.unwrap();
    drop(differs);
    let _same = kubelets(cluster, healthy()).await;
    let report = precheck(cluster, &check).await;
    assert_eq!(report.exits(0).status("NodeConfigConsistency"), "clear");
    let client = kubectl(cluster);
    assert_eq!(
        client.list("/api/v1/nodes").await.unwrap().len(),
        NODES.len()
    );
}
