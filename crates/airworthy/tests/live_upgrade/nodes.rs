//! Nodes that did not come out of the upgrade as they went in. One that is not ready takes its time, see `waits`.

use airworthy_testbed::{Client, Patch};
use serde_json::json;

use super::upgraded::{Upgraded, add_node, upgraded};
use crate::common_live::{kubectl, live};

/// One test, because the same check judges all of it.
#[test]
fn nodes_left_behind_cordoned_or_gone() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        left(&upgraded).await;
        cordoned(&upgraded, &client).await;
        gone(&upgraded, &client).await;
    });
}

async fn left(upgraded: &Upgraded) {
    upgraded
        .cluster
        .move_node("left", "v1.31.14")
        .await
        .unwrap();
    for check in ["PostSkippedNodes", "PostNodesConverged"] {
        let args = ["--check", check, "--fail-on", "risk"];
        let report = upgraded.postcheck(&args).await;
        report.exits(1).finds(check, "Node left", "risk");
    }
    upgraded
        .cluster
        .move_node("left", "v1.32.13")
        .await
        .unwrap();
    let args = ["--check", "PostSkippedNodes", "--fail-on", "risk"];
    let report = upgraded.postcheck(&args).await;
    report.exits(0).spares("PostSkippedNodes", "Node left");
    let report = upgraded.check("PostNodesConverged").await;
    report.spares("PostNodesConverged", "Node left");
}

async fn cordoned(upgraded: &Upgraded, client: &Client) {
    let check = "PostNodesConverged";
    let cordon = async |unschedulable: bool| {
        let change = json!({ "spec": { "unschedulable": unschedulable } });
        let path = "/api/v1/nodes/cordoned";
        client.patch(path, Patch::Merge, &change).await.unwrap();
        upgraded.check(check).await
    };
    let report = cordon(true).await;
    report.exits(1).finds(check, "Node cordoned", "blocker");
    let report = cordon(false).await;
    report.exits(0).spares(check, "Node cordoned");
}

async fn gone(upgraded: &Upgraded, client: &Client) {
    let check = "PostNodesConverged";
    client.delete("/api/v1/nodes/gone").await.unwrap();
    let report = upgraded.check(check).await;
    let finding = report.exits(0).finds(check, "NodeList nodes", "risk");
    let message = finding["message"].as_str().unwrap();
    assert!(message.ends_with("gone: gone"), "{message}");
    add_node(&upgraded.cluster, "gone", "v1.32.13").await;
    let report = upgraded.check(check).await;
    report.exits(0).spares(check, "NodeList nodes");
}
