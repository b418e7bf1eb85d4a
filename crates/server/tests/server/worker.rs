//! From the request to the end of the task, with workers.

use std::{fs, net::TcpListener, time::Duration};

use airworthy_service::Workers;
use airworthy_store::{Access, NewCluster, Observed, TaskKind, TaskState};
use jiff::Timestamp;

use crate::fixture::{Fixture, precheck};

/// A kubeconfig whose server is a port on loopback that nobody listens on any more.
fn kubeconfig() -> String {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n\
         users: [{{name: u, user: {{token: t}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n"
    )
}

#[tokio::test]
async fn a_check_of_a_cluster_that_cannot_be_reached_ends_as_error_and_says_so() {
    let fixture = Fixture::new().await;
    let path = fixture.directory.path().join("kubeconfig");
    fs::write(&path, kubeconfig()).unwrap();
    let project = &fixture.ours.project.id;
    let new = NewCluster {
        id: None,
        name: "gone".into(),
        alias: None,
        access: Access::Kubeconfig {
            path: path.to_str().unwrap().into(),
            context: None,
        },
    };
    let cluster = fixture
        .store
        .add_cluster(project, new, Timestamp::now())
        .await
        .unwrap();
    let seen = Observed {
        version: Some("v1.31.14".into()),
        phase: Some("Available".into()),
        ..Observed::default()
    };
    let long_ago = Timestamp::UNIX_EPOCH;
    let remembered = fixture
        .store
        .update_observed(project, &cluster.id, &seen, long_ago);
    assert!(remembered.await.unwrap());
    let workers = Workers::start(&fixture.service);
    let base = format!(
        "{}/{}/operation/precheck",
        fixture.ours.clusters(),
        cluster.id
    );
    let created = fixture.post(&base, &precheck("v1.32")).await.ok();
    assert_eq!(created["spec"]["clusterVersion"], "v1.31.14-r0");
    let uid = created["metadata"]["uid"].as_str().unwrap();
    let ended = fixture.store.finished(uid, Duration::from_secs(1));
    tokio::time::timeout(Duration::from_mins(1), ended)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    workers.stop().await;
    let shown = fixture.get(&format!("{base}/tasks/{uid}")).await.ok();
    assert_eq!(shown["status"]["phase"], "Error", "{shown}");
    let message = shown["status"]["message"].as_str().unwrap();
    assert!(message.contains("127.0.0.1"), "{message}");
    let shown = fixture.ours.clusters();
    let shown = fixture.get(&format!("{shown}/{}", cluster.id)).await.ok();
    assert_eq!(shown["status"]["phase"], "Unavailable");
    assert_eq!(shown["status"]["reason"], "Unreachable");
}

#[tokio::test]
async fn a_task_accepted_without_workers_waits_for_them() {
    let fixture = Fixture::new().await;
    let target = fixture.ours.path("/operation/precheck");
    let created = fixture.post(&target, &precheck("v1.32")).await.ok();
    let uid = created["metadata"]["uid"].as_str().unwrap();
    let (project, cluster) = (&fixture.ours.project.id, &fixture.ours.cluster.id);
    let task = fixture
        .store
        .task(project, cluster, TaskKind::Precheck, uid);
    assert_eq!(task.await.unwrap().unwrap().state, TaskState::Init);
}
