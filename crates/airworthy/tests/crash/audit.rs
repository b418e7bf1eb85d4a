//! Killed while API servers send audit events: a batch that was answered is kept, and one that is sent again counts once.

use http::{Request, header};
use jiff::Timestamp;
use serde_json::json;

use super::{
    client::{Client, exchange},
    house::{House, PROJECT, Running},
};
use crate::common_cli::facts::healthy;

/// Every statement of the database is a line of the log, so that the kill can come between any two of them.
const FILTER: &str = "info,sqlx=debug";
const ROUNDS: usize = 30;

/// A batch of one call, by a program that nobody else is.
fn batch(program: &str) -> String {
    let event = json!({
        "level": "Metadata", "auditID": program, "stage": "ResponseComplete", "verb": "list",
        "requestURI": "/apis/batch/v1beta1/cronjobs", "user": {"username": "jane"}, "userAgent": program,
        "objectRef": {"resource": "cronjobs", "apiGroup": "batch", "apiVersion": "v1beta1"}, "responseStatus": {"code": 200},
        "requestReceivedTimestamp": Timestamp::now(), "stageTimestamp": Timestamp::now(),
        "annotations": {"k8s.io/deprecated": "true", "k8s.io/removed-release": "1.25"},
    });
    json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [event]}).to_string()
}

/// Whether it was answered with success; nothing else may be the answer.
async fn send(client: &Client, cluster: &str, token: &str, body: &str) -> bool {
    let request = Request::post(format!("/audit/v1/clusters/{cluster}"))
        .header(header::HOST, client.address.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(body.to_owned());
    match exchange(client.address, request.expect("a request")).await {
        Ok(answer) => answer.status == 200 || panic!("{answer:?}"),
        Err(_) => false,
    }
}

/// Sends, and kills the service once it has logged so many more lines.
async fn send_and_kill(
    service: Running,
    cluster: &str,
    token: &str,
    body: &str,
    lines: usize,
) -> bool {
    let client = service.client.clone();
    let logged = service.log().len();
    let (cluster, token, body) = (cluster.to_owned(), token.to_owned(), body.to_owned());
    let mut sending = tokio::spawn(async move { send(&client, &cluster, &token, &body).await });
    // Where a batch takes fewer lines than the first did, its answer comes first.
    let answered = tokio::select! {
        answered = &mut sending => Some(answered),
        () = service.until_logged(logged + lines) => None,
    };
    service.kill().await;
    let answered = match answered {
        Some(answered) => answered,
        None => sending.await,
    };
    answered.expect("no panic")
}

async fn lines_of_one(house: &House, cluster: &str, token: &str) -> usize {
    let service = house.start_logging(FILTER).await;
    let before = service.log().len();
    assert!(send(&service.client, cluster, token, &batch("first/1.0")).await);
    service.until_told("route=\"/audit/v1").await;
    let lines = service.log().len() - before;
    service.kill().await;
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_answered_is_kept_and_counts_once_whenever_the_service_is_killed() {
    let house = House::new("").await;
    let cluster = house.recorded("prod", &healthy()).await;
    let store = house.store().await;
    let token = store
        .create_audit_token(PROJECT, &cluster, Timestamp::now())
        .await
        .expect("a token");
    store.close().await.expect("it closes");
    let token = token.expose();
    let whole = lines_of_one(&house, &cluster, token).await;
    assert!(whole > 8, "{whole} lines: the statements are not logged");
    let (mut answered, mut again) = (0, 0);
    for round in 0..ROUNDS {
        let body = batch(&format!("program-{round}/1.0"));
        let service = house.start_logging(FILTER).await;
        // From the first line to past the last, so that both sides of the answer are hit however many lines there are.
        let lines = round * 2 * whole / ROUNDS + 1;
        if send_and_kill(service, &cluster, token, &body, lines).await {
            answered += 1;
            continue;
        }
        // As an API server does.
        again += 1;
        let service = house.start_logging(FILTER).await;
        assert!(
            send(&service.client, &cluster, token, &body).await,
            "round {round}"
        );
        service.kill().await;
    }
    assert!(
        answered > 0 && again > 0,
        "{answered} were answered, {again} were not: the kills hit one side"
    );
    let store = house.store().await;
    let kept = store
        .audit_events(PROJECT, &cluster, Timestamp::now())
        .await
        .expect("it reads")
        .expect("events");
    let counts: Vec<_> = kept.calls.iter().filter(|call| call.ended != 1).collect();
    assert!(counts.is_empty(), "counted twice: {counts:?}");
    assert_eq!(
        (kept.calls.len(), kept.events),
        (ROUNDS + 1, ROUNDS as u64 + 1)
    );
    store.close().await.expect("it closes");
}
