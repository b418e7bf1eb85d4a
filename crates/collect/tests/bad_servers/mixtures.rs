//! API servers of different versions, or with different ideas of what they serve, behind one address.

use airworthy_collect::Plan;
use airworthy_model::{Facts, Need, Reason, facts::CollectionNote};

use crate::{
    fake::{Fake, Reply, json, list, status},
    lacking,
};

fn version(text: &str) -> Reply {
    json(&format!(r#"{{"gitVersion":"{text}"}}"#))
}

/// The note on what runs there, where there is one.
fn told(facts: &Facts) -> Option<CollectionNote> {
    let notes = facts.collection.clone().unwrap().notes;
    notes.into_iter().find(|note| note.source == "/version")
}

#[tokio::test]
async fn versions_that_alternate_are_told_and_the_oldest_counts() {
    for first in [0, 1] {
        let fake = Fake::start(move |seen, earlier| {
            let text = ["v1.32.1", "v1.31.14"][(earlier + first) % 2];
            (seen.path == "/version").then(|| version(text))
        });
        let facts = fake.await.collect(&Plan::everything()).await.unwrap();
        let note = told(&facts).expect("a note");
        assert!(note.incomplete, "{note:?}");
        assert!(note.detail.contains("v1.31.14, v1.32.1"), "{note:?}");
        assert_eq!(facts.version.unwrap().version.to_string(), "v1.31.14");
    }
}

#[tokio::test]
async fn a_server_that_is_exchanged_while_we_read_is_told() {
    let fake = Fake::start(move |seen, earlier| {
        let text = if earlier < 4 { "v1.31.14" } else { "v1.32.1" };
        (seen.path == "/version").then(|| version(text))
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    assert!(told(&facts).is_some_and(|note| note.incomplete));
    assert_eq!(facts.version.unwrap().version.to_string(), "v1.31.14");
}

#[tokio::test]
async fn metrics_of_another_version_are_told() {
    let text = "kubernetes_build_info{git_version=\"v1.32.1\",major=\"1\"} 1\napiserver_request_total{verb=\"GET\"} 1\n";
    let reply = Reply::Whole(200, "text/plain", "", text.into());
    let fake = Fake::start(move |seen, _| (seen.path == "/metrics").then(|| reply.clone()));
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let note = told(&facts).expect("a note");
    assert!(note.detail.contains("v1.31.14, v1.32.1"), "{note:?}");
}

/// Leases say how many API servers there are, also to whoever wants their metrics alone.
#[tokio::test]
async fn metrics_of_one_of_two_servers_are_told_whatever_else_is_wanted() {
    for wanted in [&[Need::Metrics][..], &[Need::Metrics, Need::Leases]] {
        let fake = Fake::start(|seen, _| {
            let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
            let lease = format!(
                r#"{{"metadata":{{"labels":{{"apiserver.kubernetes.io/identity":"kube-apiserver"}}}},"spec":{{"renewTime":"{}"}}}}"#,
                jiff::Timestamp::now()
            );
            (seen.path == leases).then(|| json(&list("LeaseList", "", &[lease.clone(), lease])))
        });
        let needs = wanted.iter().copied().chain([Need::Collection]);
        let facts = fake.await.collect(&Plan::of(needs)).await.unwrap();
        let notes = facts.collection.unwrap().notes;
        let note = notes.iter().find(|note| note.source == "/metrics");
        let note = note.expect("a note");
        assert!(note.detail.contains("1 of 2 API servers"), "{note:?}");
        assert_eq!(facts.leases.is_ok(), wanted.contains(&Need::Leases));
    }
}

#[tokio::test]
async fn servers_of_one_version_are_no_news() {
    let fake = Fake::start(|_, _| None);
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    assert_eq!(told(&facts), None);
}

/// Of two servers one does not serve a group: what it refuses is missing, and what is asked of the other does not hide that.
#[tokio::test]
async fn a_group_that_only_one_of_two_servers_serves_is_not_empty() {
    let fake = Fake::start(|seen, earlier| match seen.path.as_str() {
        "/apis/policy/v1" if earlier % 2 == 0 => Some(status(404, "not found")),
        "/apis/policy/v1/poddisruptionbudgets" => Some(status(404, "not found")),
        _ => None,
    });
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let missing: Vec<_> = lacking(&facts)
        .iter()
        .map(|one| (one.need, one.reason))
        .collect();
    assert_eq!(missing, [(Need::Pdbs, Reason::NotServed)]);
    let notes = facts.collection.unwrap().notes;
    assert!(
        notes
            .iter()
            .any(|note| note.incomplete && note.source.contains("/apis/policy/v1")),
        "{notes:?}"
    );
}
