//! Ready-made answers are what the long way answers, and are there no longer than their tasks.

use std::time::Duration;

use airworthy_assess::Catalogue;
use airworthy_server::ready;
use airworthy_service::{Ready, Service, Workers};
use airworthy_store::{Access, NewCluster};
use jiff::Timestamp;

use crate::fixture::{Fixture, precheck};

const RECORDING: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../airworthy/demo/recording.tar"
);

/// A service that writes answers, and a finished pre-check of its own: the cluster and the task.
async fn finished(fixture: &Fixture) -> (Service, String, String) {
    let new = NewCluster {
        id: None,
        name: "recorded".into(),
        alias: None,
        access: Access::Recording {
            path: RECORDING.into(),
        },
    };
    let project = &fixture.ours.project.id;
    let added = fixture.store.add_cluster(project, new, Timestamp::now());
    let cluster = added.await.unwrap().id;
    let service = fixture
        .service
        .clone()
        .with_ready(ready(&Catalogue::default()));
    let workers = Workers::start(&service);
    let target = format!("{}/{cluster}/operation/precheck", fixture.ours.clusters());
    let created = fixture.post(&target, &precheck("v1.32")).await.ok();
    let task = created["metadata"]["uid"].as_str().unwrap().to_owned();
    let ended = fixture.store.finished(&task, Duration::from_secs(1));
    tokio::time::timeout(Duration::from_mins(1), ended)
        .await
        .unwrap()
        .unwrap();
    // The worker is through with the task only after it has written the answer.
    workers.stop().await;
    (service, cluster, task)
}

#[tokio::test]
async fn a_ready_made_answer_is_the_one_of_the_long_way() {
    let fixture = Fixture::new().await;
    let (service, cluster, task) = finished(&fixture).await;
    let target = format!(
        "{}/{cluster}/operation/precheck/tasks/{task}",
        fixture.ours.clusters()
    );
    // The fixture's own service knows of no ready-made answers.
    let long = fixture.get(&target).await;
    assert_eq!(long.ok()["status"]["phase"], "Failed");
    let project = &fixture.ours.project.id;
    let ready = service.ready_precheck(project, &cluster, &task).await;
    let ready = ready.unwrap().expect("it was written");
    assert_eq!(String::from_utf8(ready).unwrap(), long.text);
}

#[tokio::test]
async fn nobody_else_gets_it_and_it_goes_with_its_cluster() {
    let fixture = Fixture::new().await;
    let (service, cluster, task) = finished(&fixture).await;
    let (ours, theirs) = (&fixture.ours.project.id, &fixture.theirs.project.id);
    let of = async |service: &Service, project: &str, cluster: &str| {
        let ready = service.ready_precheck(project, cluster, &task);
        ready.await.unwrap().is_some()
    };
    assert!(of(&service, ours, &cluster).await);
    assert!(!of(&service, theirs, &cluster).await);
    assert!(!of(&service, ours, &fixture.ours.cluster.id).await);
    let other = Ready {
        form: ready(&Catalogue::default()).form ^ 1,
        ..ready(&Catalogue::default())
    };
    let other = fixture.service.clone().with_ready(other);
    assert!(!of(&other, ours, &cluster).await);
    let gone = fixture
        .store
        .delete_cluster(ours, &cluster, Timestamp::now());
    gone.await.unwrap();
    assert!(!of(&service, ours, &cluster).await);
}
