//! Volumes that the upgrade has cost.

use airworthy_testbed::{Client, Patch};
use serde_json::{Value, json};

use super::upgraded::{Upgraded, upgraded};
use crate::common_live::{kubectl, live, until, until_gone};

const CHECK: &str = "PostVolumes";
const CLAIM: &str = "/api/v1/namespaces/disks/persistentvolumeclaims/data";
const VOLUME: &str = "/api/v1/persistentvolumes/disks-data";
const CSI_NODE: &str = "/apis/storage.k8s.io/v1/csinodes/node-1";
const ATTACHMENTS: &str = "/apis/storage.k8s.io/v1/volumeattachments";

/// One test, because the same check judges all of it.
#[test]
fn a_claim_a_driver_and_an_attachment() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        claim(&upgraded, &client).await;
        driver(&upgraded, &client).await;
        attachment(&upgraded, &client).await;
        let report = upgraded.check(CHECK).await;
        report.exits(0);
        assert_eq!(report.status(CHECK), "clear");
    });
}

async fn until_claim_is(client: &Client, phase: &str) {
    let is = |claim: &Value| claim["status"]["phase"] == phase;
    until(client, CLAIM, phase, is).await;
}

/// The volume is deleted under its claim, and comes back.
async fn claim(upgraded: &Upgraded, client: &Client) {
    let volume = client.get(VOLUME).await.unwrap();
    let free = json!({ "metadata": { "finalizers": null } });
    client.delete(VOLUME).await.unwrap();
    client.patch(VOLUME, Patch::Merge, &free).await.ok();
    until_gone(client, VOLUME).await;
    until_claim_is(client, "Lost").await;
    let subject = "PersistentVolumeClaim disks/data";
    let report = upgraded.check(CHECK).await;
    report.exits(1).finds(CHECK, subject, "blocker");

    let again = json!({ "metadata": { "name": "disks-data" }, "spec": volume["spec"] });
    let volumes = "/api/v1/persistentvolumes";
    client.create(volumes, &again).await.unwrap();
    until_claim_is(client, "Bound").await;
    let report = upgraded.check(CHECK).await;
    report.exits(0).spares(CHECK, subject);
}

/// The node's driver does not register any more, and then does.
async fn driver(upgraded: &Upgraded, client: &Client) {
    let node = client.get(CSI_NODE).await.unwrap();
    let bare = json!({ "spec": { "drivers": [] } });
    client.patch(CSI_NODE, Patch::Merge, &bare).await.unwrap();
    let report = upgraded.check(CHECK).await;
    report.exits(1).finds(CHECK, "Node node-1", "blocker");
    let again = json!({ "spec": node["spec"] });
    client.patch(CSI_NODE, Patch::Merge, &again).await.unwrap();
    let report = upgraded.check(CHECK).await;
    report.exits(0).spares(CHECK, "Node node-1");
}

/// A driver says that it cannot attach, as its attacher writes it.
async fn attachment(upgraded: &Upgraded, client: &Client) {
    let spec = json!({
        "attacher": "csi.example.com",
        "nodeName": "node-1",
        "source": { "persistentVolumeName": "disks-data" },
    });
    let stuck = json!({ "metadata": { "name": "stuck" }, "spec": spec });
    client.create(ATTACHMENTS, &stuck).await.unwrap();
    let path = format!("{ATTACHMENTS}/stuck");
    let said = json!({ "attached": false, "attachError": { "message": "volume is in use" } });
    client.patch_status(&path, &said).await.unwrap();
    let report = upgraded.check(CHECK).await;
    let found = report
        .exits(1)
        .finds(CHECK, "VolumeAttachment stuck", "blocker");
    assert!(found["message"].as_str().unwrap().contains("in use"));
    client.delete(&path).await.unwrap();
    until_gone(client, &path).await;
}
