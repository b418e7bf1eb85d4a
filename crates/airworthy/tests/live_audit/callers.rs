//! Clients that call, each with a name of its own.

use airworthy_testbed::{Cluster, ClusterOptions};

/// Whose program only reads, at a version that 1.32 does not serve.
pub(super) const READER: &str = "flow-reader";
pub(super) const READS: &str = "flow-exporter/2.3.0 (linux/amd64) exporter/846d251";

/// Whose kubectl is of long ago.
pub(super) const OLD_KUBECTL: &str = "kubectl/v1.24.3 (linux/amd64) kubernetes/aef86a9";

pub(super) const URL: &str = "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas";

/// 1.31 with an audit log, where nobody calls but who is told to.
pub(super) fn options() -> ClusterOptions {
    ClusterOptions::new("1.31")
        .audit()
        .without_controllers()
        .user(READER, &["system:masters"])
}

/// Reads at the version that ends, twice, and never writes.
pub(super) async fn read_what_ends(cluster: &Cluster) {
    let client = cluster.client_for(READER, READS).unwrap();
    for _ in 0..2 {
        assert!(!client.list(URL).await.unwrap().is_empty());
    }
}

pub(super) async fn use_an_old_kubectl(cluster: &Cluster) {
    let client = cluster.client_for(READER, OLD_KUBECTL).unwrap();
    client.list("/api/v1/namespaces").await.unwrap();
}
