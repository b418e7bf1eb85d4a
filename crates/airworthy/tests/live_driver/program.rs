//! One cluster, one upgrade, two attempts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    bed::{Bed, Place, start},
    client::Client,
    house::{House, PROJECT, operation, uid},
    watched::Watched,
};

async fn cluster_status(client: &Client, cluster: &str) -> Value {
    let path = format!("/autopilot/v3/projects/{PROJECT}/clusters/{cluster}");
    let shown = client.get(&path).await.ok();
    json!([shown["status"]["phase"], shown["spec"]["version"]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_cluster_is_upgraded_by_a_program_on_the_second_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), "prod").unwrap();
    let cluster = start().await.unwrap().unwrap();
    let kubeconfig = cluster.kubeconfig();
    let mut bed = Bed::make(&place, cluster).unwrap();
    let house = House::new(&place.entry(PROJECT)).await;
    let registered = kubeconfig.to_str().unwrap().to_owned();
    let cluster = house.reached(&place.name, registered).await;

    let service = house.start().await;
    let mut upgrade = Watched::begin(&service.client, &cluster, false).await;
    let told = bed.asked().await.unwrap();
    assert_eq!(told, "prod v1.31.14 v1.32.13 attempt 1");
    // The check inside and 40 of the program's 100.
    upgrade
        .until("the program's progress", |status| {
            status["progress"] == "44"
        })
        .await;
    let status = cluster_status(&service.client, &cluster).await;
    assert_eq!(status, json!(["Upgrading", "v1.31"]));
    service.kill().await;

    // The program runs on, and the next service finds it.
    let service = house.start().await;
    upgrade.client = service.client.clone();
    assert_eq!(upgrade.status().await["phase"], "Running");
    bed.fail().await.unwrap();
    let status = upgrade.ends("Failed").await;
    assert_eq!(status["message"], "the program ended with exit code 1");
    assert!(status["completionTime"].is_string(), "{status}");
    let status = cluster_status(&service.client, &cluster).await;
    assert_eq!(status, json!(["Available", "v1.31"]));

    upgrade.retry().await;
    let told = bed.asked().await.unwrap();
    assert_eq!(told, "prod v1.31.14 v1.32.13 attempt 2");
    upgrade
        .until("the program's progress", |status| {
            status["progress"] == "44"
        })
        .await;
    bed.upgrade().await.unwrap();
    let status = upgrade.ends("Success").await;
    assert_eq!(status["progress"], "100");
    let steps: BTreeSet<_> = upgrade.seen.iter().collect();
    assert!(steps.len() > 2, "it was seen to grow: {steps:?}");
    let status = cluster_status(&service.client, &cluster).await;
    assert_eq!(status, json!(["Available", "v1.32"]));
    let uids = upgrade
        .client
        .get(&operation(&cluster, "upgrade/tasks"))
        .await
        .ok();
    let uids: Vec<_> = uids["items"].as_array().unwrap().iter().map(uid).collect();
    assert_eq!(uids, [upgrade.uid]);
}
