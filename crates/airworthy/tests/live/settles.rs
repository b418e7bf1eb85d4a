//! A real upgrade that somebody else carries out, under the eyes of the service: it settles in the background, also when the service is
//! killed meanwhile, and a post-check waits for two samples.

use airworthy_testbed::{Cluster, ClusterOptions, wait_until};
use serde_json::{Value, json};

use crate::{
    client::Client,
    common_live::{DEADLINE, live},
    house::{House, operation, postcheck, uid},
};

const TARGET: &str = "v1.32.13";

/// The second sample comes late enough for a restart before it.
const SETTLE_AT: &str = "0,25s";

/// Accepts an upgrade that somebody else does.
async fn begin(client: &Client, cluster: &str) -> String {
    let action = json!({
        "strategy": { "type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": { "userDefinedStep": 20 } },
        "targetVersion": format!("{TARGET}-r0"),
        "isOnlyUpgrade": true,
    });
    let body = json!({ "metadata": { "apiVersion": "v3", "kind": "UpgradeTask" }, "spec": { "clusterUpgradeAction": action } });
    let answer = client.post(&operation(cluster, "upgrade"), &body).await;
    uid(&answer.ok())
}

async fn until_upgraded(client: &Client, cluster: &str, task: &str) {
    let path = operation(cluster, &format!("upgrade/tasks/{task}"));
    let ended = wait_until(DEADLINE, "the end of the upgrade", || async {
        let shown = client.get(&path).await.ok();
        let phase = shown["status"]["phase"].as_str().unwrap();
        assert_ne!(phase, "Failed", "{shown:#}");
        Ok((phase == "Success").then_some(()))
    });
    ended.await.unwrap();
}

async fn check(client: &Client, cluster: &str) -> Value {
    let path = operation(cluster, "postcheck");
    client.post(&path, &postcheck(cluster)).await.ok()
}

/// When the next sample is due, as an answer says that has too few of them.
#[track_caller]
fn due(answer: &Value) -> String {
    let status = &answer["status"];
    assert_eq!(status["phase"], "Error", "{answer:#}");
    let message = status["message"].as_str().unwrap();
    assert!(message.contains("1 of the 2 samples"), "{message}");
    let (_, rest) = message.split_once("due at ").unwrap();
    rest.split(';').next().unwrap().to_owned()
}

#[test]
fn a_cluster_settles_while_the_service_is_killed() {
    live(async {
        let options = ClusterOptions::new("1.31").nodes(2);
        let mut cluster = Cluster::start(options).await.unwrap();
        let house = House::settling(SETTLE_AT, "").await;
        let kubeconfig = cluster.kubeconfig().to_str().unwrap().to_owned();
        let id = house.reached("prod", kubeconfig).await;
        let service = house.start().await;
        service.client.precheck(&id).await;
        let checked = service.client.until_done(&id).await;
        assert_eq!(checked[0]["status"]["phase"], "Success", "{checked:#?}");

        let task = begin(&service.client, &id).await;
        cluster.upgrade("1.32").await.unwrap();
        for node in ["node-1", "node-2"] {
            cluster.move_node(node, TARGET).await.unwrap();
        }
        until_upgraded(&service.client, &id, &task).await;
        let first = due(&check(&service.client, &id).await);
        service.kill().await;

        let service = house.start().await;
        // The sample that was taken is still there, and so is the time of the next.
        assert_eq!(due(&check(&service.client, &id).await), first);
        let settled = wait_until(DEADLINE, "two samples", || async {
            let answer = check(&service.client, &id).await;
            Ok((answer["status"]["phase"] != "Error").then_some(answer))
        });
        let settled = settled.await.unwrap();
        assert_eq!(settled["status"]["phase"], "Success", "{settled:#}");
    });
}
