//! Projects are walls: what is on the other side is not even there.

use airworthy_model::Role;
use http::{HeaderValue, Method};

use crate::{
    access::{token, user, with_token},
    fixture::{Fixture, precheck, request},
};

const ABSENT: &str = "00000000-0000-4000-8000-000000000000";

/// A token for our project, of a user with a role in both: it is the token that is walled in.
async fn token_of_both(fixture: &Fixture) -> String {
    let grants = [(&fixture.ours, Role::Admin), (&fixture.theirs, Role::Admin)];
    user(fixture, "both", &grants).await;
    token(fixture, "both").await
}

#[tokio::test]
async fn the_path_of_another_project_is_forbidden_and_says_nothing() {
    let fixture = Fixture::new().await;
    let theirs = &fixture.theirs;
    let token = token_of_both(&fixture).await;
    let tasks = theirs.path("/operation/precheck/tasks");
    for (method, target) in [
        (Method::GET, theirs.clusters()),
        (Method::GET, theirs.path("")),
        (Method::GET, tasks.clone()),
        (Method::GET, format!("{tasks}/{ABSENT}")),
        (Method::POST, theirs.path("/operation/precheck")),
        (Method::POST, theirs.path("/operation/postcheck")),
        (
            Method::GET,
            "/autopilot/v3/projects/nobody/clusters".to_owned(),
        ),
    ] {
        let signed = request(&fixture.ours.key, method.clone(), &target, "{}");
        for request in [signed, with_token(&token, method, &target, "{}")] {
            let answer = fixture.send(request).await;
            answer.refused(403, "CCE.01403001");
            assert!(!answer.text.contains(&theirs.cluster.name), "{answer:?}");
            assert!(!answer.text.contains(&theirs.project.id), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_cluster_of_another_project_is_as_absent_as_one_that_never_was() {
    let fixture = Fixture::new().await;
    let ours = fixture.ours.clusters();
    let token = token_of_both(&fixture).await;
    let body = precheck("v1.32").to_string();
    for (method, rest) in [
        (Method::GET, ""),
        (Method::GET, "/operation/precheck/tasks"),
        (Method::POST, "/operation/precheck"),
        (Method::POST, "/operation/postcheck"),
    ] {
        let body = body.replace(
            "PreCheckTask",
            if rest.ends_with("postcheck") {
                "PostCheckTask"
            } else {
                "PreCheckTask"
            },
        );
        let mut told = Vec::new();
        for id in [fixture.theirs.cluster.id.as_str(), ABSENT] {
            let target = format!("{ours}/{id}{rest}");
            let signed = request(&fixture.ours.key, method.clone(), &target, &body);
            let by_token = with_token(&token, method.clone(), &target, &body);
            for request in [signed, by_token] {
                let answer = fixture.send(request).await;
                told.push(answer.refused(404, "CCE.01404001").replace(id, ""));
            }
        }
        assert!(told.iter().all(|it| *it == told[0]), "{rest}: {told:?}");
    }
    assert_eq!(fixture.store.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_task_of_another_cluster_is_absent() {
    let fixture = Fixture::new().await;
    let theirs = &fixture.theirs;
    let body = precheck("v1.32").to_string();
    let created = request(
        &theirs.key,
        Method::POST,
        &theirs.path("/operation/precheck"),
        &body,
    );
    let created = fixture.send(created).await.ok();
    let uid = created["metadata"]["uid"].as_str().unwrap();
    let target = fixture
        .ours
        .path(&format!("/operation/precheck/tasks/{uid}"));
    let message = fixture.get(&target).await.refused(404, "CCE.01404001");
    assert_eq!(
        message,
        format!("Resource not found. Task {uid} does not exist.")
    );
    let list = fixture
        .get(&fixture.ours.path("/operation/precheck/tasks"))
        .await
        .ok();
    assert_eq!(list["items"], serde_json::json!([]));
}

#[tokio::test]
async fn x_project_id_must_be_the_callers() {
    let fixture = Fixture::new().await;
    for target in [fixture.ours.clusters(), "/v3/projects".to_owned()] {
        for (project, status) in [
            (&fixture.theirs.project.id, 403),
            (&fixture.ours.project.id, 200),
            (&String::new(), 200),
        ] {
            let mut request = request(&fixture.ours.key, Method::GET, &target, "");
            let value = HeaderValue::from_str(project).unwrap();
            request.headers_mut().insert("x-project-id", value);
            assert_eq!(fixture.send(request).await.status, status, "{target}");
        }
    }
}

#[tokio::test]
async fn a_path_without_a_project_says_that_the_client_lacks_one() {
    let fixture = Fixture::new().await;
    for unfilled in ["%7Bproject_id%7D", ""] {
        let target = format!("/autopilot/v3/projects/{unfilled}/clusters");
        let message = fixture.get(&target).await.refused(400, "CCE.01400001");
        assert!(message.contains("project_id"), "{message}");
    }
}

#[tokio::test]
async fn lists_show_ones_own_project_alone() {
    let fixture = Fixture::new().await;
    let clusters = fixture.get(&fixture.ours.clusters()).await;
    assert_eq!(clusters.ok()["items"].as_array().unwrap().len(), 1);
    assert!(!clusters.text.contains("theirs"), "{clusters:?}");
    let projects = fixture.get("/v3/projects?name=theirs-1").await.ok();
    assert_eq!(projects["projects"], serde_json::json!([]));
    let projects = fixture.get("/v3/projects?name=ours-1").await.ok();
    assert_eq!(projects["projects"][0]["id"], fixture.ours.project.id);
    assert_eq!(
        fixture.get("/v3/projects").await.ok()["projects"],
        projects["projects"]
    );
}
