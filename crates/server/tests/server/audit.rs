//! Batches of audit events, as API servers send them.

use std::convert::Infallible;

use airworthy_store::AuditKept;
use axum::body::Body;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use futures::{StreamExt as _, future::join_all, stream};
use http::{Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::fixture::{Fixture, Tenant, unsigned};

fn path(tenant: &Tenant) -> String {
    format!("/audit/v1/clusters/{}", tenant.cluster.id)
}

fn event(user_agent: &str) -> Value {
    json!({
        "level": "Metadata", "auditID": "a", "stage": "ResponseComplete", "verb": "list",
        "requestURI": "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas",
        "user": {"username": "jane"}, "sourceIPs": ["127.0.0.1"], "userAgent": user_agent,
        "objectRef": {"resource": "flowschemas", "apiGroup": "flowcontrol.apiserver.k8s.io", "apiVersion": "v1beta3"},
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": Timestamp::now(), "stageTimestamp": Timestamp::now(),
        "annotations": {"k8s.io/deprecated": "true", "k8s.io/removed-release": "1.32"},
    })
}

fn batch(user_agents: &[&str]) -> String {
    let items: Vec<_> = user_agents.iter().map(|agent| event(agent)).collect();
    json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": items})
        .to_string()
}

async fn token(fixture: &Fixture, tenant: &Tenant) -> String {
    let made =
        fixture
            .store
            .create_audit_token(&tenant.project.id, &tenant.cluster.id, Timestamp::now());
    made.await.unwrap().expose().to_owned()
}

fn request(target: &str, token: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = unsigned(Method::POST, target, body);
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    request
}

async fn kept(fixture: &Fixture) -> AuditKept {
    let ours = &fixture.ours;
    let kept = fixture
        .store
        .audit_events(&ours.project.id, &ours.cluster.id, Timestamp::now());
    kept.await.unwrap().unwrap()
}

#[tokio::test]
async fn a_batch_that_was_answered_is_kept_and_counts_once() {
    let fixture = Fixture::new().await;
    let (target, token) = (path(&fixture.ours), token(&fixture, &fixture.ours).await);
    let body = batch(&["reader/1.0", "reader/1.0", "other/2.0"]);
    for _ in 0..2 {
        fixture
            .send(request(&target, &token, body.clone()))
            .await
            .ok();
    }
    fixture
        .send(request(
            &format!("{target}?timeout=30s"),
            &token,
            batch(&["other/2.0"]),
        ))
        .await
        .ok();
    let kept = kept(&fixture).await;
    let rows: Vec<_> = kept
        .calls
        .iter()
        .map(|call| (&*call.user_agent, call.ended))
        .collect();
    assert_eq!(rows, [("other/2.0", 2), ("reader/1.0", 2)]);
    assert_eq!((kept.events, kept.refused), (4, 0));
}

/// As an API server sends it to an address that is not https.
#[tokio::test]
async fn the_token_may_be_the_password_of_the_address() {
    let fixture = Fixture::new().await;
    let token = token(&fixture, &fixture.ours).await;
    for (pair, status) in [
        (format!("audit:{token}"), 200),
        (format!("x:{token}"), 200),
        (token.clone(), 401),
        (format!("{token}:"), 401),
        ("audit:guess".to_owned(), 401),
    ] {
        let mut request = unsigned(Method::POST, &path(&fixture.ours), batch(&["reader/1.0"]));
        let value = format!("Basic {}", BASE64_STANDARD.encode(&pair))
            .parse()
            .unwrap();
        request.headers_mut().insert("authorization", value);
        assert_eq!(fixture.send(request).await.status, status, "{pair}");
    }
}

#[tokio::test]
async fn only_the_clusters_own_token_opens_it_and_nothing_else_is_learnt() {
    let fixture = Fixture::new().await;
    let ours = token(&fixture, &fixture.ours).await;
    let body = batch(&["reader/1.0"]);
    let absent = "/audit/v1/clusters/00000000-0000-4000-8000-000000000000";
    let mut told = Vec::new();
    for (target, token) in [
        (path(&fixture.theirs), &*ours),
        (path(&fixture.ours), "guess"),
        (path(&fixture.ours), ""),
        (absent.to_owned(), &*ours),
        ("/audit/v1/clusters/%2e%2e".to_owned(), &*ours),
    ] {
        let answer = fixture.send(request(&target, token, body.clone())).await;
        told.push(answer.refused(401, "APIGW.0301"));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let bare = fixture
        .send(unsigned(Method::POST, &path(&fixture.ours), body.clone()))
        .await;
    bare.refused(401, "APIGW.0301");
    let got = fixture
        .send(unsigned(Method::GET, &path(&fixture.ours), ""))
        .await;
    got.refused(404, "APIGW.0101");
    assert_eq!(kept(&fixture).await, AuditKept::default());
}

#[tokio::test]
async fn what_cannot_be_taken_is_a_hole_that_is_remembered() {
    let fixture = Fixture::new().await;
    let (target, token) = (path(&fixture.ours), token(&fixture, &fixture.ours).await);
    let good = batch(&["reader/1.0"]);
    for body in [
        "",
        "banana",
        "{}",
        &good[..good.len() - 9],
        &good.replace("audit.k8s.io/v1", "audit.k8s.io/v1beta1"),
    ] {
        let answer = fixture
            .send(request(&target, &token, body.to_owned()))
            .await;
        let message = answer.refused(400, "CCE.01400001");
        assert!(
            message.contains("EventList of audit.k8s.io/v1"),
            "{message}"
        );
    }
    let large = Bytes::from(vec![b' '; 13 * 1024 * 1024]);
    let chunks = stream::iter(vec![
        Ok::<_, Infallible>(large.slice(..7_000_000)),
        Ok(large.slice(7_000_000..)),
    ]);
    for body in [Body::from(large), Body::from_stream(chunks)] {
        fixture
            .send(request(&target, &token, body))
            .await
            .refused(413, "APIGW.0201");
    }
    let kept = kept(&fixture).await;
    assert_eq!((kept.refused, kept.events), (7, 0));
    assert!(kept.refusal.unwrap().starts_with("it was larger"));
}

/// More than a few at once shall come again: nothing of them is read, so they cost nothing.
#[tokio::test]
async fn too_many_at_once_are_sent_away_for_a_moment() {
    let fixture = Fixture::new().await;
    let (target, token) = (path(&fixture.ours), token(&fixture, &fixture.ours).await);
    let (begun, mut seen) = mpsc::unbounded_channel();
    let (release, _) = tokio::sync::watch::channel(false);
    let body = batch(&["slow/1.0"]);
    let slow = |n: usize| {
        let (begun, mut go) = (begun.clone(), release.subscribe());
        // A blank more or less makes each another batch.
        let text = format!("{body}{}", " ".repeat(n));
        let rest = async move {
            begun.send(()).unwrap();
            go.wait_for(|go| *go).await.unwrap();
            Ok::<_, Infallible>(Bytes::from(text))
        };
        request(
            &target,
            &token,
            Body::from_stream(stream::once(rest).boxed()),
        )
    };
    let all = join_all((0..4).map(|n| fixture.send(slow(n))));
    let busy = async {
        for _ in 0..4 {
            seen.recv().await.unwrap();
        }
        let answer = fixture.send(request(&target, &token, body.clone())).await;
        answer.refused(429, "APIGW.0308");
        assert_eq!(answer.headers["retry-after"], "1");
        release.send(true).unwrap();
    };
    let (all, ()) = tokio::join!(all, busy);
    for answer in all {
        answer.ok();
    }
    fixture
        .send(request(&target, &token, format!("{body}    ")))
        .await
        .ok();
    assert_eq!(kept(&fixture).await.events, 5);
}

#[tokio::test]
async fn a_store_that_fails_is_never_answered_with_success() {
    let fixture = Fixture::new().await;
    let (target, token) = (path(&fixture.ours), token(&fixture, &fixture.ours).await);
    let fixture = fixture.on_a_full_disk().await;
    let many: Vec<_> = (0..2000)
        .map(|n| format!("{n}/{}", "x".repeat(200)))
        .collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let answer = fixture.send(request(&target, &token, batch(&many))).await;
    answer.refused(500, "CCE.01500001");
    assert_eq!(answer.json()["reason"], "InternalError");
    assert_eq!(kept(&fixture).await.events, 0);
}
