//! What kubelets say of themselves, asked through a real API server; stand-ins answer for them. On a cluster of their own, because every
//! node has to answer.

use airworthy_testbed::{Cluster, ClusterOptions, Kubelet, NodeOptions, Reply, StandIn};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::common_live::{kubectl, live, precheck};

/// Three nodes of one pool.
pub(super) const NODES: [&str; 3] = ["k1", "k2", "k3"];

pub(super) async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    let start = || async {
        let cluster = Cluster::start(ClusterOptions::new("1.31").nodes(0))
            .await
            .unwrap();
        add_nodes(&cluster).await;
        cluster
    };
    CLUSTER.get_or_init(start).await
}

async fn add_nodes(cluster: &Cluster) {
    let pool = ("eks.amazonaws.com/nodegroup".to_owned(), "blue".to_owned());
    let options = NodeOptions {
        labels: vec![pool],
        ..NodeOptions::default()
    };
    for name in NODES {
        cluster.add_node(name, "v1.36.3", &options).await.unwrap();
    }
    cluster.wait_for_nodes().await.unwrap();
}

/// Nodes whose kubelets answer and have nothing to tell.
pub(super) async fn all_well(cluster: &Cluster) -> Vec<StandIn> {
    add_nodes(cluster).await;
    kubelets(cluster, healthy()).await
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

/// What a node of 8 cores and 32 GiB uses, and what is left of 100 GiB on its disk.
fn stats(milli_cores: u64, memory_gib: u64, free_mib: u64) -> Reply {
    let disk = json!({ "availableBytes": free_mib << 20, "capacityBytes": 100_u64 << 30 });
    let cpu = json!({ "time": "2026-11-22T12:00:00Z", "usageNanoCores": milli_cores * 1_000_000 });
    let memory = json!({ "workingSetBytes": memory_gib << 30 });
    Reply::json(
        &json!({ "node": { "nodeName": "k", "fs": disk, "runtime": { "imageFs": disk }, "cpu": cpu, "memory": memory }, "pods": [] }),
    )
}

/// A kubelet with nothing to find.
fn healthy() -> Kubelet {
    Kubelet::default()
        .answer("/configz", config(&json!({})))
        .answer("/metrics", metrics(2))
        .answer("/flagz", flags("/run/containerd/containerd.sock"))
        .answer("/stats/summary", stats(2000, 8, 50 << 10))
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
        certificates(cluster).await;
        busy(cluster).await;
        full_disks(cluster).await;
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
    let cure = cure.as_str().unwrap();
    assert!(
        cure.contains("--evidence nodes") && !cure.contains("--skip"),
        "{cure}"
    );
    // One that does not show its flags is to be looked at.
    cluster.move_node("k1", "v1.35.4").await.unwrap();
    let report = precheck(cluster, &far).await;
    report.exits(3);
    let cure = &report.check("KubeletFlagRemoved")["missing"][0]["cure"];
    let cure = cure.as_str().unwrap();
    assert!(cure.contains("--skip KubeletFlagRemoved"), "{cure}");
    cluster.move_node("k1", "v1.36.3").await.unwrap();
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

const CONFIG_MAPS: &str = "/api/v1/namespaces/kube-system/configmaps";

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
    // Kubelets before 1.35 show the default like what somebody wrote.
    let old = healthy()
        .answer("/metrics", metrics(1))
        .answer("/configz", config(&json!({ "failCgroupV1": false })));
    let old = kubelets(cluster, old).await;
    let report = precheck(cluster, &check).await;
    let finding = report
        .exits(1)
        .finds("NodeCgroupVersion", "Node k1", "blocker");
    assert_eq!(finding["hop"]["to"], "1.35");
    let written = json!({ "kind": "KubeletConfiguration", "failCgroupV1": false });
    let data = json!({ "kubelet": written.to_string() });
    let object = json!({ "metadata": { "name": "kubelet-config" }, "data": data });
    let client = kubectl(cluster);
    client.create(CONFIG_MAPS, &object).await.unwrap();
    let report = precheck(cluster, &check).await;
    report
        .exits(0)
        .finds("NodeCgroupVersion", "Node k1", "note");
    let path = format!("{CONFIG_MAPS}/kubelet-config");
    client.delete(&path).await.unwrap();
    drop(old);
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

async fn certificates(cluster: &Cluster) {
    let check = ["--check", "KubeletCertificate", "--evidence", "nodes"];
    let ends = |seconds: u32| {
        let line = format!("kubelet_certificate_manager_client_ttl_seconds {seconds}\n");
        Reply::text(&format!("kubelet_running_pods 0\n{line}"))
    };
    let rotates = config(&json!({ "rotateCertificates": true }));
    let lost = healthy().answer("/metrics", ends(7200));
    for (kubelet, severity, words) in [
        (
            lost.clone(),
            "blocker",
            "ends in 2 h, and nobody rotates it",
        ),
        (
            healthy().answer("/metrics", ends(20 * 86400)),
            "risk",
            "ends in 20 d, and nobody rotates it",
        ),
        (
            lost.answer("/configz", rotates.clone()),
            "risk",
            "ends in 2 h",
        ),
    ] {
        let told = kubelets(cluster, kubelet).await;
        let report = precheck(cluster, &check).await;
        let finding = report.finds(check[1], "Node k1", severity);
        let message = finding["message"].as_str().unwrap();
        assert!(message.ends_with(words), "{message}");
        report.exits(i32::from(severity == "blocker"));
        drop(told);
    }
    let renewed = healthy()
        .answer("/metrics", ends(200 * 86400))
        .answer("/configz", rotates);
    let _renewed = kubelets(cluster, renewed).await;
    let report = precheck(cluster, &check).await;
    assert_eq!(report.exits(0).status(check[1]), "clear");
}

async fn busy(cluster: &Cluster) {
    let both = [
        "--check",
        "NodeCpuUsage,NodeMemoryUsage",
        "--evidence",
        "nodes",
    ];
    let none = precheck(cluster, &both[..2]).await;
    assert_eq!(none.exits(0).status("NodeCpuUsage"), "notApplicable");
    let full = kubelets(
        cluster,
        healthy().answer("/stats/summary", stats(7700, 31, 50 << 10)),
    )
    .await;
    let report = precheck(cluster, &both).await;
    for (check, message) in [
        ("NodeCpuUsage", "uses 96 % of its processor"),
        ("NodeMemoryUsage", "uses 96 % of its memory"),
    ] {
        let finding = report.exits(0).finds(check, "Node k1", "risk");
        assert_eq!(finding["message"], message);
    }
    drop(full);
    let _quiet = kubelets(cluster, healthy()).await;
    let report = precheck(cluster, &both).await;
    for check in ["NodeCpuUsage", "NodeMemoryUsage"] {
        assert_eq!(report.exits(0).status(check), "clear");
    }
}

async fn full_disks(cluster: &Cluster) {
    let check = ["--check", "NodeDiskSpace", "--evidence", "nodes"];
    for (free_mib, severity, code) in [(500, "blocker", 1), (10 << 10, "risk", 0)] {
        let full = kubelets(
            cluster,
            healthy().answer("/stats/summary", stats(0, 0, free_mib)),
        )
        .await;
        let report = precheck(cluster, &check).await;
        let about = report.exits(code).about(check[1], "Node k1");
        assert_eq!(about.len(), 2, "{about:#?}");
        assert!(
            about.iter().all(|one| one["severity"] == severity),
            "{about:#?}"
        );
        drop(full);
    }
    let _room = kubelets(cluster, healthy()).await;
    let report = precheck(cluster, &check).await;
    assert_eq!(report.exits(0).status(check[1]), "clear");
}
