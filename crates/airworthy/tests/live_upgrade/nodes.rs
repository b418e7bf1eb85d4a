//! Nodes that did not come out of the upgrade as they went in.

use airworthy_testbed::{Client, Patch};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::upgraded::{Upgraded, add_node, upgraded};
use crate::common_live::{kubectl, live};

/// One test, because the same check judges all of it.
#[test]
fn nodes_left_behind_cordoned_not_ready_or_gone() {
    live(async {
        let upgraded = upgraded().await.read().await;
        let client = kubectl(&upgraded.cluster);
        left(&upgraded).await;
        cordoned(&upgraded, &client).await;
        not_ready(&upgraded, &client).await;
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

async fn not_ready(upgraded: &Upgraded, client: &Client) {
    let check = "PostNodesConverged";
    let wake = |ready| upgraded.cluster.set_node_ready("asleep", ready);
    wake(false).await.unwrap();
    let node = client.get("/api/v1/nodes/asleep").await.unwrap();
    let report = upgraded.check(check).await;
    let born = instant(&node["metadata"]["creationTimestamp"]);
    let age = instant(report.member("observedAt")).as_second() - born.as_second();
    // One that joined less than two minutes ago may still be starting.
    let (severity, code) = if age < 120 {
        ("risk", 0)
    } else {
        ("blocker", 1)
    };
    report.exits(code).finds(check, "Node asleep", severity);
    wake(true).await.unwrap();
    let report = upgraded.check(check).await;
    report.exits(0).spares(check, "Node asleep");
}

fn instant(text: &Value) -> Timestamp {
    let text = text.as_str().expect("a time");
    text.parse().expect("a time")
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
