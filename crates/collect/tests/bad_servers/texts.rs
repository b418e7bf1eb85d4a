//! Texts for people that are made to bring down whoever reads them.

use airworthy_collect::Plan;
use airworthy_model::{Need, Reason};

use crate::{
    NODES, PODS,
    fake::{Fake, json, list, status},
    only_missing,
};

/// Private keys without end: one inside the next for whoever reads them so.
fn keys() -> String {
    "-----BEGIN-----END-----".repeat(200_000)
}

#[tokio::test]
async fn keys_without_end_in_a_condition_are_taken_out() {
    let node = format!(
        r#"{{"metadata":{{"name":"n"}},"status":{{"conditions":[{{"type":"Ready","status":"False","message":"{}"}}]}}}}"#,
        keys()
    );
    let page = list("NodeList", "", &[node]);
    let fake = Fake::start(move |seen, _| (seen.path == NODES).then(|| json(&page)));
    let facts = fake.await.collect(&Plan::everything()).await.unwrap();
    let message = &facts.nodes.unwrap()[0].conditions[0].message;
    assert!(message.starts_with("***"), "{message}");
}

#[tokio::test]
async fn keys_without_end_in_a_refusal_are_taken_out() {
    let fake = Fake::start(|seen, _| (seen.path == PODS).then(|| status(403, &keys())));
    let (_, missing) = only_missing(&fake.await, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Pods, Reason::Forbidden)
    );
    assert!(missing.detail.contains("403: ***"), "{}", missing.detail);
}
