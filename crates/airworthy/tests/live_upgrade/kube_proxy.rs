//! A kube-proxy that did not come along.

use airworthy_testbed::{Client, Patch, wait_until};
use serde_json::{Value, json};

use super::upgraded::{Upgraded, upgraded};
use crate::common_live::{DEADLINE, apply, kubectl, live};

const NAME: &str = "PostKubeProxyConverged";
const SET: &str = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy";
const SUBJECT: &str = "DaemonSet kube-system/kube-proxy";
const KUBE_PROXY: &str = "
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-proxy}}
  updateStrategy: {type: OnDelete}
  template:
    metadata: {labels: {k8s-app: kube-proxy}}
    spec:
      nodeSelector: {kubernetes.io/hostname: node-1}
      tolerations: [{operator: Exists}]
      containers:
      - name: kube-proxy
        image: registry.k8s.io/kube-proxy:VERSION
        command: [/usr/local/bin/kube-proxy, --config=/var/lib/kube-proxy/config.conf]
";

#[test]
fn a_kube_proxy_that_did_not_come_along() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        apply(
            &upgraded.cluster,
            &KUBE_PROXY.replace("VERSION", "v1.31.14"),
        )
        .await;
        counted(&client, "numberReady", 1).await;
        upgraded.check(NAME).await.exits(0).spares(NAME, SUBJECT);

        // Its pods are replaced only by hand, and nobody does it.
        apply(&upgraded.cluster, &KUBE_PROXY.replace("VERSION", "v1.33.0")).await;
        counted(&client, "updatedNumberScheduled", 0).await;
        upgraded
            .check(NAME)
            .await
            .exits(1)
            .finds(NAME, SUBJECT, "blocker");
        replaced(&client).await;
        let report = upgraded.check(NAME).await;
        report.exits(1).spares(NAME, SUBJECT);
        report.finds(NAME, "Node node-1", "blocker");

        apply(
            &upgraded.cluster,
            &KUBE_PROXY.replace("VERSION", "v1.32.13"),
        )
        .await;
        replaced(&client).await;
        upgraded
            .check(NAME)
            .await
            .exits(0)
            .spares(NAME, "Node node-1");
        mode(&upgraded, &client).await;
        client.delete(SET).await.unwrap();
    });
}

async fn mode(upgraded: &Upgraded, client: &Client) {
    let subject = "ConfigMap kube-system/kube-proxy";
    let path = "/api/v1/namespaces/kube-system/configmaps/kube-proxy";
    let kept = client.get(path).await.unwrap()["data"]["config.conf"].clone();
    let put = async |text: Value| {
        let change = json!({ "data": { "config.conf": text } });
        client.patch(path, Patch::Merge, &change).await.unwrap();
        upgraded.check(NAME).await
    };
    let settings = json!({ "kind": "KubeProxyConfiguration", "mode": "nftables" });
    let report = put(settings.to_string().into()).await;
    report.exits(0).finds(NAME, subject, "risk");
    put(kept).await.exits(0).spares(NAME, subject);
}

/// Waits until the controller has seen the newest template and counts so many pods.
async fn counted(client: &Client, field: &str, count: u64) {
    let done = wait_until(DEADLINE, field, || async {
        let set = client.get(SET).await?;
        let seen = set["status"]["observedGeneration"] == set["metadata"]["generation"];
        let counted = set["status"][field].as_u64().unwrap_or_default() == count;
        Ok((seen && counted).then_some(()))
    });
    done.await.unwrap();
}

/// Deletes the pods, as its operator has to, and waits for the new ones.
async fn replaced(client: &Client) {
    let pods = "/api/v1/namespaces/kube-system/pods";
    let ours = format!("{pods}?labelSelector=k8s-app%3Dkube-proxy");
    for pod in client.list(&ours).await.unwrap() {
        let name = pod["metadata"]["name"].as_str().unwrap();
        client.delete(&format!("{pods}/{name}")).await.unwrap();
    }
    counted(client, "updatedNumberScheduled", 1).await;
    counted(client, "numberReady", 1).await;
}
