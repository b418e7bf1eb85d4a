//! Fields and annotations that come or go while the version of their kind stays.

use crate::common_live::{Release, apply, kubectl, live, precheck};

use super::shared::shared;

const SERVICE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: near}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: near, annotations: {service.kubernetes.io/topology-mode: Auto}}
spec: {ports: [{port: 80}]}
";

#[test]
fn an_annotation_that_a_version_on_the_way_calls_deprecated() {
    const CHECK: &str = "DiscardedResourceField";
    live(async {
        let cluster = shared().await;
        apply(cluster, SERVICE).await;
        let args = ["--check", CHECK, "--target", "1.33"];
        let report = precheck(cluster, &args).await;
        let finding = report.finds(CHECK, "Service near/web", "note");
        let patch = finding["fix"][0]["command"].as_str().unwrap();
        let patch = patch.split('\'').nth(1).unwrap();
        assert_eq!(
            precheck(cluster, &["--check", CHECK]).await.status(CHECK),
            "notApplicable"
        );

        let change = serde_json::from_str(patch).unwrap();
        let service = "/api/v1/namespaces/near/services/web";
        let merge = airworthy_testbed::Patch::Merge;
        kubectl(cluster)
            .patch(service, merge, &change)
            .await
            .unwrap();
        let report = precheck(cluster, &args).await;
        report.spares(CHECK, "Service near/web");
    });
}

/// 1.31 drops the field without a word, 1.33 reads it.
#[test]
fn a_field_that_a_version_on_the_way_begins_to_read() {
    const CHECK: &str = "RemovedFieldUse";
    const MANIFEST: &str = "apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  os: {name: linux}
  containers: [{name: web, image: example.com/web, lifecycle: {stopSignal: SIGHUP}}]
";
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let name = serde_json::json!({ "metadata": { "name": "signals" } });
        client.create("/api/v1/namespaces", &name).await.unwrap();
        let secrets = "/api/v1/namespaces/signals/secrets";
        let release = Release::deployed("signals", "web", 1, MANIFEST).secret();
        client.create(secrets, &release).await.unwrap();
        let far = ["--check", CHECK, "--target", "1.33"];
        let report = precheck(cluster, &far).await;
        report.finds(CHECK, "HelmRelease signals/web", "risk");
        let near = precheck(cluster, &["--check", CHECK, "--target", "1.32"]).await;
        near.spares(CHECK, "HelmRelease signals/web");

        let without = MANIFEST.replace(", lifecycle: {stopSignal: SIGHUP}", "");
        let release = Release::deployed("signals", "web", 2, &without).secret();
        client.create(secrets, &release).await.unwrap();
        let report = precheck(cluster, &far).await;
        report.spares(CHECK, "HelmRelease signals/web");
    });
}
