//! Traces of work on nodes, and what others have under way.

use airworthy_testbed::{Cluster, Patch};
use serde_json::{Value, json};

use super::shared::{add_node, shared};
use crate::common_live::{apply, kubectl, live, make_old, precheck, until};

const RUNTIME: &str = "containerd://2.1.4";

#[test]
fn a_node_that_somebody_has_begun_to_upgrade() {
    live(async {
        let cluster = shared().await;
        add_node(cluster, "begun", "v1.31.14", RUNTIME).await;
        let node = "/api/v1/nodes/begun";
        let client = kubectl(cluster);
        let old = json!({ "metadata": { "labels": { "upgrade.cce.io/skipped": "true" } } });
        client.patch(node, Patch::Merge, &old).await.unwrap();
        let taint = json!({ "key": "node.kubernetes.io/upgrade", "effect": "NoSchedule" });
        let begun = json!({ "spec": { "unschedulable": true, "taints": [taint] } });
        client.patch(node, Patch::Merge, &begun).await.unwrap();
        make_old(cluster, node, 3).await;
        // What the API server makes of it: the scheduler puts nothing there.
        let closed = |node: &Value| {
            node.to_string()
                .contains("node.kubernetes.io/unschedulable")
        };
        until(&client, node, "the taint of a cordoned node", closed).await;
        let check = ["--check", "NodeUpgradeTaint"];
        let report = precheck(cluster, &check).await;
        report.exits(0);
        let about = report.about("NodeUpgradeTaint", "Node begun");
        assert!(
            about.iter().all(|one| one["severity"] == "risk"),
            "{about:#?}"
        );
        let said = about.iter().map(|one| one["message"].as_str().unwrap());
        let said = said.collect::<Vec<_>>().join("\n");
        for trace in [
            "is cordoned",
            "the taint node.kubernetes.io/upgrade",
            "the label upgrade.cce.io/skipped",
        ] {
            assert!(said.contains(trace), "{trace}: {said}");
        }
        assert_eq!(about.len(), 3, "{said}");

        let undone = json!({ "metadata": { "labels": { "upgrade.cce.io/skipped": null } }, "spec": { "unschedulable": false, "taints": null } });
        client.patch(node, Patch::Merge, &undone).await.unwrap();
        let report = precheck(cluster, &check).await;
        report.exits(0).spares("NodeUpgradeTaint", "Node begun");
    });
}

#[test]
fn a_runtime_that_the_target_was_not_tested_with() {
    live(async {
        let cluster = shared().await;
        add_node(cluster, "patched", "v1.31.14", "containerd://1.7.23").await;
        let check = [
            "--check",
            "NodeContainerdPodRestartRisk",
            "--target",
            "1.32",
        ];
        let report = precheck(cluster, &check).await;
        let finding = report
            .exits(0)
            .finds("NodeContainerdPodRestartRisk", "Node patched", "risk");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("tested with 1.7.24"), "{message}");
        let alone = [&check[..], &["--rollout", "control-plane"]].concat();
        let report = precheck(cluster, &alone).await;
        assert_eq!(
            report.status("NodeContainerdPodRestartRisk"),
            "notApplicable"
        );

        let info = json!({ "nodeInfo": { "containerRuntimeVersion": "containerd://1.7.24" } });
        let client = kubectl(cluster);
        client
            .patch_status("/api/v1/nodes/patched", &info)
            .await
            .unwrap();
        let report = precheck(cluster, &check).await;
        report
            .exits(0)
            .spares("NodeContainerdPodRestartRisk", "Node patched");
    });
}

const CHECK: [&str; 2] = ["--check", "ConcurrentOperation"];

#[test]
fn a_freeze_a_lock_and_a_drain_of_others() {
    live(async {
        let cluster = shared().await;
        freeze(cluster).await;
        lock(cluster).await;
        drain(cluster).await;
    });
}

async fn freeze(cluster: &Cluster) {
    let subject = "ConfigMap kube-system/airworthy-freeze";
    let yaml = |until: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: airworthy-freeze, namespace: kube-system}}, \
             data: {{reason: end of the quarter, until: '{until}'}}}}"
        )
    };
    apply(cluster, &yaml("2099-01-01T00:00:00Z")).await;
    let report = precheck(cluster, &CHECK).await;
    let finding = report
        .exits(1)
        .finds("ConcurrentOperation", subject, "blocker");
    assert_eq!(
        finding["message"],
        "the cluster is frozen: end of the quarter"
    );
    apply(cluster, &yaml("2020-01-01T00:00:00Z")).await;
    let report = precheck(cluster, &CHECK).await;
    report.exits(0).spares("ConcurrentOperation", subject);
    let path = "/api/v1/namespaces/kube-system/configmaps/airworthy-freeze";
    kubectl(cluster).delete(path).await.unwrap();
    let report = precheck(cluster, &CHECK).await;
    report.exits(0).spares("ConcurrentOperation", subject);
}

async fn lock(cluster: &Cluster) {
    let subject = "Lease kube-system/airworthy-upgrade";
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000000Z");
    let lease = json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "airworthy-upgrade" },
        "spec": { "holderIdentity": "pipeline-7", "leaseDurationSeconds": 3600, "renewTime": now.to_string() } });
    let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
    let client = kubectl(cluster);
    client.create(leases, &lease).await.unwrap();
    let report = precheck(cluster, &CHECK).await;
    report
        .exits(1)
        .finds("ConcurrentOperation", subject, "blocker");
    let path = format!("{leases}/airworthy-upgrade");
    let given_back = json!({ "spec": { "holderIdentity": "" } });
    client
        .patch(&path, Patch::Merge, &given_back)
        .await
        .unwrap();
    let report = precheck(cluster, &CHECK).await;
    report.exits(0).spares("ConcurrentOperation", subject);
}

const MAINTENANCES: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: nodemaintenances.nodemaintenance.medik8s.io}
spec:
  group: nodemaintenance.medik8s.io
  names: {kind: NodeMaintenance, plural: nodemaintenances}
  scope: Cluster
  versions:
  - name: v1beta1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

async fn drain(cluster: &Cluster) {
    add_node(cluster, "serviced", "v1.31.14", RUNTIME).await;
    apply(cluster, MAINTENANCES).await;
    let client = kubectl(cluster);
    let definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nodemaintenances.nodemaintenance.medik8s.io";
    let established = |crd: &Value| {
        let conditions = crd["status"]["conditions"].as_array();
        conditions.is_some_and(|all| {
            all.iter()
                .any(|one| one["type"] == "Established" && one["status"] == "True")
        })
    };
    until(&client, definition, "the definition", established).await;
    let one = json!({ "apiVersion": "nodemaintenance.medik8s.io/v1beta1", "kind": "NodeMaintenance",
        "metadata": { "name": "disk" }, "spec": { "nodeName": "serviced", "reason": "new disk" } });
    let maintenances = "/apis/nodemaintenance.medik8s.io/v1beta1/nodemaintenances";
    let path = format!("{maintenances}/disk");
    let created =
        airworthy_testbed::wait_until(crate::common_live::DEADLINE, "a maintenance", || async {
            Ok(client.create(maintenances, &one).await.ok())
        });
    created.await.unwrap();
    let running = json!({ "phase": "Running" });
    client.patch_status(&path, &running).await.unwrap();
    let report = precheck(cluster, &CHECK).await;
    let finding = report
        .exits(1)
        .finds("ConcurrentOperation", "NodeMaintenance disk", "blocker");
    assert_eq!(finding["message"], "is draining node serviced");
    client
        .patch_status(&path, &json!({ "phase": "Succeeded" }))
        .await
        .unwrap();
    let report = precheck(cluster, &CHECK).await;
    report
        .exits(0)
        .finds("ConcurrentOperation", "NodeMaintenance disk", "risk");
    client.delete(&path).await.unwrap();
    let report = precheck(cluster, &CHECK).await;
    report
        .exits(0)
        .spares("ConcurrentOperation", "NodeMaintenance disk");
}
