//! A cluster that was recorded, upgraded from 1.31 to 1.32 and judged.

use std::path::Path;

use airworthy_testbed::{
    AggregatedApi, Client, Cluster, ClusterOptions, NodeOptions, StandIn, Verdict,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell, RwLock};

use super::{later, traffic};
use crate::common_live::{
    Report, airworthy, apply, kubectl, postcheck, until, until_available, until_counted,
};

/// What tests break.
const OBJECTS: &str = include_str!("objects.yaml");
/// Nodes beside `node-1` that tests break.
const NODES: [&str; 5] = ["asleep", "cordoned", "gone", "left", "marked"];

/// The upgraded cluster, and what was said before anything was broken.
pub(super) struct Upgraded {
    pub(super) cluster: Cluster,
    /// The run right after the upgrade, with the baseline.
    pub(super) good: Report,
    /// The same without a baseline.
    pub(super) without_baseline: Report,
    /// Held by a test that takes the endpoints of a Service, because one check judges those of all.
    pub(super) endpoints: Mutex<()>,
    folder: TempDir,
    _stand_ins: [StandIn; 2],
}

/// The one upgraded cluster of all tests.
pub(super) async fn upgraded() -> &'static RwLock<Upgraded> {
    static UPGRADED: OnceCell<RwLock<Upgraded>> = OnceCell::const_new();
    let make = || async { RwLock::new(Upgraded::make().await) };
    UPGRADED.get_or_init(make).await
}

impl Upgraded {
    async fn make() -> Self {
        let options = ClusterOptions::new("1.31").nodes(1).audit();
        let mut cluster = Cluster::start(options).await.unwrap();
        let client = kubectl(&cluster);
        for name in NODES {
            add_node(&cluster, name, "v1.31.14").await;
        }
        let stand_ins = fill(&cluster, &client).await;
        let allows = |pdb: &Value| pdb["status"]["disruptionsAllowed"] == 1;
        let budget = "/apis/policy/v1/namespaces/back/poddisruptionbudgets/web";
        until(&client, budget, "a budget that allows an eviction", allows).await;
        let folder = tempfile::tempdir().unwrap();
        record(&mut cluster, &folder.path().join("before.tar")).await;

        cluster.upgrade("1.32").await.unwrap();
        cluster.move_nodes("v1.32.13").await.unwrap();
        settled(&cluster, &client).await;
        let before = folder.path().join("before.tar");
        let good = postcheck(&cluster, Some(&before), &[]).await;
        let without_baseline = postcheck(&cluster, None, &[]).await;
        Self {
            cluster,
            good,
            without_baseline,
            endpoints: Mutex::default(),
            folder,
            _stand_ins: stand_ins,
        }
    }

    /// A post-check against the recording from before the upgrade.
    pub(super) async fn postcheck(&self, args: &[&str]) -> Report {
        let before = self.folder.path().join("before.tar");
        postcheck(&self.cluster, Some(&before), args).await
    }

    /// The same with one check only.
    pub(super) async fn check(&self, name: &str) -> Report {
        self.postcheck(&["--check", name]).await
    }
}

/// A node on which nobody's pods run.
pub(super) async fn add_node(cluster: &Cluster, name: &str, kubelet: &str) {
    let options = NodeOptions {
        taints: vec![json!({ "key": "test", "value": name, "effect": "NoSchedule" })],
        ..NodeOptions::default()
    };
    cluster.add_node(name, kubelet, &options).await.unwrap();
}

async fn fill(cluster: &Cluster, client: &Client) -> [StandIn; 2] {
    apply(cluster, OBJECTS).await;
    traffic::open(cluster, client).await;
    let api = AggregatedApi {
        group: "gauges.example.com".into(),
        version: "v1".into(),
        kind: "Gauge".into(),
    };
    let api = cluster.serve_api("gauges", "server", api).await.unwrap();
    let webhook = cluster.serve_webhook("guarded", "guard", Verdict::Allow);
    let webhook = webhook.await.unwrap();
    register(client, webhook.ca_bundle()).await;
    until_available(client, "back", "web").await;
    until_available(client, "shop", "web").await;
    let claim = "/api/v1/namespaces/disks/persistentvolumeclaims/data";
    let bound = |claim: &Value| claim["status"]["phase"] == "Bound";
    until(client, claim, "a bound claim", bound).await;
    later::fill(client).await;
    [api, webhook]
}

async fn register(client: &Client, ca_bundle: &str) {
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    let webhook = json!({
        "name": "guard.example.com",
        "clientConfig": { "service": { "namespace": "guarded", "name": "guard" }, "caBundle": ca_bundle },
        "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"] }],
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "guarded" } },
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    });
    let configuration = json!({ "metadata": { "name": "guard" }, "webhooks": [webhook] });
    client.create(path, &configuration).await.unwrap();
}

async fn record(cluster: &mut Cluster, file: &Path) {
    // Objects are counted when the API server starts; after that it would take minutes.
    cluster.restart(|_| ()).await.unwrap();
    let client = kubectl(cluster);
    until_counted(&client, "gears.example.com", 1).await;
    until_counted(&client, "cronjobs.batch", 3).await;
    let kubeconfig = cluster.kubeconfig();
    let args = [
        "record",
        "-o",
        file.to_str().unwrap(),
        "--kubeconfig",
        kubeconfig.to_str().unwrap(),
    ];
    airworthy(&args).await.exits(0);
}

/// Waits until the controllers of the new version have taken over.
async fn settled(cluster: &Cluster, client: &Client) {
    until_available(client, "back", "web").await;
    until_available(client, "shop", "web").await;
    cluster.wait_for_nodes().await.unwrap();
    cluster
        .wait_for_api_service("v1.gauges.example.com", true)
        .await
        .unwrap();
    until_counted(client, "gears.example.com", 1).await;
    until_counted(client, "cronjobs.batch", 3).await;
}
