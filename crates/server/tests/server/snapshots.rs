//! Snapshots: accepted, taken, listed.

use std::time::Duration;

use airworthy_service::Workers;
use airworthy_store::{Access, Cluster, NewCluster, NewTask, Phase, TaskKind};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fixture::{Fixture, LEASE};

/// A recording of a real API server.
const RECORDING: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../airworthy/demo/recording.tar"
);

fn path(fixture: &Fixture, cluster: &str, rest: &str) -> String {
    let project = &fixture.ours.project.id;
    format!("/autopilot/v3.1/projects/{project}/clusters/{cluster}/operation/snapshot{rest}")
}

async fn recorded(fixture: &Fixture) -> Cluster {
    let new = NewCluster {
        id: None,
        name: "recorded".into(),
        alias: None,
        access: Access::Recording {
            path: RECORDING.into(),
        },
    };
    let project = &fixture.ours.project.id;
    let added = fixture.store.add_cluster(project, new, Timestamp::now());
    added.await.unwrap()
}

/// Takes a snapshot to its end, and lists what there is then.
async fn taken(fixture: &Fixture, cluster: &str) -> Value {
    let created = fixture
        .post(&path(fixture, cluster, ""), &json!({}))
        .await
        .ok();
    let uid = created["uid"].as_str().unwrap();
    let ended = fixture.store.finished(uid, Duration::from_secs(1));
    let ended = tokio::time::timeout(Duration::from_mins(1), ended).await;
    ended.unwrap().unwrap().unwrap();
    let listed = fixture.get(&path(fixture, cluster, "/tasks")).await.ok();
    assert_eq!(listed["items"][0]["metadata"]["uid"], uid);
    listed
}

#[tokio::test]
async fn a_snapshot_is_answered_inside_out_and_listed_from_then_on() {
    let fixture = Fixture::new().await;
    let cluster = &fixture.ours.cluster.id;
    let tasks = path(&fixture, cluster, "/tasks");
    let none =
        json!({ "apiVersion": "v3.1", "kind": "List", "metadata": {}, "items": [], "status": {} });
    assert_eq!(fixture.get(&tasks).await.ok(), none);
    // No body, as SDKs send it.
    let target = path(&fixture, cluster, "");
    let created = fixture.call(http::Method::POST, &target, "").await.ok();
    let uid = created["uid"].as_str().unwrap();
    let expected =
        json!({ "uid": uid, "metadata": { "apiVersion": "v3.1", "kind": "SnapshotTask" } });
    assert_eq!(created, expected);
    let listed = fixture.get(&tasks).await.ok();
    let item = &listed["items"][0];
    assert_eq!(item["kind"], "SnapshotTask");
    assert_eq!(item["apiVersion"], "v3.1");
    assert_eq!(item["metadata"]["uid"], uid);
    assert_eq!(item["status"], json!({ "phase": "Init", "progress": "0" }));
    let parts = item["spec"]["items"].as_array().unwrap();
    assert_eq!(parts.len(), 1, "without a program there is no backup");
    assert_eq!(parts[0]["type"], "master-backup");
    assert_eq!(parts[0]["status"], "Init");
    assert_eq!(parts[0]["id"].as_str().unwrap().len(), 36);
    let created = item["metadata"]["creationTimestamp"].as_str().unwrap();
    assert!(created.ends_with(" +0000 UTC"), "{created}");
    let again = fixture.post(&target, &json!({})).await;
    assert!(again.refused(409, "CCE.01409001").contains(uid));
    let fruitless = fixture.call(http::Method::POST, &target, "[").await;
    fruitless.refused(400, "CCE.01400001");
}

#[tokio::test]
async fn what_was_taken_is_a_recording_and_the_newest_good_one_is_named() {
    let fixture = Fixture::new().await;
    let cluster = recorded(&fixture).await;
    let workers = Workers::start(&fixture.service);
    let first = taken(&fixture, &cluster.id).await;
    let second = taken(&fixture, &cluster.id).await;
    workers.stop().await;
    let status = &second["items"][0]["status"];
    assert_eq!(status["phase"], "Success", "{second}");
    assert_eq!(status["progress"], "100");
    assert_eq!(second["items"][0]["spec"]["items"][0]["status"], "Success");
    assert_eq!(
        second["status"]["latestBackupTime"],
        status["completionTime"]
    );
    assert_eq!(second["items"][1], first["items"][0], "newest first");
    let uid = second["items"][0]["metadata"]["uid"].as_str().unwrap();
    let kept = fixture.store.snapshot_recording(uid).await.unwrap();
    let facts = airworthy_collect::recording::read(kept.unwrap().as_slice()).unwrap();
    assert_eq!(facts.cluster.name.as_deref(), Some("recorded"));
    assert!(facts.version.is_ok() && facts.nodes.is_ok());
}

#[tokio::test]
async fn a_snapshot_that_could_not_be_taken_failed_and_is_no_backup() {
    let fixture = Fixture::new().await;
    let workers = Workers::start(&fixture.service);
    let listed = taken(&fixture, &fixture.ours.cluster.id).await;
    workers.stop().await;
    assert_eq!(listed["status"], json!({}), "{listed}");
    let item = &listed["items"][0];
    assert_eq!(item["status"]["phase"], "Failed");
    let part = &item["spec"]["items"][0];
    assert_eq!(part["status"], "Failed");
    let message = part["message"].as_str().unwrap();
    assert!(message.contains("cannot be read"), "{message}");
    assert!(!message.contains("/nowhere"), "{message}");
}

#[tokio::test]
async fn a_good_one_stays_the_latest_when_a_later_one_fails() {
    let fixture = Fixture::new().await;
    let target = path(&fixture, &fixture.ours.cluster.id, "");
    let tasks = format!("{target}/tasks");
    let mut latest = Vec::new();
    for phase in [Phase::Success, Phase::Failed, Phase::Error] {
        fixture.post(&target, &json!({})).await.ok();
        fixture.finish(phase, None).await;
        latest.push(fixture.get(&tasks).await.ok()["status"].clone());
    }
    assert_eq!(latest[1], latest[0]);
    assert_eq!(latest[2], latest[0]);
    let listed = fixture.get(&tasks).await.ok();
    let phases: Vec<_> = (0..3)
        .map(|at| &listed["items"][at]["status"]["phase"])
        .collect();
    assert_eq!(phases, ["Failed", "Failed", "Success"]);
}

#[tokio::test]
async fn no_snapshot_is_taken_of_what_is_being_upgraded() {
    let fixture = Fixture::new().await;
    let new = NewTask {
        project_id: fixture.ours.project.id.clone(),
        cluster_id: fixture.ours.cluster.id.clone(),
        workflow: None,
        kind: TaskKind::Upgrade,
        spec: "{}".to_owned(),
        max_attempts: 1,
    };
    fixture.store.enqueue(&new, Timestamp::now()).await.unwrap();
    let lease = fixture.store.claim("w", Timestamp::now(), LEASE).await;
    assert!(lease.unwrap().is_some());
    let target = path(&fixture, &fixture.ours.cluster.id, "");
    fixture
        .post(&target, &json!({}))
        .await
        .refused(409, "CCE.01409001");
    let absent = path(&fixture, "00000000-0000-4000-8000-000000000000", "");
    fixture
        .post(&absent, &json!({}))
        .await
        .refused(404, "CCE.01404001");
    fixture
        .get(&format!("{absent}/tasks"))
        .await
        .refused(404, "CCE.01404001");
}

#[tokio::test]
async fn a_snapshot_becomes_a_point_of_the_open_workflow() {
    let fixture = Fixture::new().await;
    let workflows = fixture.ours.path("/operation/upgradeworkflows");
    let body =
        json!({ "kind": "WorkFlowTask", "apiVersion": "v3", "spec": { "targetVersion": "v1.32" } });
    let opened = fixture.post(&workflows, &body).await;
    assert_eq!(opened.status.as_u16(), 201, "{opened:?}");
    let id = opened.json()["metadata"]["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    let target = path(&fixture, &fixture.ours.cluster.id, "");
    let created = fixture.post(&target, &json!({})).await.ok();
    fixture.finish(Phase::Success, None).await;
    let shown = fixture.get(&format!("{workflows}/{id}")).await.ok();
    let points = shown["status"]["pointStatuses"].as_array().unwrap();
    let point = points
        .iter()
        .find(|it| it["taskType"] == "Snapshot")
        .unwrap();
    assert_eq!(point["taskID"], created["uid"], "{shown}");
    assert_eq!(point["status"], "Success");
    assert_eq!(point.get("expireTimeStamp"), None);
}
