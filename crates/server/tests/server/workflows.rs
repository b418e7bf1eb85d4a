//! Workflows as their callers meet them: opened, filled with tasks, given up, and what is refused.

use std::time::Duration;

use airworthy_cce::{time::SpacedTime, wire::Shapes};
use airworthy_service::Settings;
use airworthy_store::{Enqueued, NewTask, Outcome, Phase, TaskKind};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::fixture::{Fixture, LEASE, precheck};

const ABSENT: &str = "00000000-0000-4000-8000-000000000000";
const WORKFLOWS: &str = "/operation/upgradeworkflows";

fn body(target: &str) -> Value {
    json!({ "kind": "WorkFlowTask", "apiVersion": "v3", "spec": { "targetVersion": target } })
}

fn cancelling() -> Value {
    json!({ "status": { "phase": "Cancel" } })
}

fn postcheck() -> Value {
    json!({ "apiVersion": "v3", "kind": "PostCheckTask", "spec": {} })
}

impl Fixture {
    async fn open(&self, target: &str) -> Value {
        let answer = self.post(&self.ours.path(WORKFLOWS), &body(target)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    fn one(&self, workflow: &Value) -> String {
        let uid = workflow["metadata"]["uid"].as_str().unwrap();
        self.ours.path(&format!("{WORKFLOWS}/{uid}"))
    }

    async fn patch(&self, target: &str, body: &Value) -> crate::fixture::Answered {
        self.call(Method::PATCH, target, &body.to_string()).await
    }

    /// Accepts a task as the service does for the open workflow, where its own operation needs more than a store.
    async fn accept(&self, workflow: &Value, kind: TaskKind) -> String {
        let new = NewTask {
            project_id: self.ours.project.id.clone(),
            cluster_id: self.ours.cluster.id.clone(),
            workflow: Some(workflow["metadata"]["uid"].as_str().unwrap().to_owned()),
            kind,
            spec: "{}".into(),
            max_attempts: 1,
        };
        match self.store.enqueue(&new, Timestamp::now()).await {
            Ok(Enqueued::New(task)) => task.id,
            other => panic!("{other:?}"),
        }
    }

    /// Ends the task that is due; a result counts until `expires`.
    async fn end(&self, phase: Phase, expires: Option<Timestamp>) {
        let now = Timestamp::now();
        let lease = self.store.claim("test", now, LEASE).await.unwrap().unwrap();
        let outcome = Outcome {
            phase,
            message: None,
            result: None,
            expires_at: expires,
        };
        self.store.finish(&lease, outcome, None, now).await.unwrap();
    }
}

fn soon() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(1)
}

fn points(workflow: &Value) -> Vec<(String, Value)> {
    let points = workflow["status"]["pointStatuses"].as_array().unwrap();
    points
        .iter()
        .map(|it| {
            (
                it["taskType"].as_str().unwrap().to_owned(),
                it["status"].clone(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_new_workflow_is_answered_whole_with_exact_versions() {
    let fixture = Fixture::new().await;
    let mut asked = body("v1.32.4");
    // As Terraform sends it.
    asked["spec"]["clusterVersion"] = json!("");
    asked["spec"]["clusterID"] = json!(fixture.ours.cluster.id);
    let answer = fixture.post(&fixture.ours.path(WORKFLOWS), &asked).await;
    assert_eq!(answer.status, 201);
    let made = answer.json();
    let metadata = made["metadata"].clone();
    let line = |from: &str, to: &str| json!({ "startPoint": { "taskType": from }, "endPoint": { "taskType": to } });
    assert_eq!(
        made,
        json!({
            "kind": "WorkFlowTask", "apiVersion": "v3", "metadata": metadata,
            "spec": { "clusterID": fixture.ours.cluster.id, "clusterVersion": "v1.31.14-r0",
                      "targetVersion": "v1.32.4-r0" },
            "status": {
                "phase": "Init",
                "pointStatuses": [{ "taskType": "PreCheck" }, { "taskType": "Snapshot" },
                                  { "taskType": "Cluster" }, { "taskType": "PostCheck" }],
                "lineStatuses": [line("PreCheck", "Cluster"), line("PreCheck", "Snapshot"),
                                 line("Snapshot", "Cluster"), line("Cluster", "PostCheck")],
            },
        })
    );
    let created = metadata["creationTimestamp"].as_str().unwrap();
    assert!(
        created.parse::<Timestamp>().is_ok() && created.ends_with('Z'),
        "{created}"
    );
    assert_eq!(fixture.get(&fixture.one(&made)).await.ok(), made);
    let listed = fixture.get(&fixture.ours.path(WORKFLOWS)).await.ok();
    assert_eq!(
        listed,
        json!({ "kind": "List", "apiVersion": "v3", "items": [made] })
    );
}

#[tokio::test]
async fn a_minor_alone_is_answered_as_the_patch_that_it_stands_for() {
    let fixture = Fixture::new().await;
    let made = fixture.open("v1.32").await;
    let target = made["spec"]["targetVersion"].as_str().unwrap();
    let patch = target
        .strip_prefix("v1.32.")
        .and_then(|rest| rest.strip_suffix("-r0"));
    assert!(patch.unwrap().parse::<u16>().unwrap() > 0, "{target}");
}

#[tokio::test]
async fn older_clients_get_the_newest_as_an_object_and_critical_as_text() {
    let fixture = Fixture::new().await.in_shapes(Shapes::Legacy);
    let listed = fixture.get(&fixture.ours.path(WORKFLOWS)).await.ok();
    assert_eq!(listed, json!({ "kind": "List", "apiVersion": "v3" }));
    let first = fixture.open("v1.32").await;
    fixture
        .patch(&fixture.one(&first), &cancelling())
        .await
        .ok();
    let second = fixture.open("v1.32").await;
    let critical: Vec<_> = second["status"]["lineStatuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["critical"].clone())
        .collect();
    assert_eq!(critical, ["true", "false", "false", "true"]);
    let listed = fixture.get(&fixture.ours.path(WORKFLOWS)).await.ok();
    assert_eq!(listed["items"], second);
}

#[tokio::test]
async fn a_second_workflow_is_a_conflict_until_the_first_is_over() {
    let fixture = Fixture::new().await;
    let first = fixture.open("v1.32").await;
    let again = fixture
        .post(&fixture.ours.path(WORKFLOWS), &body("v1.32"))
        .await;
    let message = again.refused(409, "CCE.01409001");
    assert!(message.contains(first["metadata"]["uid"].as_str().unwrap()));
    let cancelled = fixture
        .patch(&fixture.one(&first), &cancelling())
        .await
        .ok();
    assert_eq!(cancelled["status"]["phase"], "Cancel");
    assert_eq!(cancelled["spec"], first["spec"]);
    let second = fixture.open("v1.32").await;
    let listed = fixture.get(&fixture.ours.path(WORKFLOWS)).await.ok();
    assert_eq!(listed["items"], json!([second, cancelled]), "newest first");
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_with_the_reason() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path(WORKFLOWS);
    let with = |pointer: &str, value: Value| {
        let mut asked = body("v1.32");
        *asked.pointer_mut(pointer).unwrap() = value;
        asked
    };
    let mut other = body("v1.32");
    other["spec"]["clusterVersion"] = json!("v1.30.2-r0");
    let mut stray = body("v1.32");
    stray["spec"]["clusterID"] = json!(ABSENT);
    for (asked, code) in [
        (body("v1.31.14"), "CCE.01400015"),
        (body("v1.30"), "CCE.01400015"),
        (body("v1.33"), "CCE.01400015"),
        (body("v1.99"), "CCE.01400015"),
        (body("banana"), "CCE.01400015"),
        (with("/spec/targetVersion", json!("")), "CCE.01400001"),
        (with("/spec/targetVersion", json!(1.32)), "CCE.01400001"),
        (with("/kind", json!("PreCheckTask")), "CCE.01400001"),
        (with("/apiVersion", json!("v1")), "CCE.01400001"),
        (with("/spec", json!([])), "CCE.01400001"),
        (other, "CCE.01400001"),
        (stray, "CCE.01400001"),
        (json!([]), "CCE.01400001"),
    ] {
        fixture.post(&target, &asked).await.refused(400, code);
    }
    let listed = fixture.get(&target).await.ok();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_body_that_is_not_announced_as_json_is_refused() {
    let fixture = Fixture::new().await;
    let workflow = fixture.open("v1.32").await;
    for (method, target, body) in [
        (Method::POST, fixture.ours.path(WORKFLOWS), body("v1.32")),
        (Method::PATCH, fixture.one(&workflow), cancelling()),
    ] {
        let key = &fixture.ours.key;
        let mut request = crate::fixture::unsigned(method, &target, body.to_string());
        request
            .headers_mut()
            .insert("content-type", "text/plain".parse().unwrap());
        let names = ["content-type", "host", airworthy_cce::sign::DATE_HEADER];
        let bytes = body.to_string().into_bytes();
        let request = crate::fixture::signed(request, &key.ak, key.sk.expose(), &bytes, &names);
        fixture.send(request).await.refused(400, "CCE.01400006");
    }
}

#[tokio::test]
async fn a_cluster_whose_version_nobody_knows_gets_no_workflow() {
    let fixture = Fixture::new().await;
    let new = airworthy_store::NewCluster {
        id: None,
        name: "dark".into(),
        alias: None,
        access: airworthy_store::Access::Kubeconfig {
            path: "/nowhere/kubeconfig".into(),
            context: None,
        },
    };
    let project = &fixture.ours.project.id;
    let dark = fixture.store.add_cluster(project, new, Timestamp::now());
    let target = format!(
        "{}/{}{WORKFLOWS}",
        fixture.ours.clusters(),
        dark.await.unwrap().id
    );
    let message = fixture
        .post(&target, &body("v1.32"))
        .await
        .refused(400, "CCE.01400001");
    assert!(message.contains("not known"), "{message}");
}

#[tokio::test]
async fn tasks_become_points_of_the_open_workflow_and_carry_it_to_success() {
    let fixture = Fixture::new().await;
    let workflow = fixture.open("v1.32.4").await;
    let one = fixture.one(&workflow);
    let check = fixture
        .post(
            &fixture.ours.path("/operation/precheck"),
            &precheck("v1.32.4"),
        )
        .await
        .ok();
    let shown = fixture.get(&one).await.ok();
    assert_eq!(shown["status"]["phase"], "Running");
    assert_eq!(
        shown["status"]["pointStatuses"][0],
        json!({ "taskType": "PreCheck", "taskID": check["metadata"]["uid"], "status": "Init" })
    );
    let expires = soon();
    fixture.end(Phase::Success, Some(expires)).await;
    let point = fixture.get(&one).await.ok()["status"]["pointStatuses"][0].clone();
    assert_eq!(point["status"], "Success");
    let micros = Timestamp::from_microsecond(expires.as_microsecond()).unwrap();
    assert_eq!(point["expireTimeStamp"], SpacedTime(micros).to_string());
    for member in ["startTimeStamp", "endTimeStamp"] {
        let text = point[member].as_str().unwrap();
        assert!(text.parse::<SpacedTime>().is_ok(), "{member}: {text}");
    }

    for kind in [TaskKind::Snapshot, TaskKind::Upgrade] {
        fixture.accept(&workflow, kind).await;
        fixture.end(Phase::Success, Some(soon())).await;
    }
    let shown = fixture.get(&one).await.ok();
    assert_eq!(shown["status"]["phase"], "Running");
    for point in [1, 2] {
        let point = &shown["status"]["pointStatuses"][point];
        assert_eq!(
            point.get("expireTimeStamp"),
            None,
            "of pre-checks alone: {point}"
        );
    }

    let target = fixture.ours.path("/operation/postcheck");
    let body = postcheck();
    let posted = async { fixture.post(&target, &body).await.ok() };
    let (answer, ()) = tokio::join!(posted, confirmed(&fixture));
    assert_eq!(answer["status"]["phase"], "Success");
    let shown = fixture.get(&one).await.ok();
    assert_eq!(shown["status"]["phase"], "Success");
    let all = points(&shown);
    assert!(all.iter().all(|(_, status)| status == "Success"), "{all:?}");
    fixture.open("v1.32").await;
}

/// Ends the post-check once it is there. It must have been filled with what the workflow is about.
async fn confirmed(fixture: &Fixture) {
    let mut changes = fixture.store.changes();
    loop {
        changes.borrow_and_update();
        let now = Timestamp::now();
        if let Some(lease) = fixture.store.claim("test", now, LEASE).await.unwrap() {
            assert_eq!(lease.task.kind, TaskKind::Postcheck);
            let spec: Value = serde_json::from_str(&lease.task.spec).unwrap();
            assert_eq!(
                spec,
                json!({ "clusterVersion": "v1.31.14-r0", "targetVersion": "v1.32.4-r0" })
            );
            let outcome = Outcome {
                phase: Phase::Success,
                message: None,
                result: None,
                expires_at: None,
            };
            fixture
                .store
                .finish(&lease, outcome, None, now)
                .await
                .unwrap();
            return;
        }
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn a_check_of_another_target_runs_beside_the_workflow() {
    let fixture = Fixture::new().await;
    let workflow = fixture.open("v1.32.4").await;
    let target = fixture.ours.path("/operation/precheck");
    fixture.post(&target, &precheck("v1.32.5")).await.ok();
    let shown = fixture.get(&fixture.one(&workflow)).await.ok();
    assert_eq!(shown, workflow);
}

#[tokio::test]
async fn a_failed_check_makes_the_workflow_wait_and_a_new_one_lets_it_go_on() {
    let fixture = Fixture::new().await;
    let workflow = fixture.open("v1.32.4").await;
    let one = fixture.one(&workflow);
    let check = async || {
        let target = fixture.ours.path("/operation/precheck");
        fixture.post(&target, &precheck("v1.32.4")).await.ok()
    };
    for phase in [Phase::Failed, Phase::Error] {
        check().await;
        fixture.end(phase, None).await;
        let shown = fixture.get(&one).await.ok();
        assert_eq!(shown["status"]["phase"], "Pending");
        assert_eq!(
            points(&shown)[0].1,
            "Failed",
            "points have no other word for it"
        );
    }
    let second = check().await;
    let shown = fixture.get(&one).await.ok();
    assert_eq!(shown["status"]["phase"], "Running");
    let point = &shown["status"]["pointStatuses"][0];
    assert_eq!(point["taskID"], second["metadata"]["uid"]);
}

#[tokio::test]
async fn a_workflow_is_cancelled_from_init_and_pending_alone() {
    let fixture = Fixture::new().await;
    let workflow = fixture.open("v1.32.4").await;
    let one = fixture.one(&workflow);
    let refused = async || {
        let answer = fixture.patch(&one, &cancelling()).await;
        answer.refused(400, "CCE.01400001")
    };
    fixture.accept(&workflow, TaskKind::Precheck).await;
    assert!(refused().await.contains("Running"));
    // It fails beside a snapshot, which goes on.
    fixture.accept(&workflow, TaskKind::Snapshot).await;
    fixture.end(Phase::Failed, None).await;
    assert_eq!(fixture.get(&one).await.ok()["status"]["phase"], "Pending");
    assert!(refused().await.contains("not ended"));
    fixture.end(Phase::Success, None).await;
    assert_eq!(fixture.get(&one).await.ok()["status"]["phase"], "Pending");
    let cancelled = fixture.patch(&one, &cancelling()).await.ok();
    assert_eq!(cancelled["status"]["phase"], "Cancel");
    assert!(refused().await.contains("Cancel"));
}

#[tokio::test]
async fn a_change_can_ask_for_nothing_but_to_cancel() {
    let fixture = Fixture::new().await;
    let workflow = fixture.open("v1.32").await;
    let one = fixture.one(&workflow);
    for asked in [
        json!({}),
        json!({ "status": {} }),
        json!({ "status": { "phase": "Success" } }),
        json!({ "status": { "phase": "cancel" } }),
        json!({ "status": "Cancel" }),
        json!([{ "op": "replace", "path": "/status/phase", "value": "Cancel" }]),
    ] {
        let answer = fixture.patch(&one, &asked).await;
        answer.refused(400, "CCE.01400001");
    }
    assert_eq!(fixture.get(&one).await.ok(), workflow);
}

#[tokio::test]
async fn a_workflow_that_nobody_goes_on_with_can_be_cancelled_once_its_check_has_expired() {
    let settings = Settings {
        result_expiry: Duration::from_mins(5),
        ..Settings::default()
    };
    let fixture = Fixture::with(settings).await;
    let workflow = fixture.open("v1.32.4").await;
    let one = fixture.one(&workflow);
    fixture.accept(&workflow, TaskKind::Precheck).await;
    let expired = Timestamp::now() - SignedDuration::from_secs(1);
    fixture.end(Phase::Success, Some(expired)).await;
    // Whoever looks sees what time has brought about, whether the scheduler runs or not.
    let shown = fixture.get(&one).await.ok();
    assert_eq!(shown["status"]["phase"], "Pending");
    let listed = fixture.get(&fixture.ours.path(WORKFLOWS)).await.ok();
    assert_eq!(listed["items"], json!([shown]));
    fixture.patch(&one, &cancelling()).await.ok();
}

#[tokio::test]
async fn nothing_is_confirmed_while_the_cluster_is_upgraded() {
    let fixture = Fixture::new().await;
    let workflow = fixture.open("v1.32.4").await;
    let upgrade = fixture.accept(&workflow, TaskKind::Upgrade).await;
    let answer = fixture
        .post(&fixture.ours.path("/operation/postcheck"), &postcheck())
        .await;
    let message = answer.refused(400, "CCE.01400001");
    assert!(message.contains(&upgrade), "{message}");
    let answer = fixture
        .post(
            &fixture.ours.path("/operation/precheck"),
            &precheck("v1.32.4"),
        )
        .await;
    let message = answer.refused(409, "CCE.01409001");
    assert!(message.contains(&upgrade), "{message}");
    let shown = fixture.get(&fixture.one(&workflow)).await.ok();
    assert_eq!(shown["status"]["phase"], "Running");
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_cannot_be_is_refused() {
    let fixture = Fixture::new().await;
    let workflow = fixture.open("v1.32").await;
    let absent = fixture.ours.path(&format!("{WORKFLOWS}/{ABSENT}"));
    let elsewhere = fixture
        .one(&workflow)
        .replace(&fixture.ours.cluster.id, ABSENT);
    for target in [absent, elsewhere] {
        fixture.get(&target).await.refused(404, "CCE.01404001");
        let answer = fixture.patch(&target, &cancelling()).await;
        answer.refused(404, "CCE.01404001");
    }
    let target = format!("{}/{ABSENT}{WORKFLOWS}", fixture.ours.clusters());
    fixture.get(&target).await.refused(404, "CCE.01404001");
    let answer = fixture.post(&target, &body("v1.32")).await;
    answer.refused(404, "CCE.01404001");
    let bad = fixture.ours.path(&format!("{WORKFLOWS}/1"));
    fixture.get(&bad).await.refused(400, "CCE.01400001");
    let answer = fixture
        .call(Method::DELETE, &fixture.one(&workflow), "")
        .await;
    answer.refused(404, "APIGW.0101");
}

#[tokio::test]
async fn the_workflow_of_another_cluster_of_the_project_is_absent() {
    let fixture = Fixture::new().await;
    let workflow = fixture.open("v1.32").await;
    let new = airworthy_store::NewCluster {
        id: None,
        name: "second".into(),
        alias: None,
        access: airworthy_store::Access::InCluster,
    };
    let project = &fixture.ours.project.id;
    let second = fixture.store.add_cluster(project, new, Timestamp::now());
    let target = fixture
        .one(&workflow)
        .replace(&fixture.ours.cluster.id, &second.await.unwrap().id);
    fixture.get(&target).await.refused(404, "CCE.01404001");
    let answer = fixture.patch(&target, &cancelling()).await;
    answer.refused(404, "CCE.01404001");
    assert_eq!(fixture.get(&fixture.one(&workflow)).await.ok(), workflow);
}
