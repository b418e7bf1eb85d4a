//! A post-check that takes longer than its caller waits.

use serde_json::Value;

use super::{
    api::Api,
    house::{House, POLL, operation, postcheck, uid},
};
use crate::common_cli::PATIENCE;

fn message(answer: &Value) -> &str {
    answer["status"]["message"].as_str().expect("a message")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_answered_in_time_and_the_same_request_joins_it() {
    let house = House::new("post-check-wait-seconds = 1\n").await;
    let api = Api::held().await;
    let cluster = house.reached("slow", api.kubeconfig(house.folder())).await;
    let service = house.start().await;
    let target = operation(&cluster, "postcheck");
    let post = async || service.client.post(&target, &postcheck(&cluster)).await;
    let first = post().await.ok();
    assert_eq!(first["status"]["phase"], "Error", "{first}");
    assert!(message(&first).contains("still running"), "{first}");
    let second = post().await.ok();
    assert_eq!(
        (uid(&second), message(&second)),
        (uid(&first), message(&first))
    );
    let mut other = postcheck(&cluster);
    other["spec"]["clusterVersion"] = "v1.30".into();
    let refused = service.client.post(&target, &other).await.refused(409);
    assert!(refused.contains(&uid(&first)), "{refused}");
    api.release();
    let store = house.store().await;
    let ended = tokio::time::timeout(PATIENCE, store.finished(&uid(&first), POLL)).await;
    let ended = ended
        .expect("it ends in time")
        .expect("a task")
        .expect("the task");
    assert_eq!(ended.attempt, 1);
    let third = post().await.ok();
    assert_ne!(uid(&third), uid(&first), "an ended one is not joined");
    assert!(!message(&third).contains("still running"), "{third}");
    store.close().await.expect("it closes");
}
