//! Jobs: taking clusters in and letting them go.

mod common;

use std::time::Duration;

use airworthy_store::{
    Access, Cluster, Deleted, Error, Job, JobPhase, NewCluster, Outcome, Phase, TaskKind,
};
use common::{Fixture, at, enqueue, fixture, new_task};

const LEASE: Duration = Duration::from_secs(30);

async fn adopted(fixture: &Fixture, name: &str) -> Cluster {
    let new = NewCluster {
        id: None,
        name: name.into(),
        alias: None,
        access: Access::InCluster,
    };
    let (store, project) = (&fixture.store, &fixture.project.id);
    let cluster = store.adopt_cluster(project, new, 2, at(1)).await.unwrap();
    let read = store.cluster(project, &cluster.id).await.unwrap().unwrap();
    assert_eq!(read, cluster);
    cluster
}

async fn job_of(fixture: &Fixture, cluster: &Cluster) -> Job {
    let id = cluster.job_id.as_deref().unwrap();
    let found = fixture.store.job(&fixture.project.id, id).await.unwrap();
    found.unwrap()
}

async fn phase_of(fixture: &Fixture, cluster: &Cluster) -> String {
    let found = fixture.store.cluster(&cluster.project_id, &cluster.id);
    let found = found.await.unwrap().unwrap();
    found.observed.phase.unwrap()
}

fn ended(phase: Phase, message: Option<&str>) -> Outcome {
    Outcome {
        phase,
        message: message.map(str::to_owned),
        result: None,
        expires_at: None,
    }
}

#[tokio::test]
async fn a_job_ends_as_its_task_does() {
    let fixture = fixture().await;
    for (name, task, job, cluster_phase) in [
        ("a", Phase::Success, JobPhase::Success, "Available"),
        ("b", Phase::Failed, JobPhase::Failed, "Unavailable"),
        ("c", Phase::Error, JobPhase::Failed, "Unavailable"),
    ] {
        let cluster = adopted(&fixture, name).await;
        let fresh = job_of(&fixture, &cluster).await;
        assert_eq!((fresh.phase, fresh.reason), (JobPhase::Initializing, None));
        assert_eq!(
            (fresh.cluster_id, fresh.created_at),
            (cluster.id.clone(), at(1))
        );
        let lease = fixture
            .store
            .claim("w", at(2), LEASE)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(lease.task.kind, TaskKind::Register);
        fixture.store.begin_job(&fresh.id, at(2)).await.unwrap();
        assert_eq!(job_of(&fixture, &cluster).await.phase, JobPhase::Running);
        assert_eq!(phase_of(&fixture, &cluster).await, "Creating");
        let why = (task != Phase::Success).then_some("no route");
        fixture
            .store
            .finish(&lease, ended(task, why), None, at(3))
            .await
            .unwrap();
        let done = job_of(&fixture, &cluster).await;
        assert_eq!(
            (done.phase, done.reason.as_deref(), done.updated_at),
            (job, why, at(3))
        );
        assert_eq!(phase_of(&fixture, &cluster).await, cluster_phase);
    }
}

#[tokio::test]
async fn a_task_that_nobody_ends_ends_its_job() {
    let fixture = fixture().await;
    let cluster = adopted(&fixture, "a").await;
    for now in [2, 100] {
        let lease = fixture.store.claim("w", at(now), LEASE).await.unwrap();
        assert!(lease.is_some());
    }
    assert_eq!(
        job_of(&fixture, &cluster).await.phase,
        JobPhase::Initializing
    );
    assert_eq!(
        fixture.store.claim("w", at(200), LEASE).await.unwrap(),
        None
    );
    let job = job_of(&fixture, &cluster).await;
    assert_eq!(job.phase, JobPhase::Failed);
    assert!(job.reason.unwrap().contains("begun 2 times"));
    assert_eq!(phase_of(&fixture, &cluster).await, "Unavailable");
}

#[tokio::test]
async fn a_name_is_taken_once_and_nothing_is_left_of_the_second() {
    let fixture = fixture().await;
    adopted(&fixture, "a").await;
    let new = NewCluster {
        id: None,
        name: "a".into(),
        alias: None,
        access: Access::InCluster,
    };
    let again = fixture
        .store
        .adopt_cluster(&fixture.project.id, new, 2, at(2))
        .await;
    assert!(matches!(
        again,
        Err(Error::AlreadyExists {
            what: "cluster",
            ..
        })
    ));
    let counts = fixture.store.task_counts().await.unwrap();
    assert_eq!(counts.iter().map(|(_, _, count)| count).sum::<i64>(), 1);
}

#[tokio::test]
async fn a_job_survives_its_cluster_and_is_behind_the_wall() {
    let fixture = fixture().await;
    let (store, project) = (&fixture.store, &fixture.project.id);
    let cluster = adopted(&fixture, "a").await;
    let other = store.add_project("other", None, at(0)).await.unwrap();
    let foreign = store
        .delete_cluster(&other.id, &cluster.id, at(4))
        .await
        .unwrap();
    assert_eq!(foreign, Deleted::Unknown);
    let gone = store
        .delete_cluster(project, &cluster.id, at(5))
        .await
        .unwrap();
    let Deleted::Gone(was, job) = gone else {
        panic!("{gone:?}")
    };
    assert_eq!(*was, cluster);
    assert_eq!(
        (job.phase, job.created_at, &*job.cluster_name),
        (JobPhase::Success, at(5), "a")
    );
    assert_eq!(
        store.job(project, &job.id).await.unwrap(),
        Some(*job.clone())
    );
    assert_eq!(store.job(&other.id, &job.id).await.unwrap(), None);
    // What took it in did not come to its end.
    let created = job_of(&fixture, &cluster).await;
    assert_eq!(created.phase, JobPhase::Failed);
    assert_eq!(created.reason.as_deref(), Some("The cluster was deleted."));
    assert_eq!(store.claim("w", at(6), LEASE).await.unwrap(), None);
    let twice = store
        .delete_cluster(project, &cluster.id, at(7))
        .await
        .unwrap();
    assert_eq!(twice, Deleted::Unknown);
}

#[tokio::test]
async fn a_cluster_is_not_let_go_while_it_is_upgraded() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let upgrade = new_task(cluster, TaskKind::Upgrade);
    store.enqueue(&upgrade, at(1)).await.unwrap();
    let read = store
        .cluster(&cluster.project_id, &cluster.id)
        .await
        .unwrap();
    assert!(read.unwrap().upgrading);
    let refused = store
        .delete_cluster(&cluster.project_id, &cluster.id, at(2))
        .await;
    assert_eq!(refused.unwrap(), Deleted::Upgrading);
    let lease = store.claim("w", at(3), LEASE).await.unwrap().unwrap();
    store
        .finish(&lease, ended(Phase::Failed, None), None, at(4))
        .await
        .unwrap();
    // A check may be unfinished: it goes with its cluster.
    enqueue(store, cluster, at(5)).await;
    let gone = store
        .delete_cluster(&cluster.project_id, &cluster.id, at(6))
        .await;
    assert!(matches!(gone, Ok(Deleted::Gone(..))), "{gone:?}");
    assert_eq!(store.task_counts().await.unwrap(), []);
}
