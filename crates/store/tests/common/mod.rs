//! A store in a directory of its own, and instants on an invented clock.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::time::Duration;

use airworthy_store::{
    Access, Cluster, Enqueued, NewCluster, NewTask, Options, Outcome, Phase, Project, SealingKey,
    Store, Task, TaskKind,
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) directory: TempDir,
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) project: Project,
    pub(crate) cluster: Cluster,
}

pub(crate) fn options(directory: &TempDir) -> Options {
    let mut options = Options::new(
        directory.path().join("airworthy.db"),
        SealingKey::from([7; 32]),
    );
    options.busy_timeout = Duration::from_millis(100);
    options
}

/// Seconds on the test's clock.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-11-22T08:00:00.123456Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) async fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let options = options(&directory);
    let store = Store::open(&options, at(0)).await.unwrap();
    let project = store.add_project("local-1", None, at(0)).await.unwrap();
    let cluster = add_cluster(&store, &project.id, "prod").await;
    Fixture {
        directory,
        options,
        store,
        project,
        cluster,
    }
}

pub(crate) async fn add_cluster(store: &Store, project_id: &str, name: &str) -> Cluster {
    let new = NewCluster {
        id: None,
        name: name.into(),
        alias: None,
        access: Access::Kubeconfig {
            path: "/etc/airworthy/kubeconfig".into(),
            context: Some("admin".into()),
        },
    };
    store.add_cluster(project_id, new, at(0)).await.unwrap()
}

pub(crate) fn new_task(cluster: &Cluster, kind: TaskKind) -> NewTask {
    NewTask {
        project_id: cluster.project_id.clone(),
        cluster_id: cluster.id.clone(),
        workflow: None,
        kind,
        spec: r#"{"targetVersion":"v1.32"}"#.into(),
        max_attempts: 3,
    }
}

pub(crate) async fn enqueue(store: &Store, cluster: &Cluster, now: Timestamp) -> Task {
    match store
        .enqueue(&new_task(cluster, TaskKind::Precheck), now)
        .await
        .unwrap()
    {
        Enqueued::New(task) => *task,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn success(result: &str) -> Outcome {
    Outcome {
        phase: Phase::Success,
        message: None,
        result: Some(result.as_bytes().to_vec()),
        expires_at: Some(at(3600)),
    }
}

/// A small generator, so that a seed repeats a walk exactly.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}
