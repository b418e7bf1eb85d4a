//! Snapshots: what is listed, what is kept.

mod common;

use std::time::Duration;

use airworthy_store::{Brief, Enqueued, Outcome, Phase, SNAPSHOTS_KEPT, TaskKind, TaskState};
use common::{Fixture, at, fixture, new_task};

const LEASE: Duration = Duration::from_secs(30);

/// Takes a snapshot that ends so at this second.
async fn take(fixture: &Fixture, phase: Phase, second: i64) -> String {
    let store = &fixture.store;
    let task = new_task(&fixture.cluster, TaskKind::Snapshot);
    let Enqueued::New(task) = store.enqueue(&task, at(second)).await.unwrap() else {
        panic!("another one is unfinished")
    };
    let lease = store.claim("w", at(second), LEASE).await.unwrap().unwrap();
    let outcome = Outcome {
        phase,
        message: (phase == Phase::Failed).then(|| "the disk is full".to_owned()),
        result: (phase == Phase::Success).then(|| b"recorded".to_vec()),
        expires_at: None,
    };
    store
        .finish(&lease, outcome, None, at(second))
        .await
        .unwrap();
    task.id
}

async fn listed(fixture: &Fixture) -> Vec<Brief> {
    let (project, cluster) = (&fixture.project.id, &fixture.cluster.id);
    let kind = TaskKind::Snapshot;
    fixture.store.briefs(project, cluster, kind).await.unwrap()
}

#[tokio::test]
async fn the_newest_comes_first_and_has_its_times() {
    let fixture = fixture().await;
    let first = take(&fixture, Phase::Success, 1).await;
    let second = take(&fixture, Phase::Failed, 2).await;
    let unfinished = new_task(&fixture.cluster, TaskKind::Snapshot);
    fixture.store.enqueue(&unfinished, at(3)).await.unwrap();
    let listed = listed(&fixture).await;
    let shown: Vec<_> = listed
        .iter()
        .map(|it| (it.state, it.phase, it.message.as_deref(), it.ended_at))
        .collect();
    assert_eq!(
        shown,
        [
            (TaskState::Init, None, None, None),
            (
                TaskState::Done,
                Some(Phase::Failed),
                Some("the disk is full"),
                Some(at(2))
            ),
            (TaskState::Done, Some(Phase::Success), None, Some(at(1))),
        ]
    );
    let recording = async |id: &str| fixture.store.snapshot_recording(id).await.unwrap();
    assert_eq!(recording(&first).await.as_deref(), Some(&b"recorded"[..]));
    assert_eq!(recording(&second).await, None);
    assert_eq!(recording("nothing").await, None);
    let other = fixture
        .store
        .add_project("other", None, at(0))
        .await
        .unwrap();
    let foreign = fixture
        .store
        .briefs(&other.id, &fixture.cluster.id, TaskKind::Snapshot)
        .await;
    assert_eq!(foreign.unwrap(), []);
}

#[tokio::test]
async fn the_newest_good_one_outlives_failures() {
    let fixture = fixture().await;
    take(&fixture, Phase::Success, 1).await;
    let good = take(&fixture, Phase::Success, 2).await;
    for second in 3..20 {
        take(&fixture, Phase::Failed, second).await;
    }
    let listed = listed(&fixture).await;
    // Old ones go when a new one is accepted, which is not finished then.
    assert_eq!(i64::try_from(listed.len()).unwrap(), SNAPSHOTS_KEPT + 2);
    let goods: Vec<_> = listed
        .iter()
        .filter(|it| it.phase == Some(Phase::Success))
        .map(|it| &it.id)
        .collect();
    assert_eq!(goods, [&good]);
}
