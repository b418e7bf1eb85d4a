//! Helm releases in Secrets and ConfigMaps.

use airworthy_testbed::Client;
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{Release, apply, kubectl, live, precheck};

const CHECK: &str = "HelmReleaseDeprecatedApi";

const NAMESPACES: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: charts}
---
apiVersion: v1
kind: Namespace
metadata: {name: charts-too}
";

/// 1.31 serves it, 1.32 does not.
const OLD: &str = "---
# Source: web/templates/flow.yaml
apiVersion: flowcontrol.apiserver.k8s.io/v1beta3
kind: FlowSchema
metadata: {name: web}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
";
const NEW: &str =
    "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: FlowSchema\nmetadata: {name: web}\n";

fn path(object: &Value) -> String {
    let namespace = object["metadata"]["namespace"].as_str().unwrap();
    let kind = object["kind"].as_str().unwrap().to_lowercase();
    format!("/api/v1/namespaces/{namespace}/{kind}s")
}

async fn make(client: &Client, object: &Value) {
    client.create(&path(object), object).await.unwrap();
}

async fn delete(client: &Client, object: &Value) {
    let name = object["metadata"]["name"].as_str().unwrap();
    let path = format!("{}/{name}", path(object));
    client.delete(&path).await.unwrap();
}

#[test]
fn releases_that_hold_what_the_target_does_not_serve() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, NAMESPACES).await;
        let old = |name, revision| Release::deployed("charts", name, revision, OLD);
        let mut superseded = old("upgraded", 1);
        superseded.status = "superseded";
        let mut hooked = Release::deployed("charts-too", "hooked", 1, NEW);
        hooked.content["hooks"] =
            json!([{"name": "h", "manifest": OLD, "events": ["pre-upgrade"]}]);
        let records = [
            old("plain", 1).secret(),
            superseded.secret(),
            Release::deployed("charts", "upgraded", 2, NEW).secret(),
            Release::deployed("charts-too", "mapped", 1, OLD).config_map(),
            hooked.secret(),
        ];
        for record in &records {
            make(&client, record).await;
        }
        let report = precheck(cluster, &["--check", CHECK]).await;
        report.finds(CHECK, "HelmRelease charts/plain", "risk");
        report.finds(CHECK, "HelmRelease charts-too/mapped", "risk");
        report.finds(CHECK, "HelmRelease charts-too/hooked", "risk");
        report.spares(CHECK, "HelmRelease charts/upgraded");

        for record in &records {
            delete(&client, record).await;
        }
        make(
            &client,
            &Release::deployed("charts", "plain", 2, NEW).secret(),
        )
        .await;
        let report = precheck(cluster, &["--check", CHECK]).await;
        assert_eq!(report.status(CHECK), "clear", "{}", report.run());
    });
}

#[test]
fn evidence_that_is_switched_off() {
    live(async {
        let cluster = shared().await;
        let report = precheck(cluster, &["--check", CHECK, "--without", "helm"]).await;
        assert_eq!(report.status(CHECK), "skipped", "{}", report.run());
        assert_eq!(report.member("scope"), "partial");
    });
}
