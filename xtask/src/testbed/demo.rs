//! `cargo xtask testbed demo`: the recording that `airworthy demo` shows, made of a real cluster.

use std::{process::Command, time::Duration};

use airworthy_testbed::{Apply, Cluster, ClusterOptions, How, wait_until};
use anyhow::{Context as _, Result, bail};

use crate::test::root;

const RECORDING: &str = "crates/airworthy/demo/recording.tar";

/// Starts a cluster, puts the demo's objects on it, waits until they are settled, and records it.
pub(super) async fn demo() -> Result<()> {
    let cluster = Cluster::start(ClusterOptions::new("1.31").nodes(3)).await?;
    let objects = std::fs::read_to_string(root().join("testbed/demo/shop.yaml"))
        .context("the demo's objects")?;
    cluster
        .apply(&objects, &Apply::new("kubectl/v1.31.14", How::ClientSide))
        .await?;
    settle(&cluster).await?;
    // A client that was never brought up to date: 1.32 does not serve this version.
    let old = cluster.client("flow-tuner/0.3 (linux/amd64)")?;
    old.get("/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas")
        .await?;
    record(&cluster)
}

async fn settle(cluster: &Cluster) -> Result<()> {
    let client = cluster.client("airworthy-testbed")?;
    let ready = "/apis/apps/v1/namespaces/shop/statefulsets/orders";
    wait_until(
        Duration::from_mins(1),
        "the demo's pods to be ready",
        async || {
            let set = client.get(ready).await?;
            let web = client
                .get("/apis/apps/v1/namespaces/shop/deployments/web")
                .await?;
            let dns = client
                .get("/apis/apps/v1/namespaces/kube-system/deployments/coredns")
                .await?;
            let is = |object: &serde_json::Value, wanted: u64| {
                object["status"]["readyReplicas"].as_u64() == Some(wanted)
            };
            Ok((is(&set, 3) && is(&web, 3) && is(&dns, 2)).then_some(()))
        },
    )
    .await?;
    Ok(())
}

fn record(cluster: &Cluster) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--package",
            "airworthy",
            "--",
            "record",
            "--output",
        ])
        .arg(root().join(RECORDING))
        .env("KUBECONFIG", cluster.kubeconfig())
        .status()
        .context("cannot start cargo")?;
    if status.success() {
        Ok(())
    } else {
        bail!("airworthy record failed")
    }
}
