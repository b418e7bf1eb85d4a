//! What was to go and does not, and what waits for a volume in vain.

use airworthy_testbed::{Client, Cluster, ClusterOptions, NodeOptions, Patch, wait_until};
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{
    DEADLINE, apply, kubectl, live, make_old, pods, precheck, until, until_available, until_gone,
};

/// What somebody has to let go who is not there.
const HELD: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: leaving}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: held, namespace: leaving, finalizers: [example.com/held]}
---
apiVersion: v1
kind: Namespace
metadata: {name: finalized}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: finalized, finalizers: [example.com/balancer]}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: just, namespace: finalized, finalizers: [example.com/balancer]}
spec: {ports: [{port: 80}]}
";

const LEAVING: &str = "/api/v1/namespaces/leaving";
const SERVICES: &str = "/api/v1/namespaces/finalized/services";

/// In a cluster of its own: a namespace goes only when every API of the cluster answers.
#[test]
fn a_namespace_and_services_that_do_not_go() {
    live(async {
        let options = ClusterOptions::new("1.31").nodes(1);
        let cluster = &Cluster::start(options).await.unwrap();
        let client = kubectl(cluster);
        apply(cluster, HELD).await;
        for path in [
            LEAVING,
            &format!("{SERVICES}/web"),
            &format!("{SERVICES}/just"),
        ] {
            client.delete(path).await.unwrap();
        }
        namespace(cluster, &client).await;
        services(cluster, &client).await;
    });
}

async fn namespace(cluster: &Cluster, client: &Client) {
    let (check, subject) = (["--check", "TerminatingNamespace"], "Namespace leaving");
    let says_why = |namespace: &Value| {
        let conditions = namespace["status"]["conditions"].as_array();
        let is =
            |one: &Value| one["type"] == "NamespaceFinalizersRemaining" && one["status"] == "True";
        conditions.is_some_and(|all| all.iter().any(is))
    };
    until(client, LEAVING, "a reason", says_why).await;
    precheck(cluster, &check)
        .await
        .exits(0)
        .spares(check[1], subject);
    make_old(cluster, LEAVING, 11).await;
    let report = precheck(cluster, &check).await;
    let finding = report.exits(0).finds(check[1], subject, "risk");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("example.com/held in 1 resource"),
        "{message}"
    );
    // Who deploys there again is refused.
    let map = json!({ "metadata": { "name": "new" } });
    let refused = client.create(&format!("{LEAVING}/configmaps"), &map).await;
    assert_eq!(refused.unwrap_err().code(), Some(403));

    let_go(client, &format!("{LEAVING}/configmaps/held")).await;
    until_gone(client, LEAVING).await;
    precheck(cluster, &check)
        .await
        .exits(0)
        .spares(check[1], subject);
}

async fn services(cluster: &Cluster, client: &Client) {
    let (check, web) = (["--check", "StuckFinalizer"], format!("{SERVICES}/web"));
    make_old(cluster, &web, 16).await;
    let report = precheck(cluster, &check).await;
    let finding = report
        .exits(0)
        .finds(check[1], "Service finalized/web", "risk");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.ends_with("held by example.com/balancer"),
        "{message}"
    );
    report.spares(check[1], "Service finalized/just");
    // Its name is taken until it is gone.
    let again = json!({ "metadata": { "name": "web" }, "spec": { "ports": [{ "port": 80 }] } });
    let refused = client.create(SERVICES, &again).await;
    assert_eq!(refused.unwrap_err().code(), Some(409));

    let_go(client, &web).await;
    until_gone(client, &web).await;
    client.create(SERVICES, &again).await.unwrap();
    let report = precheck(cluster, &check).await;
    report.exits(0).spares(check[1], "Service finalized/web");
}

async fn let_go(client: &Client, path: &str) {
    let none = json!({ "metadata": { "finalizers": null } });
    client.patch(path, Patch::Merge, &none).await.unwrap();
}

/// A claim of a class that is not there, with a workload that wants it; and one whose volume will be taken away.
const CLAIMS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: claims}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: waits, namespace: claims}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: nowhere}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: waits, namespace: claims}
spec:
  selector: {matchLabels: {app: waits}}
  template:
    metadata: {labels: {app: waits}}
    spec:
      containers: [{name: main, image: example.com/db}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: waits}}]
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: claims-loses}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: ''
  claimRef: {namespace: claims, name: loses}
  nfs: {server: 192.0.2.9, path: /}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: loses, namespace: claims}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: '', volumeName: claims-loses}
";

#[test]
fn claims_without_volumes() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, CLAIMS).await;
        let claim = |name: &str| format!("/api/v1/namespaces/claims/persistentvolumeclaims/{name}");
        let phase = |wanted: &'static str| move |claim: &Value| claim["status"]["phase"] == wanted;
        until(&client, &claim("loses"), "a bound claim", phase("Bound")).await;
        until_nowhere(&client).await;
        let (check, waits) = (
            ["--check", "PvcUnhealthy"],
            "PersistentVolumeClaim claims/waits",
        );
        let loses = "PersistentVolumeClaim claims/loses";
        let report = precheck(cluster, &check).await;
        report
            .exits(0)
            .spares(check[1], waits)
            .spares(check[1], loses);

        make_old(cluster, &claim("waits"), 6).await;
        let volume = "/api/v1/persistentvolumes/claims-loses";
        client.delete(volume).await.unwrap();
        let_go(&client, volume).await;
        until(&client, &claim("loses"), "a lost claim", phase("Lost")).await;
        let report = precheck(cluster, &check).await;
        let finding = report.exits(0).finds(check[1], waits, "risk");
        let message = finding["message"].as_str().unwrap();
        assert!(
            message.ends_with("of class nowhere, which is not there"),
            "{message}"
        );
        report.finds(check[1], loses, "risk");

        client
            .delete("/apis/apps/v1/namespaces/claims/deployments/waits")
            .await
            .unwrap();
        for name in ["waits", "loses"] {
            client.delete(&claim(name)).await.unwrap();
            until_gone(&client, &claim(name)).await;
        }
        let report = precheck(cluster, &check).await;
        report
            .exits(0)
            .spares(check[1], waits)
            .spares(check[1], loses);
    });
}

/// The scheduler puts the pod of the waiting claim nowhere.
async fn until_nowhere(client: &Client) {
    let unscheduled = wait_until(DEADLINE, "a pod that cannot be placed", || async {
        let pods = pods(client, "claims", "waits").await;
        let told = pods
            .first()
            .map(|pod| pod["status"]["conditions"].to_string());
        Ok(told.filter(|told| told.contains("Unschedulable")).map(drop))
    });
    unscheduled.await.unwrap();
}

/// A workload on one node, with a volume of a driver that is nowhere.
const DRIVEN: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: driven}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: driven-data}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: ''
  claimRef: {namespace: driven, name: data}
  csi: {driver: lvm.example.com, volumeHandle: one}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: driven}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: '', volumeName: driven-data}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: driven}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      nodeSelector: {kubernetes.io/hostname: driven-1}
      tolerations: [{key: test, value: driven-1, effect: NoSchedule}]
      containers: [{name: main, image: example.com/db}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
";

const ATTACHMENTS: &str = "/apis/storage.k8s.io/v1/volumeattachments";
const CSI_NODES: &str = "/apis/storage.k8s.io/v1/csinodes";

#[test]
fn a_volume_of_a_driver_that_is_nowhere() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let managed = "volumes.kubernetes.io/controller-managed-attach-detach";
        let options = NodeOptions {
            annotations: vec![(managed.to_owned(), "true".to_owned())],
            taints: vec![json!({ "key": "test", "value": "driven-1", "effect": "NoSchedule" })],
            ..NodeOptions::default()
        };
        cluster
            .add_node("driven-1", "v1.31.14", &options)
            .await
            .unwrap();
        apply(cluster, DRIVEN).await;
        until_available(&client, "driven", "db").await;
        driver(cluster, &client).await;
        attachment(cluster, &client).await;
        client.delete("/api/v1/namespaces/driven").await.unwrap();
    });
}

async fn driver(cluster: &Cluster, client: &Client) {
    let (check, subject) = (["--check", "CsiDriverHealth"], "CSIDriver lvm.example.com");
    let report = precheck(cluster, &check).await;
    let finding = report.exits(1).finds(check[1], subject, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("registered on no node"), "{message}");
    let node = |drivers: Value| json!({ "metadata": { "name": "driven-1" }, "spec": { "drivers": drivers } });
    client.create(CSI_NODES, &node(json!([]))).await.unwrap();
    precheck(cluster, &check)
        .await
        .exits(1)
        .finds(check[1], subject, "blocker");

    let path = format!("{CSI_NODES}/driven-1");
    client.delete(&path).await.unwrap();
    let registered =
        json!([{ "name": "lvm.example.com", "nodeID": "driven-1", "topologyKeys": null }]);
    client.create(CSI_NODES, &node(registered)).await.unwrap();
    precheck(cluster, &check)
        .await
        .exits(0)
        .spares(check[1], subject);
}

/// The controller asks for the volume to be attached, and nobody answers.
async fn attachment(cluster: &Cluster, client: &Client) {
    let check = ["--check", "VolumeAttachmentStuck"];
    let name = until_asked_for(client).await;
    let (path, subject) = (
        format!("{ATTACHMENTS}/{name}"),
        format!("VolumeAttachment {name}"),
    );
    precheck(cluster, &check)
        .await
        .exits(0)
        .spares(check[1], &subject);
    make_old(cluster, &path, 7).await;
    let report = precheck(cluster, &check).await;
    let finding = report.exits(0).finds(check[1], &subject, "risk");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("for lvm.example.com to attach it"),
        "{message}"
    );
    let error =
        json!({ "attachError": { "message": "no such volume", "time": "2026-11-22T12:00:00Z" } });
    client.patch_status(&path, &error).await.unwrap();
    let report = precheck(cluster, &check).await;
    let finding = report.exits(0).finds(check[1], &subject, "risk");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.ends_with("cannot be attached: no such volume"),
        "{message}"
    );

    let attached = json!({ "attached": true, "attachError": null });
    client.patch_status(&path, &attached).await.unwrap();
    precheck(cluster, &check)
        .await
        .exits(0)
        .spares(check[1], &subject);
}

async fn until_asked_for(client: &Client) -> String {
    let asked = wait_until(DEADLINE, "an attachment", || async {
        let all = client.list(ATTACHMENTS).await?;
        let ours = |one: &&Value| one["spec"]["source"]["persistentVolumeName"] == "driven-data";
        Ok(all
            .iter()
            .find(ours)
            .and_then(|one| one["metadata"]["name"].as_str())
            .map(str::to_owned))
    });
    asked.await.unwrap()
}
