//! Discovery that is told in part, or without end.

use airworthy_collect::Plan;
use airworthy_model::{Facts, Need, Reason};

use crate::{
    API_SERVICES, api_service,
    fake::{Fake, Reply, json},
    only_missing,
};

/// Aggregated discovery in which `m/v1` is stale.
fn stale() -> Reply {
    let body = r#"{"items":[{"metadata":{"name":"m"},"versions":[{"version":"v1","freshness":"Stale","resources":[]}]},
        {"metadata":{"name":"apiregistration.k8s.io"},"versions":[{"version":"v1","freshness":"Current",
        "resources":[{"resource":"apiservices","scope":"Cluster","verbs":["list"]}]}]}]}"#;
    let content_type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    Reply::Whole(200, content_type, "", body.into())
}

/// What a server tells whose discovery of `m/v1` is stale, and whose back end of it is so.
async fn with_stale(available: &'static str) -> Facts {
    let long_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(2);
    let fake = Fake::start(move |seen, _| match seen.path.as_str() {
        "/apis" => Some(stale()),
        API_SERVICES => Some(api_service(available, long_ago)),
        _ => None,
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    assert_eq!(facts.discovery.as_ref().unwrap().failed, ["m/v1"]);
    facts
}

fn is_noted(facts: &Facts) -> bool {
    let notes = &facts.collection.as_ref().unwrap().notes;
    let mut of_it = notes.iter().filter(|note| note.source == "GET /apis/m/v1");
    of_it.any(|note| note.incomplete && note.detail.contains("stale"))
}

#[tokio::test]
async fn a_stale_group_is_noted_unless_its_back_end_is_known_to_be_away() {
    assert!(is_noted(&with_stale("True").await));
    // A check tells that API.
    assert!(!is_noted(&with_stale("False").await));
}

/// A server may name as many groups as it likes: not all are asked for at once, and too many are no discovery.
#[tokio::test]
async fn groups_without_end_are_no_discovery() {
    let versions: Vec<_> = (0..20_000)
        .map(|number| format!(r#"{{"versions":[{{"groupVersion":"g{number}.x/v1"}}]}}"#))
        .collect();
    let body = format!(r#"{{"groups":[{}]}}"#, versions.join(","));
    let fake = Fake::start(move |seen, _| (seen.path == "/apis").then(|| json(&body))).await;
    let (_, missing) = only_missing(&fake, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Discovery, Reason::Malformed)
    );
    let asked = fake.seen();
    assert!(!asked.iter().any(|seen| seen.path.ends_with(".x/v1")));
}

#[tokio::test]
async fn health_checks_without_end_are_no_health() {
    for text in ["[+]x ok\n".repeat(5_000), "x".repeat(1 << 20)] {
        let reply = Reply::Whole(200, "text/plain", "", text.into());
        let fake = Fake::start(move |seen, _| (seen.path == "/readyz").then(|| reply.clone()));
        let (_, missing) = only_missing(&fake.await, &Plan::everything()).await;
        assert_eq!(
            (missing.need, missing.reason),
            (Need::Health, Reason::Malformed)
        );
        assert!(!missing.detail.contains("no check"), "{}", missing.detail);
    }
}
