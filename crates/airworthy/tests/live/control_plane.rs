//! What only a new API server or a new scheduler puts right; so on a cluster of its own, which is started anew.

use airworthy_testbed::{Apply, Client, Cluster, ClusterOptions, How};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::common_live::{Report, kubectl, live, make_stale, precheck, until_counted};

const LOST: &str = "podschedulingcontexts.resource.k8s.io";
/// One of the gates that the API needs is gone at 1.32 as well, and that is not what is tried here.
const MANAGED: [&str; 2] = ["--control-plane", "managed"];
const FLOW_SCHEMA: &str = "FlowSchema flowschemas";

/// 1.31 with the API of dynamic resource allocation that 1.32 cannot read any more.
fn options() -> ClusterOptions {
    let mut options = ClusterOptions::new("1.31").nodes(1);
    options.runtime_config = vec!["resource.k8s.io/v1alpha3=true".into()];
    let gates = ["DynamicResourceAllocation", "DRAControlPlaneController"];
    options.hidden_control_plane = true;
    options.feature_gates = gates.map(|gate| (gate.to_owned(), true)).to_vec();
    options
}

#[test]
fn removed_apis_and_a_dead_scheduler() {
    live(async {
        let mut cluster = Cluster::start(options()).await.unwrap();
        let client = kubectl(&cluster);
        until_counted(&client, LOST, 0).await;
        healthy(&precheck(&cluster, &MANAGED).await);

        call_a_deprecated_version(&cluster).await;
        store_an_object_without_future(&cluster).await;
        cluster.stop("kube-scheduler").unwrap();
        let report = precheck(&cluster, &["--check", "DeprecatedApiCheck"]).await;
        deprecated(&report);
        stale_lease(&cluster, &client).await;

        // A new API server forgets who called what, and counts what is stored; a new scheduler holds its lease.
        cluster.restart(|_| ()).await.unwrap();
        until_counted(&client, LOST, 1).await;
        let report = precheck(&cluster, &MANAGED).await;
        report.exits(1).spares("DeprecatedApiCheck", FLOW_SCHEMA);
        report.spares("ControlPlaneHealth", "Component kube-scheduler");
        lost(&report);
        not_served(&mut cluster, &client).await;

        client.delete(LOST_OBJECT).await.unwrap();
        cluster.restart(|_| ()).await.unwrap();
        until_counted(&client, LOST, 0).await;
        healthy(&precheck(&cluster, &MANAGED).await);
    });
}

/// Nothing can be read then, and nobody is told that the cluster is ready.
#[test]
fn a_store_that_hangs() {
    live(async {
        let options = ClusterOptions::new("1.31").nodes(1);
        let mut cluster = Cluster::start(options).await.unwrap();
        let etcd = etcd(&cluster);
        kill_process(etcd, Signal::STOP).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        std::fs::write(&config, "request-timeout-seconds = 2\n").unwrap();
        let impatient = ["--config", config.to_str().unwrap()];
        let report = precheck(&cluster, &impatient).await;
        report.exits(3);
        assert_eq!(report.member("verdict"), "cannotDetermine");
        for check in [
            "ControlPlaneHealth",
            "PdbBlocksDrain",
            "NodeReady",
            "CrdStoredVersion",
        ] {
            assert_eq!(report.status(check), "unknown");
            assert_eq!(report.check(check)["missing"][0]["reason"], "timedOut");
        }

        kill_process(etcd, Signal::CONT).unwrap();
        // Leaders that could not renew their leases have ended.
        cluster.restart(|_| ()).await.unwrap();
        cluster.wait_for_nodes().await.unwrap();
        let report = precheck(&cluster, &impatient).await;
        report.exits(0);
        assert_eq!(report.status("ControlPlaneHealth"), "clear");
    });
}

fn etcd(cluster: &Cluster) -> Pid {
    let is_etcd = |pid: &u32| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
        name.is_ok_and(|name| name.trim() == "etcd")
    };
    let pid = cluster.process_ids().into_iter().find(is_etcd);
    let pid = pid.and_then(|pid| i32::try_from(pid).ok());
    pid.and_then(Pid::from_raw).expect("etcd runs")
}

/// The run of a cluster in order. Controllers of 1.31 call the API that goes, which is nobody's fault.
#[track_caller]
fn healthy(report: &Report) {
    report.exits(0);
    assert_eq!(report.status("ControlPlaneHealth"), "clear");
    assert_eq!(report.status("RemovedApiObjects"), "clear");
    report.spares("DeprecatedApiCheck", FLOW_SCHEMA);
}

async fn call_a_deprecated_version(cluster: &Cluster) {
    let old_client = cluster.client("old-tool/0.1").unwrap();
    let path = "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas?limit=1";
    old_client.list(path).await.unwrap();
}

#[track_caller]
fn deprecated(report: &Report) {
    let finding = report
        .exits(1)
        .finds("DeprecatedApiCheck", FLOW_SCHEMA, "blocker");
    assert_eq!(finding["hop"], json!({ "from": "1.31", "to": "1.32" }));
    assert_eq!(finding["breaks"], "runningClient");
    let evidence = &finding["evidence"][0];
    assert_eq!(evidence["kind"], "call");
    let detail = evidence["detail"].as_str().unwrap();
    assert!(detail.contains("flowschemas: LIST 1 "), "{detail}");
}

const LOST_OBJECT: &str =
    "/apis/resource.k8s.io/v1alpha3/namespaces/default/podschedulingcontexts/one";

/// What is stored is still there when its version comes back; at the target nobody reaches it.
async fn not_served(cluster: &mut Cluster, client: &Client) {
    let next = cluster.restart(|changed| {
        "1.32".clone_into(&mut changed.minor);
        changed.feature_gates.clear();
        changed.controllers = false;
    });
    next.await.unwrap();
    assert!(!client.exists(LOST_OBJECT).await.unwrap());
    cluster
        .restart(|changed| *changed = options())
        .await
        .unwrap();
    assert!(client.exists(LOST_OBJECT).await.unwrap());
}

async fn store_an_object_without_future(cluster: &Cluster) {
    let yaml = "
apiVersion: resource.k8s.io/v1alpha3
kind: PodSchedulingContext
metadata: {name: one}
spec: {selectedNode: node-1}
";
    let create = Apply::new("old-tool/0.1", How::Create);
    cluster.apply(yaml, &create).await.unwrap();
}

#[track_caller]
fn lost(report: &Report) {
    let subject = "PodSchedulingContext podschedulingcontexts";
    let finding = report.finds("RemovedApiObjects", subject, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.starts_with("1 stored"), "{message}");
    assert_eq!(finding["evidence"][0]["kind"], "stored");
}

async fn stale_lease(cluster: &Cluster, client: &Client) {
    make_stale(client, "kube-scheduler").await;
    let report = precheck(cluster, &["--check", "ControlPlaneHealth"]).await;
    let subject = "Component kube-scheduler";
    let finding = report
        .exits(1)
        .finds("ControlPlaneHealth", subject, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("no leader works"), "{message}");
}
