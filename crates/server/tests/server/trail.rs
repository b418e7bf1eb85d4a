//! The trail: what is written down of whom, and who may read it.

use std::{future::Future as _, pin::pin, time::Duration};

use airworthy_model::Role;
use airworthy_store::{Entry, TaskKind};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    access::{PASSWORD, ask, log_in, ours, token, user, with_token},
    fixture::{Fixture, precheck, request, unsigned},
};

/// All entries, oldest first.
async fn entries(fixture: &Fixture) -> Vec<Entry> {
    let kept = fixture.store.trail_since(None, None, 0, 1000).await;
    kept.unwrap().into_iter().map(|kept| kept.entry).collect()
}

fn told(entry: &Entry) -> (&str, &str, u16, Option<&str>) {
    (
        &entry.actor,
        &entry.operation,
        entry.status,
        entry.error_code.as_deref(),
    )
}

#[tokio::test]
async fn changes_are_written_down_whether_they_were_made_or_refused() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    let made = fixture.post(&target, &precheck("v1.32")).await;
    made.ok();
    fixture.post(&target, &precheck("v1.32")).await;
    fixture.get(&target).await;
    fixture.get(&fixture.ours.clusters()).await.ok();
    let theirs = fixture.theirs.path("/operation/precheck");
    fixture.post(&theirs, &precheck("v1.32")).await;
    fixture
        .send(unsigned(Method::POST, &target, "{}"))
        .await
        .refused(401, "APIGW.0301");
    let found = entries(&fixture).await;
    let actor = format!("key:{}", fixture.ours.key.ak);
    let name = "CreateAutopilotPreCheck";
    let expected = [
        (actor.as_str(), name, 200, None),
        (&actor, name, 409, Some("CCE.01409001")),
        (&actor, name, 403, Some("CCE.01403001")),
    ];
    assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected);
    let first = &found[0];
    assert_eq!(first.project_id.as_ref(), Some(&fixture.ours.project.id));
    assert_eq!(first.cluster_id.as_ref(), Some(&fixture.ours.cluster.id));
    assert_eq!(first.role, Some(Role::Operator));
    let id = made.headers["x-request-id"].to_str().unwrap();
    assert_eq!(first.request_id, id);
    assert!(Timestamp::now().duration_since(first.at).as_secs() < 60);
    // What was tried on another project is an entry of the one who tried.
    assert_eq!(found[2].project_id.as_ref(), Some(&fixture.ours.project.id));
}

#[tokio::test]
async fn log_ins_are_written_down_and_strangers_cannot_fill_the_trail_of_a_project() {
    let fixture = Fixture::new().await;
    user(&fixture, "ana", &[(&fixture.ours, Role::Admin)]).await;
    token(&fixture, "ana").await;
    let elsewhere = json!({ "project": { "name": "theirs-1" } });
    ask(&fixture, &log_in("ana", PASSWORD, &elsewhere)).await;
    ask(&fixture, &log_in("my-password-1", "x", &ours())).await;
    for _ in 0..6 {
        ask(&fixture, &log_in("ana", "wrong", &ours())).await;
    }
    let found = entries(&fixture).await;
    let of: Vec<_> = found
        .iter()
        .map(|it| (it.actor.as_str(), it.status, it.project_id.is_some()))
        .collect();
    let wrong = ("user:ana", 401, true);
    let expected = [
        ("user:ana", 201, true),
        ("user:ana", 403, false),
        ("user:?", 401, false),
        wrong,
        wrong,
        wrong,
        wrong,
        wrong,
        ("user:ana", 401, false),
    ];
    assert_eq!(of, expected);
    let name = "KeystoneCreateUserTokenByPassword";
    assert!(found.iter().all(|it| it.operation == name));
    assert_eq!(found[0].role, Some(Role::Admin));
    assert_eq!(found[3].role, None);
}

#[tokio::test]
async fn no_secret_is_written_down_anywhere() {
    let fixture = Fixture::new().await;
    user(&fixture, "ana", &[(&fixture.ours, Role::Admin)]).await;
    let token = token(&fixture, "ana").await;
    ask(&fixture, &log_in("ana", "a-wrong-password", &ours())).await;
    ask(&fixture, &log_in("a-misplaced-password", "x", &ours())).await;
    let target = fixture.ours.path("/operation/precheck");
    let body = precheck("v1.32").to_string();
    let create = with_token(&token, Method::POST, &target, &body);
    fixture.send(create).await.ok();
    let signed = request(&fixture.ours.key, Method::POST, &target, &body);
    let authorization = signed.headers()["authorization"].to_str().unwrap();
    let signature = authorization.rsplit_once('=').unwrap().1.to_owned();
    fixture.send(signed).await;
    assert_eq!(entries(&fixture).await.len(), 5);
    let secret = fixture.ours.key.sk.expose();
    for file in std::fs::read_dir(fixture.directory.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
        for kept in [
            PASSWORD,
            "a-wrong-password",
            "a-misplaced-password",
            &token,
            &signature,
            secret,
        ] {
            assert!(!holds(kept), "{kept}");
        }
    }
}

#[tokio::test]
async fn admins_read_their_trail_page_by_page_and_nobody_else_does() {
    let fixture = Fixture::new().await;
    user(&fixture, "ana", &[(&fixture.ours, Role::Admin)]).await;
    let ana = token(&fixture, "ana").await;
    let target = fixture.ours.path("/operation/precheck");
    for _ in 0..4 {
        fixture.post(&target, &precheck("v1.32")).await;
    }
    let theirs = fixture.theirs.path("/operation/precheck");
    let body = precheck("v1.32").to_string();
    let created = request(&fixture.theirs.key, Method::POST, &theirs, &body);
    fixture.send(created).await.ok();

    let trail = format!("/audit/v1/projects/{}/requests", fixture.ours.project.id);
    let read = async |query: &str| {
        let target = format!("{trail}{query}");
        fixture
            .send(with_token(&ana, Method::GET, &target, ""))
            .await
    };
    let all = read("").await.ok();
    assert_eq!(all["kind"], "RequestList");
    assert_eq!(all.get("before"), None);
    let items = all["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 5);
    assert_eq!(items[4]["actor"], "user:ana");
    assert_eq!(items[0]["actor"], format!("key:{}", fixture.ours.key.ak));
    assert_eq!(items[0]["errorCode"], "CCE.01409001");
    assert_eq!(items[3]["status"], 200);
    assert_eq!(items[3].get("errorCode"), None);
    assert_eq!(items[3]["cluster"], fixture.ours.cluster.id);
    assert_eq!(items[3]["role"], "operator");

    let mut paged = Vec::new();
    let mut before = String::new();
    loop {
        let page = read(&format!("?limit=2{before}")).await.ok();
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page.get("before").and_then(Value::as_i64) else {
            break;
        };
        before = format!("&before={next}");
    }
    assert_eq!(paged, items);
    for query in [
        "?limit=0",
        "?limit=1001",
        "?limit=x",
        "?before=-1",
        "?before=x",
    ] {
        read(query).await.refused(400, "CCE.01400001");
    }
    fixture.get(&trail).await.refused(403, "CCE.01403001");
    let theirs = format!("/audit/v1/projects/{}/requests", fixture.theirs.project.id);
    let answer = fixture
        .send(with_token(&ana, Method::GET, &theirs, ""))
        .await;
    answer.refused(403, "CCE.01403001");
    assert_eq!(entries(&fixture).await.len(), 6, "reading leaves nothing");
}

/// The request is polled once and dropped, as it is when a connection breaks.
#[tokio::test]
async fn a_client_that_goes_away_cancels_nothing_that_it_began() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    let body = precheck("v1.32").to_string();
    let mut changes = fixture.store.changes();
    let request = request(&fixture.ours.key, Method::POST, &target, &body);
    {
        let mut answer = pin!(fixture.router().oneshot(request));
        std::future::poll_fn(|cx| {
            assert!(answer.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    }
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, changes.changed())
        .await
        .expect("the task is accepted")
        .unwrap();
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let ids = fixture.store.task_ids(project, cluster, TaskKind::Precheck);
    assert_eq!(ids.await.unwrap().len(), 1);
    let written = async {
        while entries(&fixture).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, written)
        .await
        .expect("the trail is written");
    assert_eq!(entries(&fixture).await[0].status, 200);
}

#[tokio::test]
async fn where_the_trail_cannot_be_written_the_answer_stays() {
    let fixture = Fixture::new().await.on_a_full_disk().await;
    let target = fixture.theirs.path("/operation/precheck");
    for _ in 0..100 {
        let answer = fixture.post(&target, &json!({})).await;
        answer.refused(403, "CCE.01403001");
    }
    assert!(entries(&fixture).await.len() < 100);
}
