//! Answers to the letter.

use airworthy_cce::time::SpacedTime;
use airworthy_service::Settings;
use airworthy_store::{Phase, Store, Task, TaskKind};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fixture::{Fixture, LEASE, precheck};

fn check(name: &str, status: &str) -> Value {
    json!({ "check": name, "status": status, "canBlock": true })
}

/// An assessment as it is stored: a blocking budget, a note about an API, all else clear or not asked.
fn assessment() -> Value {
    json!({
        "phase": "pre", "verdict": "notReady", "scope": "full",
        "cluster": { "name": "ours-1-prod", "server": "https://192.168.0.10:6443" },
        "version": "v1.31.14", "observedAt": "2026-11-22T08:00:00Z",
        "path": { "from": "v1.31.14", "target": "v1.32",
                  "hops": [{ "from": "1.31", "to": "1.32" }] },
        "knowledge": "test",
        "checks": [check("UpgradePath", "clear"), check("PdbBlocksDrain", "found")],
        "findings": [{
            "check": "PdbBlocksDrain", "severity": "blocker",
            "subject": { "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
                         "namespace": "shop", "name": "db" },
            "message": "allows no disruption", "evidence": [], "fix": [], "fingerprint": "f",
        }],
    })
}

async fn stored(store: &Store, task: &Task) -> Task {
    let found = store.task(&task.project_id, &task.cluster_id, task.kind, &task.id);
    found.await.unwrap().unwrap()
}

fn spaced(instant: Timestamp) -> String {
    SpacedTime(instant).to_string()
}

#[tokio::test]
async fn a_new_pre_check_is_answered_with_its_id() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    let answer = fixture.post(&target, &precheck("v1.32.4")).await.ok();
    let uid = answer["metadata"]["uid"].clone();
    assert_eq!(
        answer,
        json!({
            "apiVersion": "v3", "kind": "PreCheckTask", "metadata": { "uid": uid },
            "spec": { "clusterID": fixture.ours.cluster.id, "clusterVersion": "v1.31.14-r0",
                      "targetVersion": "v1.32.4-r0" },
            "status": { "phase": "Init", "clusterCheckStatus": { "phase": "Init" },
                        "addonCheckStatus": { "phase": "Init" },
                        "nodeCheckStatus": { "phase": "Init" } },
        })
    );
}

#[tokio::test]
async fn skipped_items_are_echoed_as_they_were_sent() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    fixture.post(&target, &precheck("v1.32")).await.ok();
    // What is below a blocker was shown as a risk, so it may be skipped from then on.
    let mut shown = assessment();
    shown["checks"][1]["check"] = json!("NodeVersionSkew");
    shown["findings"][0]["check"] = json!("NodeVersionSkew");
    shown["findings"][0]["severity"] = json!("risk");
    fixture.finish(Phase::Failed, Some(&shown)).await;
    let selector = json!({ "key": "node.uid", "operator": "In", "values": ["n-1", "n-2"] });
    let skips = json!([
        { "name": "PdbBlocksDrain" },
        { "name": "NodeVersionSkew", "resourceSelector": selector },
    ]);
    let mut body = precheck("v1.32");
    body["spec"]["skippedCheckItemList"] = skips.clone();
    let created = fixture.post(&target, &body).await.ok();
    assert_eq!(created["spec"]["skippedCheckItemList"], skips);
}

#[tokio::test]
async fn a_pre_check_is_shown_from_init_to_its_end() {
    let fixture = Fixture::new().await;
    let created = fixture
        .post(&fixture.ours.path("/operation/precheck"), &precheck("1.32"))
        .await
        .ok();
    let uid = created["metadata"]["uid"].as_str().unwrap();
    let tasks = fixture.ours.path("/operation/precheck/tasks");
    let target = format!("{tasks}/{uid}");
    let status = async || fixture.get(&target).await.ok()["status"].clone();
    let groups = |phase: &str| {
        json!({ "phase": phase, "clusterCheckStatus": { "phase": phase },
                "addonCheckStatus": { "phase": phase }, "nodeCheckStatus": { "phase": phase } })
    };
    assert_eq!(status().await, groups("Init"));

    let now = Timestamp::now();
    let lease = fixture.store.claim("w", now, LEASE).await.unwrap().unwrap();
    assert_eq!(status().await, groups("Running"));
    // An attempt that failed is no end: another one is due.
    fixture
        .store
        .fail(&lease, "broke", now, std::time::Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(status().await, groups("Running"));

    let lease = fixture.finish(Phase::Failed, Some(&assessment())).await;
    let task = stored(&fixture.store, &lease.task).await;
    let shown = fixture.get(&target).await.ok();
    let pdb = airworthy_assess::check("PdbBlocksDrain").unwrap();
    let expected = json!({
        "apiVersion": "v3", "kind": "PreCheckTask",
        "metadata": { "uid": uid, "creationTimestamp": spaced(task.created_at),
                      "updateTimestamp": spaced(task.updated_at) },
        "spec": { "clusterID": fixture.ours.cluster.id, "clusterVersion": "v1.31.14-r0",
                  "targetVersion": "v1.32.13-r0" },
        "status": {
            "phase": "Failed", "expireTimeStamp": "2026-11-22 10:00:00.5 +0000 UTC",
            "message": "why it is so",
            "clusterCheckStatus": { "phase": "Failed", "itemsStatus": [
                { "name": "UpgradePath", "kind": "Exception", "group": "LimitCheck",
                  "level": "Fatal", "phase": "Success", "message": "check item succeed",
                  "riskSource": {} },
                { "name": "PdbBlocksDrain", "kind": format!("{:?}", pdb.kind),
                  "group": format!("{:?}", pdb.group), "level": "Fatal", "phase": "Failed",
                  "message": "PodDisruptionBudget shop/db: allows no disruption",
                  "riskSource": { "configurationRisks": [{ "package": "PodDisruptionBudget",
                      "field": "shop/db", "value": "allows no disruption" }] } },
            ] },
            "addonCheckStatus": { "phase": "Success" },
            "nodeCheckStatus": { "phase": "Success" },
        },
    });
    assert_eq!(shown, expected, "{shown:#}");
    let list = fixture.get(&tasks).await.ok();
    assert_eq!(
        list,
        json!({ "apiVersion": "v3", "kind": "List", "metadata": {}, "items": [expected] })
    );
}

#[tokio::test]
async fn a_check_that_could_not_run_shows_why_and_no_groups() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    fixture.post(&target, &precheck("v1.32")).await.ok();
    let lease = fixture.finish(Phase::Error, None).await;
    let target = fixture
        .ours
        .path(&format!("/operation/precheck/tasks/{}", lease.task.id));
    assert_eq!(
        fixture.get(&target).await.ok()["status"],
        json!({ "phase": "Error", "message": "why it is so" })
    );
}

#[tokio::test]
async fn lists_begin_with_the_newest() {
    let fixture = Fixture::new().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        let target = fixture.ours.path("/operation/precheck");
        let created = fixture.post(&target, &precheck("v1.32")).await.ok();
        made.insert(0, created["metadata"]["uid"].clone());
        fixture.finish(Phase::Error, None).await;
    }
    let list = fixture
        .get(&fixture.ours.path("/operation/precheck/tasks"))
        .await
        .ok();
    let listed: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["metadata"]["uid"].clone())
        .collect();
    assert_eq!(listed, made);
}

#[tokio::test]
async fn a_result_that_cannot_be_read_is_an_error_of_ours() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    fixture.post(&target, &precheck("v1.32")).await.ok();
    let lease = fixture
        .finish(Phase::Success, Some(&json!({ "from": "another release" })))
        .await;
    let target = fixture
        .ours
        .path(&format!("/operation/precheck/tasks/{}", lease.task.id));
    let answer = fixture.get(&target).await;
    answer.refused(500, "CCE.01500001");
    assert!(!answer.text.contains("missing field"), "{answer:?}");
}

fn postcheck(spec: &Value) -> Value {
    json!({ "apiVersion": "v3", "kind": "PostCheckTask", "spec": spec })
}

#[tokio::test]
async fn a_post_check_is_answered_with_its_end() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/postcheck");
    let sent = json!({ "clusterVersion": "v1.15.11-r1", "targetVersion": "v1.19.16-r80" });
    for (asked, phase, result, status, spec) in [
        (
            sent.clone(),
            Phase::Success,
            Some(assessment()),
            json!({ "phase": "Success" }),
            sent.clone(),
        ),
        (
            json!({}),
            Phase::Failed,
            Some(assessment()),
            json!({ "phase": "Failed", "message": "why it is so" }),
            json!({ "clusterVersion": "v1.31.14-r0", "targetVersion": "v1.31.14-r0" }),
        ),
        (
            json!({}),
            Phase::Error,
            None,
            json!({ "phase": "Error", "message": "why it is so" }),
            json!({}),
        ),
    ] {
        let body = postcheck(&asked);
        let mut changes = fixture.store.changes();
        let (answer, lease) = tokio::join!(fixture.post(&target, &body), async {
            changes.changed().await.unwrap();
            fixture.finish(phase, result.as_ref()).await
        });
        let mut spec = spec;
        spec["clusterID"] = json!(fixture.ours.cluster.id);
        assert_eq!(
            answer.ok(),
            json!({ "apiVersion": "v3", "kind": "PostCheckTask",
                    "metadata": { "uid": lease.task.id }, "spec": spec, "status": status })
        );
    }
}

#[tokio::test]
async fn a_post_check_that_takes_too_long_is_joined_by_the_same_request() {
    let settings = Settings {
        post_check_wait: std::time::Duration::from_millis(20),
        ..Settings::default()
    };
    let fixture = Fixture::with(settings).await;
    let target = fixture.ours.path("/operation/postcheck");
    let spec = json!({ "clusterVersion": "v1.30.1" });
    let first = fixture.post(&target, &postcheck(&spec)).await.ok();
    assert_eq!(first["status"]["phase"], "Error");
    let message = first["status"]["message"].as_str().unwrap();
    assert!(message.contains("still running"), "{message}");
    let again = fixture.post(&target, &postcheck(&spec)).await.ok();
    assert_eq!(again["metadata"], first["metadata"]);
    let other = fixture
        .post(&target, &postcheck(&json!({ "clusterVersion": "v1.29.1" })))
        .await;
    other.refused(409, "CCE.01409001");
}

#[tokio::test]
async fn a_post_check_that_waits_is_answered_when_the_server_stops() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/postcheck");
    let body = postcheck(&json!({}));
    let mut changes = fixture.store.changes();
    let (answer, ()) = tokio::join!(fixture.post(&target, &body), async {
        changes.changed().await.unwrap();
        fixture.app.stop();
    });
    let answer = answer.ok();
    assert_eq!(answer["status"]["phase"], "Error");
    assert!(
        answer["status"]["message"]
            .as_str()
            .unwrap()
            .contains("stopping"),
        "{answer}"
    );
    let project = &fixture.ours.project.id;
    let tasks = fixture
        .store
        .task_ids(project, &fixture.ours.cluster.id, TaskKind::Postcheck);
    assert_eq!(tasks.await.unwrap()[0], answer["metadata"]["uid"]);
}

#[tokio::test]
async fn clusters_are_shown_as_clients_demand_them() {
    let fixture = Fixture::new().await;
    let ours = &fixture.ours;
    let kept = fixture
        .store
        .cluster(&ours.project.id, &ours.cluster.id)
        .await
        .unwrap()
        .unwrap();
    let expected = json!({
        "kind": "Cluster", "apiVersion": "v3",
        "metadata": { "name": "ours-1-prod", "uid": kept.id, "alias": "ours-1-prod",
                      "creationTimestamp": spaced(kept.created_at),
                      "updateTimestamp": spaced(kept.updated_at) },
        "spec": { "category": "Turbo", "type": "VirtualMachine",
                  "flavor": "cce.autopilot.cluster", "version": "v1.31",
                  "hostNetwork": { "vpc": "", "subnet": "" },
                  "containerNetwork": { "mode": "eni" }, "eniNetwork": { "subnets": [] } },
        "status": { "phase": "Available",
                    "endpoints": [{ "url": "https://192.168.0.10:6443", "type": "Internal" }] },
    });
    assert_eq!(fixture.get(&ours.path("?detail=true")).await.ok(), expected);
    assert_eq!(
        fixture
            .get(&format!("{}?detail=true", ours.clusters()))
            .await
            .ok(),
        json!({ "kind": "Cluster", "apiVersion": "v3", "items": [expected] })
    );
}

#[tokio::test]
async fn clusters_are_filtered_by_what_is_known_of_the_query() {
    let fixture = Fixture::new().await;
    for (query, shown) in [
        ("status=Available", 1),
        ("status=Upgrading", 0),
        ("status=Nonsense", 0),
        ("type=VirtualMachine", 1),
        ("type=BareMetal", 0),
        ("version=v1.31", 1),
        ("version=v1.31.14-r0", 1),
        ("version=v1.3", 0),
        ("version=", 1),
        ("errorStatus=x&page=2", 1),
        ("status=Available&version=v1.30", 0),
    ] {
        let target = format!("{}?{query}", fixture.ours.clusters());
        let list = fixture.get(&target).await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), shown, "{query}");
    }
}

#[tokio::test]
async fn a_cluster_that_was_never_reached_is_not_called_available() {
    let fixture = Fixture::new().await;
    let new = airworthy_store::NewCluster {
        id: Some("8978deaa-1743-11ee-8e46-0255ac10004c".into()),
        name: "new".into(),
        alias: Some("Brand new".into()),
        access: airworthy_store::Access::InCluster,
    };
    let project = &fixture.ours.project.id;
    fixture
        .store
        .add_cluster(project, new, Timestamp::now())
        .await
        .unwrap();
    let target = format!(
        "{}/8978deaa-1743-11ee-8e46-0255ac10004c",
        fixture.ours.clusters()
    );
    let shown = fixture.call(Method::GET, &target, "").await.ok();
    assert_eq!(shown["metadata"]["alias"], "Brand new");
    assert_eq!(shown["spec"].get("version"), None);
    assert_eq!(shown["status"]["phase"], "Unavailable");
    assert_eq!(shown["status"]["reason"], "NeverReached");
}

#[tokio::test]
async fn the_callers_project_is_listed_as_keystone_lists_it() {
    let fixture = Fixture::new().await;
    let id = &fixture.ours.project.id;
    assert_eq!(
        fixture.get("/v3/projects?name=ours-1").await.ok(),
        json!({
            "projects": [{ "id": id, "name": "ours-1", "domain_id": "default", "is_domain": false,
                           "parent_id": "default", "enabled": true, "description": "",
                           "links": { "self": format!("/v3/projects/{id}") } }],
            "links": { "self": "/v3/projects", "previous": null, "next": null },
        })
    );
}
