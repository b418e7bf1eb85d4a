//! The clusters that tests share.

use airworthy_testbed::{Cluster, ClusterOptions, NodeOptions};
use serde_json::json;
use tokio::sync::OnceCell;

/// The user of the quiet cluster who may do what a role says.
pub(super) const READER: &str = "reader";

/// A 1.31 cluster in which every test makes its own bad situations.
pub(super) async fn shared() -> &'static Cluster {
    static SHARED: OnceCell<Cluster> = OnceCell::const_new();
    let start = || async {
        let options = ClusterOptions::new("1.31").nodes(3);
        Cluster::start(options).await.unwrap()
    };
    SHARED.get_or_init(start).await
}

/// A 1.31 cluster without anything to find; tests only look at it.
pub(super) async fn quiet() -> &'static Cluster {
    static QUIET: OnceCell<Cluster> = OnceCell::const_new();
    let start = || async {
        let options = ClusterOptions::new("1.31").nodes(3).user(READER, &[]);
        Cluster::start(options).await.unwrap()
    };
    QUIET.get_or_init(start).await
}

/// A node of a test's own, on which nobody else's pods run.
pub(super) async fn add_node(cluster: &Cluster, name: &str, kubelet: &str, runtime: &str) {
    let options = NodeOptions {
        runtime_version: runtime.into(),
        taints: vec![json!({ "key": "test", "value": name, "effect": "NoSchedule" })],
        ..NodeOptions::default()
    };
    cluster.add_node(name, kubelet, &options).await.unwrap();
}
