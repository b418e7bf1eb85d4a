//! The queue: leases, fences, attempts, retention and waiting, on an invented clock.

mod common;

use std::time::Duration;

use airworthy_store::{
    BASELINES_KEPT, Enqueued, Error, Failure, Lease, NewBaseline, Outcome, Phase, Store,
    TASKS_KEPT, TaskKind, TaskState,
};
use common::{Fixture, add_cluster, at, enqueue, fixture, new_task, success};
use jiff::Timestamp;

const SPAN: Duration = Duration::from_secs(30);

async fn claim(store: &Store, owner: &str, now: Timestamp) -> Lease {
    store
        .claim(owner, now, SPAN)
        .await
        .unwrap()
        .expect("a task is due")
}

fn lost<T: std::fmt::Debug>(done: &Result<T, Error>) {
    assert!(matches!(done, Err(Error::LeaseLost { .. })), "{done:?}");
}

/// Whoever holds `lease` can do nothing any more.
async fn assert_powerless(store: &Store, lease: &Lease, now: Timestamp) {
    lost(&store.heartbeat(lease, now, SPAN).await);
    lost(&store.release(lease, now).await);
    lost(&store.fail(lease, "late", now, SPAN).await);
    lost(&store.finish(lease, success("late"), None, now).await);
}

async fn read(fixture: &Fixture, id: &str) -> airworthy_store::Task {
    let cluster = &fixture.cluster;
    let kind = TaskKind::Precheck;
    let found = fixture
        .store
        .task(&cluster.project_id, &cluster.id, kind, id)
        .await;
    found.unwrap().expect("the task is there")
}

#[tokio::test]
async fn a_task_goes_from_init_to_done() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let task = enqueue(store, &fixture.cluster, at(1)).await;
    assert_eq!((task.state, task.created_at), (TaskState::Init, at(1)));
    let lease = claim(store, "a", at(2)).await;
    assert_eq!(lease.task.spec, task.spec);
    let running = read(&fixture, &task.id).await;
    assert_eq!(
        (running.state, running.updated_at),
        (TaskState::Running, at(2))
    );
    store
        .finish(&lease, success("{\"a\":1}"), None, at(3))
        .await
        .unwrap();
    let done = read(&fixture, &task.id).await;
    assert_eq!(
        (done.state, done.phase),
        (TaskState::Done, Some(Phase::Success))
    );
    assert_eq!(done.result.as_deref(), Some(&b"{\"a\":1}"[..]));
    assert_eq!((done.updated_at, done.expires_at), (at(3), Some(at(3600))));
    assert_eq!(store.claim("a", at(9999), SPAN).await.unwrap(), None);
    assert_powerless(store, &lease, at(4)).await;
}

#[tokio::test]
async fn one_task_of_a_kind_is_unfinished_at_a_time() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let first = enqueue(store, cluster, at(1)).await;
    let mut again = new_task(cluster, TaskKind::Precheck);
    for (spec, same_spec) in [(again.spec.clone(), true), ("{}".into(), false)] {
        again.spec = spec;
        let active = Enqueued::AlreadyActive {
            id: first.id.clone(),
            same_spec,
        };
        assert_eq!(store.enqueue(&again, at(2)).await.unwrap(), active);
    }
    let post = store
        .enqueue(&new_task(cluster, TaskKind::Postcheck), at(2))
        .await;
    assert!(matches!(post.unwrap(), Enqueued::New(_)));
    let lease = claim(store, "a", at(3)).await;
    assert_eq!(lease.task.id, first.id);
    store
        .finish(&lease, success("{}"), None, at(4))
        .await
        .unwrap();
    enqueue(store, cluster, at(5)).await;
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_and_its_owner_is_powerless() {
    let fixture = fixture().await;
    let store = &fixture.store;
    enqueue(store, &fixture.cluster, at(0)).await;
    let old = claim(store, "a", at(0)).await;
    store.heartbeat(&old, at(20), SPAN).await.unwrap();
    assert_eq!(store.claim("b", at(49), SPAN).await.unwrap(), None);
    let new = claim(store, "b", at(50)).await;
    assert_eq!((new.fence, new.task.attempt), (old.fence + 1, 2));
    assert_powerless(store, &old, at(51)).await;
    store
        .finish(&new, success("{}"), None, at(51))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_same_owner_cannot_use_its_earlier_lease() {
    let fixture = fixture().await;
    let store = &fixture.store;
    enqueue(store, &fixture.cluster, at(0)).await;
    let old = claim(store, "a", at(0)).await;
    let new = claim(store, "a", at(30)).await;
    assert_powerless(store, &old, at(31)).await;
    store.heartbeat(&new, at(31), SPAN).await.unwrap();
}

#[tokio::test]
async fn a_task_handed_back_is_due_at_once_and_has_lost_no_attempt() {
    let fixture = fixture().await;
    let store = &fixture.store;
    enqueue(store, &fixture.cluster, at(0)).await;
    for round in 0..10 {
        let lease = claim(store, "a", at(round)).await;
        assert_eq!(lease.task.attempt, 1);
        store.release(&lease, at(round)).await.unwrap();
        assert_powerless(store, &lease, at(round)).await;
    }
}

#[tokio::test]
async fn failed_attempts_wait_and_then_end_as_an_error() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let task = enqueue(store, &fixture.cluster, at(0)).await;
    for attempt in 1..=2_i64 {
        let lease = claim(store, "a", at(attempt * 100)).await;
        let now = at(attempt * 100 + 1);
        let failed = store.fail(&lease, "no route", now, SPAN).await.unwrap();
        let due = at(attempt * 100 + 31);
        assert_eq!(failed, Failure::RetryAt(due));
        assert_eq!(store.next_due().await.unwrap(), Some(due));
        assert_eq!(
            store
                .claim("a", at(attempt * 100 + 30), SPAN)
                .await
                .unwrap(),
            None
        );
        let waiting = read(&fixture, &task.id).await;
        assert_eq!(waiting.state, TaskState::Running);
        assert_eq!(waiting.last_error.as_deref(), Some("no route"));
    }
    let lease = claim(store, "a", at(300)).await;
    let failed = store.fail(&lease, "no route", at(301), SPAN).await.unwrap();
    assert_eq!(failed, Failure::Ended);
    let done = read(&fixture, &task.id).await;
    assert_eq!(
        (done.state, done.phase),
        (TaskState::Done, Some(Phase::Error))
    );
    assert_eq!(done.message.as_deref(), Some("no route"));
    assert_eq!(store.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_task_that_kills_its_owner_each_time_ends_as_an_error() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let task = enqueue(store, &fixture.cluster, at(0)).await;
    let mut leases = Vec::new();
    for attempt in 0..3 {
        leases.push(claim(store, "a", at(attempt * 30)).await);
    }
    assert_eq!(store.claim("a", at(89), SPAN).await.unwrap(), None);
    assert_eq!(read(&fixture, &task.id).await.state, TaskState::Running);
    assert_eq!(store.claim("a", at(90), SPAN).await.unwrap(), None);
    let done = read(&fixture, &task.id).await;
    assert_eq!(
        (done.state, done.phase),
        (TaskState::Done, Some(Phase::Error))
    );
    assert!(done.message.unwrap().contains("3 times"));
    for lease in &leases {
        assert_powerless(store, lease, at(91)).await;
    }
}

#[tokio::test]
async fn a_late_end_keeps_no_baseline() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    enqueue(store, cluster, at(0)).await;
    let old = claim(store, "a", at(0)).await;
    let new = claim(store, "b", at(30)).await;
    let finish = |lease: Lease, recording: &str, now| {
        let baseline = baseline(recording, "v1.32", now);
        async move {
            store
                .finish(&lease, success("{}"), Some(baseline), now)
                .await
        }
    };
    lost(&finish(old, "old", at(31)).await);
    let read = || store.baseline(&cluster.project_id, &cluster.id, |_| true);
    assert_eq!(read().await.unwrap(), None);
    finish(new, "new", at(32)).await.unwrap();
    assert_eq!(read().await.unwrap().unwrap().recording, b"new");
}

fn baseline(recording: &str, target: &str, now: Timestamp) -> NewBaseline {
    NewBaseline {
        version: "v1.31.4".into(),
        target_version: target.into(),
        taken_at: now,
        recording: recording.as_bytes().to_vec(),
    }
}

#[tokio::test]
async fn the_newest_tasks_and_baselines_are_kept() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let mut ids = Vec::new();
    for round in 0..TASKS_KEPT + 3 {
        ids.push(enqueue(store, cluster, at(round)).await.id);
        let lease = claim(store, "a", at(round)).await;
        let mut kept = baseline(&round.to_string(), "v1.33", at(round));
        if round == TASKS_KEPT {
            kept.version = "v1.32.1".into();
        }
        store
            .finish(&lease, success("{}"), Some(kept), at(round))
            .await
            .unwrap();
    }
    ids.push(enqueue(store, cluster, at(TASKS_KEPT + 3)).await.id);
    let project = &cluster.project_id;
    let kept = store
        .task_ids(project, &cluster.id, TaskKind::Precheck)
        .await
        .unwrap();
    let newest: Vec<_> = ids.iter().rev().take(101).collect();
    assert_eq!(kept.iter().collect::<Vec<_>>(), newest);
    let counts = store.task_counts().await.unwrap();
    let expected = [
        (TaskKind::Precheck, TaskState::Done, TASKS_KEPT),
        (TaskKind::Precheck, TaskState::Init, 1),
    ];
    assert_eq!(counts, expected);
    let newest = store
        .baseline(project, &cluster.id, |_| true)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(newest.recording, (TASKS_KEPT + 2).to_string().as_bytes());
    let other = store
        .baseline(project, &cluster.id, |version| version == "v1.32.1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(other.task_id, ids[100]);
    assert_eq!(
        store
            .baseline(project, &cluster.id, |version| version == "v1.40.0")
            .await
            .unwrap(),
        None
    );
    let count = |sql| count(&fixture, sql);
    assert_eq!(
        count("SELECT COUNT(*) FROM baselines").await,
        BASELINES_KEPT
    );
    assert_eq!(count("SELECT COUNT(*) FROM tasks").await, TASKS_KEPT + 1);
}

async fn count(fixture: &Fixture, sql: &'static str) -> i64 {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&fixture.options.path);
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options)
        .await
        .unwrap();
    sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_waiter_sees_the_end_in_this_process_at_once() {
    let fixture = fixture().await;
    let store = fixture.store.clone();
    let task = enqueue(&store, &fixture.cluster, at(0)).await;
    let hour = Duration::from_hours(1);
    let waiting = tokio::spawn({
        let (store, id) = (store.clone(), task.id.clone());
        async move { store.finished(&id, hour).await }
    });
    let lease = claim(&store, "a", at(0)).await;
    let outcome = Outcome {
        phase: Phase::Failed,
        message: Some("m".into()),
        result: None,
        expires_at: None,
    };
    store.finish(&lease, outcome, None, at(1)).await.unwrap();
    let seen = tokio::time::timeout(Duration::from_mins(1), waiting).await;
    let seen = seen.expect("no poll was needed").unwrap().unwrap().unwrap();
    assert_eq!(
        (seen.phase, seen.message.as_deref()),
        (Some(Phase::Failed), Some("m"))
    );
}

#[tokio::test]
async fn a_waiter_sees_the_end_in_another_process_by_polling() {
    let fixture = fixture().await;
    let other = Store::open(&fixture.options, at(0)).await.unwrap();
    let task = enqueue(&fixture.store, &fixture.cluster, at(0)).await;
    let poll = Duration::from_millis(5);
    let waiting = fixture.store.finished(&task.id, poll);
    let working = async {
        let lease = claim(&other, "b", at(1)).await;
        other
            .finish(&lease, success("{}"), None, at(2))
            .await
            .unwrap();
    };
    let (seen, ()) = tokio::join!(waiting, working);
    assert_eq!(seen.unwrap().unwrap().phase, Some(Phase::Success));
}

#[tokio::test]
async fn many_claimers_at_once_get_different_tasks() {
    let fixture = fixture().await;
    let mut accepted = Vec::new();
    for name in ["c1", "c2", "c3", "c4", "c5"] {
        let cluster = add_cluster(&fixture.store, &fixture.project.id, name).await;
        accepted.push(enqueue(&fixture.store, &cluster, at(0)).await.id);
    }
    let mut options = fixture.options.clone();
    options.busy_timeout = Duration::from_secs(20);
    let second = Store::open(&options, at(0)).await.unwrap();
    let first = Store::open(&options, at(0)).await.unwrap();
    let claimers = (0..12).map(|index| {
        let store = if index % 2 == 0 {
            first.clone()
        } else {
            second.clone()
        };
        tokio::spawn(async move { store.claim(&index.to_string(), at(1), SPAN).await })
    });
    let mut claimed = Vec::new();
    for claimer in claimers.collect::<Vec<_>>() {
        claimed.extend(claimer.await.unwrap().unwrap().map(|lease| lease.task.id));
    }
    claimed.sort();
    accepted.sort();
    assert_eq!(claimed, accepted);
}
