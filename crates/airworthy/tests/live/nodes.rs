//! Nodes: too old, with the wrong runtime, in distress. One that is not ready takes its time, see `waits`.

use serde_json::json;

use super::shared::{add_node, shared};
use crate::common_live::{kubectl, live, precheck, until};

const NEW_RUNTIME: &str = "containerd://2.1.4";

#[test]
fn a_kubelet_too_old_for_the_next_api_server() {
    live(async {
        let cluster = shared().await;
        add_node(cluster, "laggard", "v1.28.15", NEW_RUNTIME).await;
        let check = ["--check", "NodeVersionSkew"];
        let report = precheck(cluster, &check).await;
        let finding = report
            .exits(1)
            .finds("NodeVersionSkew", "Node laggard", "blocker");
        assert_eq!(finding["hop"], json!({ "from": "1.31", "to": "1.32" }));

        // As old as may be: three minors below the target.
        cluster.move_node("laggard", "v1.29.1").await.unwrap();
        let report = precheck(cluster, &check).await;
        report.exits(0).spares("NodeVersionSkew", "Node laggard");

        cluster.move_node("laggard", "v1.32.0").await.unwrap();
        let report = precheck(cluster, &check).await;
        let newer = report
            .exits(1)
            .finds("NodeVersionSkew", "Node laggard", "blocker");
        assert!(
            newer["message"].as_str().unwrap().contains("newer"),
            "{newer:#}"
        );
        cluster.move_node("laggard", "v1.31.14").await.unwrap();
        let report = precheck(cluster, &check).await;
        report.exits(0).spares("NodeVersionSkew", "Node laggard");
    });
}

#[test]
fn runtimes_that_the_way_leaves_behind() {
    live(async {
        let cluster = shared().await;
        add_node(cluster, "dusty", "v1.31.14", "containerd://1.7.27").await;
        let far = |more: &[&'static str]| {
            let way = ["--target", "1.36", "--allow-jump", "1.31:1.36"];
            [&["--check", "NodeRuntimeVersion"], &way[..], more].concat()
        };
        let report = precheck(cluster, &far(&[])).await;
        let finding = report
            .exits(0)
            .finds("NodeRuntimeVersion", "Node dusty", "risk");
        assert_eq!(finding["hop"], json!({ "from": "1.35", "to": "1.36" }));
        let report = precheck(cluster, &far(&["--fail-on", "risk"])).await;
        report.exits(1);
        let near = ["--check", "NodeRuntimeVersion", "--target", "1.35"];
        let report = precheck(cluster, &near).await;
        report.exits(0).spares("NodeRuntimeVersion", "Node dusty");

        let info = json!({ "nodeInfo": { "containerRuntimeVersion": NEW_RUNTIME } });
        let client = kubectl(cluster);
        client
            .patch_status("/api/v1/nodes/dusty", &info)
            .await
            .unwrap();
        let report = precheck(cluster, &far(&[])).await;
        // Nodes of other tests may have runtimes of their own.
        report.exits(0).spares("NodeRuntimeVersion", "Node dusty");
    });
}

#[test]
fn a_node_under_pressure() {
    live(async {
        let cluster = shared().await;
        add_node(cluster, "pressed", "v1.31.14", NEW_RUNTIME).await;
        let client = kubectl(cluster);
        for (condition, taint) in [
            ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
            ("DiskPressure", "node.kubernetes.io/disk-pressure"),
            ("PIDPressure", "node.kubernetes.io/pid-pressure"),
        ] {
            let set = |status| cluster.set_node_condition("pressed", condition, status);
            set("True").await.unwrap();
            let report = precheck(cluster, &["--check", "NodePressure"]).await;
            let finding = report
                .exits(1)
                .finds("NodePressure", "Node pressed", "blocker");
            let message = finding["message"].as_str().unwrap();
            assert!(message.contains(condition), "{message}");
            // The scheduler puts nothing more there.
            until(&client, "/api/v1/nodes/pressed", taint, |node| {
                node.to_string().contains(taint)
            })
            .await;
            set("False").await.unwrap();
            let report = precheck(cluster, &["--check", "NodePressure"]).await;
            report.exits(0).spares("NodePressure", "Node pressed");
        }
    });
}
