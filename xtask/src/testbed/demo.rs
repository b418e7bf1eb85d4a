//! `cargo xtask testbed demo`: the recording that `airworthy demo` shows, made of a real cluster.

use std::{io::Write as _, path::Path, process::Command, time::Duration};

use airworthy_testbed::{Apply, Cluster, ClusterOptions, How, wait_until};
use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use crate::test::root;

const RECORDING: &str = "crates/airworthy/demo/recording.tar";

/// Starts a cluster, puts the demo's objects on it, waits until they are settled, and records it.
pub(super) async fn demo() -> Result<()> {
    let cluster = Cluster::start(ClusterOptions::new("1.31").nodes(3).audit()).await?;
    let kubectl = Apply::new("kubectl/v1.31.14", How::ClientSide);
    cluster.apply(&objects("shop.yaml")?, &kubectl).await?;
    release(&cluster).await?;
    settle(&cluster).await?;
    // A client that was never brought up to date: 1.32 does not serve this version.
    let old = cluster.client("flow-tuner/0.3 (linux/amd64)")?;
    old.get("/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas")
        .await?;
    record(&cluster)
}

fn objects(file: &str) -> Result<String> {
    let path = root().join("testbed/demo").join(file);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// Installs a release as Helm does: its objects, and a record of them in a Secret.
async fn release(cluster: &Cluster) -> Result<()> {
    let manifest = objects("flow.yaml")?;
    let helm = Apply::new("Helm/3.16.2", How::Create);
    cluster.apply(&manifest, &helm).await?;
    let deployed = "2026-01-12T09:30:00Z";
    let release = json!({
        "name": "orders", "namespace": "shop", "version": 4,
        "info": {"first_deployed": deployed, "last_deployed": deployed, "status": "deployed"},
        "chart": {"metadata": {"name": "orders", "version": "2.3.0", "apiVersion": "v2"}},
        "manifest": format!("---\n# Source: orders/templates/flow.yaml\n{manifest}"), "hooks": [],
    });
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(release.to_string().as_bytes())?;
    let payload = BASE64_STANDARD.encode(gzip.finish()?);
    let record = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {
            "name": "sh.helm.release.v1.orders.v4", "namespace": "shop",
            "labels": {"owner": "helm", "name": "orders", "status": "deployed", "version": "4"},
        },
        "data": {"release": BASE64_STANDARD.encode(payload)},
    });
    cluster.apply(&record.to_string(), &helm).await?;
    Ok(())
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
    let audit_log: &Path = &cluster.audit_log();
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
        .arg("--audit-log")
        .arg(audit_log)
        .env("KUBECONFIG", cluster.kubeconfig())
        .status()
        .context("cannot start cargo")?;
    if status.success() {
        Ok(())
    } else {
        bail!("airworthy record failed")
    }
}
