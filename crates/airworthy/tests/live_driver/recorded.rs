//! The check inside an upgrade, and the observing driver, with recordings that stand in for a cluster.

use std::fs;

use airworthy_model::Facts;
use airworthy_store::Access;
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    common_cli::{
        Recordings,
        facts::{healthy, running, with_blocker, with_risk},
    },
    house::{House, Running, operation, postcheck, uid},
    watched::Watched,
};

/// A service, and a recording that is changed as a cluster would change.
struct Stage {
    recordings: Recordings,
    service: Running,
    cluster: String,
    _house: House,
}

impl Stage {
    async fn new(facts: &Facts) -> Self {
        let house = House::new("").await;
        let recordings = Recordings::new();
        let path = recordings.of("now.tar", facts);
        let path = path.to_str().unwrap().to_owned();
        let cluster = house.cluster("prod", Access::Recording { path }).await;
        Self {
            recordings,
            service: house.start().await,
            cluster,
            _house: house,
        }
    }

    /// The cluster is like this from now on, at once.
    fn becomes(&self, facts: &Facts) {
        let next = self.recordings.of("next.tar", facts);
        fs::rename(next, self.recordings.path().join("now.tar")).unwrap();
    }

    fn client(&self) -> &Client {
        &self.service.client
    }

    async fn upgrade(&self, is_only_upgrade: bool) -> Watched {
        Watched::begin(self.client(), &self.cluster, is_only_upgrade).await
    }

    /// A post-check.
    async fn confirm(&self) -> Answer {
        let path = operation(&self.cluster, "postcheck");
        self.client().post(&path, &postcheck(&self.cluster)).await
    }

    /// A pre-check that accepts an item, to its end.
    async fn accept(&self, item: &str) -> Value {
        let spec =
            json!({ "targetVersion": "v1.32.13-r0", "skippedCheckItemList": [{ "name": item }] });
        let body = json!({ "apiVersion": "v3", "kind": "PreCheckTask", "spec": spec });
        let path = operation(&self.cluster, "precheck");
        let task = uid(&self.client().post(&path, &body).await.ok());
        self.client().until_done(&self.cluster).await;
        let path = operation(&self.cluster, &format!("precheck/tasks/{task}"));
        self.client().get(&path).await.ok()["status"].take()
    }
}

fn begun(status: &Value) -> bool {
    status["message"]
        .as_str()
        .is_some_and(|text| text.contains("runs v1.31.14"))
}

#[tokio::test]
async fn a_check_that_fails_ends_the_upgrade_and_names_its_items() {
    let stage = Stage::new(&with_blocker(healthy())).await;
    let mut upgrade = stage.upgrade(false).await;
    let status = upgrade.ends("Failed").await;
    let message = status["message"].as_str().unwrap();
    let expected =
        "the check inside the upgrade failed: PdbBlocksDrain; make a pre-check to see why";
    assert_eq!(message, expected);
    assert_eq!(status["progress"], "0");

    stage.becomes(&healthy());
    upgrade.retry().await;
    upgrade.until("its beginning", begun).await;
    stage.becomes(&running("v1.32.13"));
    upgrade.ends("Success").await;
}

#[tokio::test]
async fn without_the_check_inside_nobody_looks() {
    let stage = Stage::new(&with_blocker(healthy())).await;
    let mut upgrade = stage.upgrade(true).await;
    upgrade.until("its beginning", begun).await;
    stage.becomes(&with_blocker(running("v1.32.13")));
    upgrade.ends("Success").await;
}

#[tokio::test]
async fn what_a_check_before_accepted_stays_accepted_inside() {
    let stage = Stage::new(&with_risk(healthy())).await;
    let mut upgrade = stage.upgrade(false).await;
    let status = upgrade.ends("Failed").await;
    let message = status["message"].as_str().unwrap().to_owned();
    let (_, items) = message.split_once("failed: ").unwrap();
    let (item, _) = items.split_once(';').unwrap();
    let status = stage.accept(item).await;
    assert_eq!(status["phase"], "Success", "{status}");
    upgrade.retry().await;
    upgrade.until("its beginning", begun).await;
    stage.becomes(&running("v1.32.13"));
    upgrade.ends("Success").await;
}

/// No pre-check was made: what the check inside read is what the post-check compares with.
#[tokio::test]
async fn the_check_inside_keeps_the_baseline() {
    let stage = Stage::new(&healthy()).await;
    let mut upgrade = stage.upgrade(false).await;
    upgrade.until("its beginning", begun).await;
    stage.confirm().await.refused(400);
    // The API server alone does not do.
    let mut half = running("v1.32.13");
    half.nodes = healthy().nodes;
    stage.becomes(&half);
    let lags = |status: &Value| {
        status["message"]
            .as_str()
            .is_some_and(|text| text.contains("node-1 runs v1.31.14"))
    };
    let status = upgrade.until("the node that lags", lags).await;
    assert_eq!(status["phase"], "Running");
    stage.becomes(&running("v1.32.13"));
    upgrade.ends("Success").await;
    let answer = stage.confirm().await.ok();
    assert_eq!(answer["spec"]["clusterVersion"], "v1.31.14-r0", "{answer}");
    assert_eq!(answer["status"]["phase"], "Success", "{answer}");
}
