//! Volumes that nothing mounts at the target.

use airworthy_testbed::{Client, Patch};
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{apply, kubectl, live, precheck, until, until_gone};

/// A volume of a plugin that was migrated, with its claim; a claim that waits for a volume; and a workload that is on a node by decree.
const MIGRATED: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: disks}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: disks-data}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ''
  claimRef: {namespace: disks, name: data}
  gcePersistentDisk: {pdName: disk}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: disks}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: '', volumeName: disks-data}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: disks}
provisioner: kubernetes.io/gce-pd
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: new, namespace: disks}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: disks}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: disks}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      nodeName: node-1
      containers: [{name: db, image: example.com/db}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
";

const DRIVER: &str = "pd.csi.storage.gke.io";
const CSI: &str = "/apis/storage.k8s.io/v1";

#[test]
fn volumes_whose_csi_driver_is_not_there() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, MIGRATED).await;
        until_bound(&client).await;
        crate::common_live::until_available(&client, "disks", "db").await;
        waits_for_the_driver(&client).await;
        let check = ["--check", "InTreeVolumeDriverMissing"];
        let subject = format!("CSIDriver {DRIVER}");
        let report = precheck(cluster, &check).await;
        let found = report
            .exits(1)
            .finds(check[1], &subject, "blocker")
            .to_string();
        assert!(found.contains("disks-data") && found.contains("StorageClass"));

        // The driver as such, and then on the node whose pod has the volume.
        let driver = json!({ "metadata": { "name": DRIVER }, "spec": { "attachRequired": true } });
        let drivers = format!("{CSI}/csidrivers");
        client.create(&drivers, &driver).await.unwrap();
        let report = precheck(cluster, &check).await;
        let found = report.exits(1).finds(check[1], &subject, "blocker");
        let message = found["message"].as_str().unwrap();
        assert!(message.contains("not registered on node-1"), "{message}");
        on_node_1(&client).await;
        let report = precheck(cluster, &check).await;
        report.exits(0);
        assert_eq!(report.status(check[1]), "clear");
    });
}

async fn until_bound(client: &Client) {
    let path = "/api/v1/namespaces/disks/persistentvolumeclaims/data";
    let bound = |claim: &Value| claim["status"]["phase"] == "Bound";
    until(client, path, "a bound claim", bound).await;
}

/// What Kubernetes makes of the class: it waits for the driver instead of making the volume.
async fn waits_for_the_driver(client: &Client) {
    let path = "/api/v1/namespaces/disks/persistentvolumeclaims/new";
    let waits = |claim: &Value| {
        let annotations = &claim["metadata"]["annotations"];
        annotations["volume.kubernetes.io/storage-provisioner"] == DRIVER
            && claim["status"]["phase"] == "Pending"
    };
    until(client, path, "a claim that waits for its driver", waits).await;
}

async fn on_node_1(client: &Client) {
    let driver = json!({ "name": DRIVER, "nodeID": "node-1", "topologyKeys": [] });
    let node = json!({ "metadata": { "name": "node-1" }, "spec": { "drivers": [driver] } });
    client
        .create(&format!("{CSI}/csinodes"), &node)
        .await
        .unwrap();
}

/// Volumes of plugins that later minors no longer have, or no longer by themselves.
const REMOVED: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: cloned}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: site, namespace: cloned}
spec:
  selector: {matchLabels: {app: site}}
  template:
    metadata: {labels: {app: site}}
    spec:
      containers: [{name: site, image: example.com/site}]
      volumes: [{name: repository, gitRepo: {repository: 'https://example.com/site.git'}}]
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: cloned-flex}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ''
  claimRef: {namespace: cloned, name: flex}
  flexVolume: {driver: example.com/lvm}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: flex, namespace: cloned}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: '', volumeName: cloned-flex}
";

#[test]
fn volumes_of_plugins_that_are_removed() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, REMOVED).await;
        let claim = "/api/v1/namespaces/cloned/persistentvolumeclaims/flex";
        let bound = |claim: &Value| claim["status"]["phase"] == "Bound";
        until(&client, claim, "a bound claim", bound).await;
        crate::common_live::until_available(&client, "cloned", "site").await;
        let name = "RemovedVolumePlugin";
        let (site, flex) = ("Deployment cloned/site", "PersistentVolume cloned-flex");

        // Nothing is lost on the way to 1.32, gitRepo on the way to 1.33.
        let report = precheck(cluster, &["--check", name]).await;
        report.exits(0);
        assert_eq!(report.status(name), "notApplicable");
        let report = precheck(cluster, &["--check", name, "--target", "1.33"]).await;
        report.exits(1).finds(name, site, "blocker");
        report.spares(name, flex);
        let further = ["--check", name, "--target", "1.36"];
        let report = precheck(cluster, &further).await;
        report.exits(1).finds(name, site, "blocker");
        report.finds(name, flex, "risk");

        repair(&client).await;
        let report = precheck(cluster, &further).await;
        report.exits(0).spares(name, site).spares(name, flex);
        assert_eq!(report.status(name), "clear");
    });
}

/// The repository comes into an `emptyDir`, and nobody claims the other volume any more.
async fn repair(client: &Client) {
    let path = "/apis/apps/v1/namespaces/cloned/deployments/site";
    let change = json!({ "spec": { "template": { "spec": {
        "volumes": [{ "name": "repository", "gitRepo": null, "emptyDir": {} }],
    } } } });
    client.patch(path, Patch::Merge, &change).await.unwrap();
    let claim = "/api/v1/namespaces/cloned/persistentvolumeclaims/flex";
    client.delete(claim).await.unwrap();
    until_gone(client, claim).await;
    let volume = "/api/v1/persistentvolumes/cloned-flex";
    let released = |volume: &Value| volume["status"]["phase"] == "Released";
    until(client, volume, "a released volume", released).await;
    let replaced = "/api/v1/namespaces/cloned/pods?labelSelector=app%3Dsite";
    let only_new = || async {
        let pods = client.list(replaced).await?;
        let old = pods
            .iter()
            .any(|pod| !pod["spec"]["volumes"][0]["gitRepo"].is_null());
        Ok((!old && !pods.is_empty()).then_some(()))
    };
    let deadline = crate::common_live::DEADLINE;
    let replaced = airworthy_testbed::wait_until(deadline, "new pods", only_new);
    replaced.await.unwrap();
}
