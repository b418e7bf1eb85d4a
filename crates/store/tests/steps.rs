//! Tasks that take many steps, and those that are tried again.

mod common;

use std::time::Duration;

use airworthy_store::{
    Cluster, Enqueued, Lease, NewTask, NewWorkflow, Opened, Outcome, Parked, Phase, Retried, Store,
    Task, TaskKind, TaskState,
};
use airworthy_upgrade::{task, workflow};
use common::{Fixture, at, fixture, new_task, success};

const LEASE: Duration = Duration::from_secs(30);

async fn accept(store: &Store, new: &NewTask, now: i64) -> Task {
    match store.enqueue(new, at(now)).await.unwrap() {
        Enqueued::New(task) => *task,
        other => panic!("{other:?}"),
    }
}

async fn claim(store: &Store, now: i64) -> Lease {
    let claimed = store.claim("worker", at(now), LEASE).await.unwrap();
    claimed.expect("a task is due")
}

fn parked(progress: u8, again_at: i64) -> Parked {
    Parked {
        progress,
        scratch: Some(format!("at {progress}")),
        message: Some("waiting".into()),
        again_at: at(again_at),
    }
}

fn failure(phase: Phase) -> Outcome {
    Outcome {
        phase,
        message: Some("it failed".into()),
        result: None,
        expires_at: None,
    }
}

async fn read(store: &Store, task: &Task) -> Task {
    let (project, cluster) = (&task.project_id, &task.cluster_id);
    let read = store.task(project, cluster, task.kind, &task.id);
    read.await.unwrap().expect("the task is there")
}

async fn fail(store: &Store, now: i64) {
    let lease = claim(store, now).await;
    let outcome = failure(Phase::Failed);
    store.finish(&lease, outcome, None, at(now)).await.unwrap();
}

async fn retry(store: &Store, cluster: &Cluster, now: i64) -> Retried {
    let (project, id) = (&cluster.project_id, &cluster.id);
    store.retry_upgrade(project, id, at(now)).await.unwrap()
}

#[tokio::test]
async fn a_parked_task_is_due_when_its_step_is_and_knows_what_was_left() {
    let Fixture {
        store,
        cluster,
        directory: _kept,
        ..
    } = fixture().await;
    let task = accept(&store, &new_task(&cluster, TaskKind::Upgrade), 0).await;
    let lease = claim(&store, 1).await;
    let mut changes = store.changes();
    changes.borrow_and_update();
    store
        .park(&lease, parked(40, 10), None, at(2))
        .await
        .unwrap();
    assert!(
        !changes.has_changed().unwrap(),
        "nobody is woken before its time"
    );
    assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
    assert_eq!(store.claim("other", at(9), LEASE).await.unwrap(), None);

    let seen = read(&store, &task).await;
    assert_eq!(
        (seen.state, seen.progress, seen.attempt),
        (TaskState::Running, 40, 0)
    );
    assert_eq!(seen.message.as_deref(), Some("waiting"));
    assert_eq!((seen.updated_at, seen.started_at), (at(2), Some(at(1))));
    assert!(store.is_task(&task.id).await.unwrap());
    assert!(!store.is_task("another").await.unwrap());
    let lease = claim(&store, 10).await;
    assert_eq!(lease.task.scratch.as_deref(), Some("at 40"));
    assert_eq!(lease.task.attempt, 1);
}

/// A task may take more steps than it may be begun.
#[tokio::test]
async fn steps_are_no_attempts_and_progress_never_goes_back() {
    let Fixture {
        store,
        cluster,
        directory: _kept,
        ..
    } = fixture().await;
    let task = accept(&store, &new_task(&cluster, TaskKind::Upgrade), 0).await;
    for (step, progress, shown) in [
        (1, 10, 10),
        (2, 5, 10),
        (3, 60, 60),
        (4, 0, 60),
        (5, 255, 100),
    ] {
        let lease = claim(&store, step).await;
        store
            .park(&lease, parked(progress, step + 1), None, at(step))
            .await
            .unwrap();
        assert_eq!(read(&store, &task).await.progress, shown);
    }
}

#[tokio::test]
async fn success_is_all_of_the_progress_and_failure_is_what_there_was() {
    let Fixture {
        store,
        cluster,
        directory: _kept,
        ..
    } = fixture().await;
    for (outcome, shown) in [
        (success("done"), 100),
        (failure(Phase::Failed), 40),
        (failure(Phase::Error), 40),
    ] {
        let task = accept(&store, &new_task(&cluster, TaskKind::Upgrade), 0).await;
        let lease = claim(&store, 0).await;
        store
            .park(&lease, parked(40, 1), None, at(0))
            .await
            .unwrap();
        let lease = claim(&store, 1).await;
        store.finish(&lease, outcome, None, at(2)).await.unwrap();
        let ended = read(&store, &task).await;
        assert_eq!((ended.progress, ended.ended_at), (shown, Some(at(2))));
    }
}

#[tokio::test]
async fn a_failed_upgrade_is_queued_again_as_itself() {
    let Fixture {
        store,
        cluster,
        directory: _kept,
        ..
    } = fixture().await;
    assert_eq!(retry(&store, &cluster, 0).await, Retried::Absent);
    let task = accept(&store, &new_task(&cluster, TaskKind::Upgrade), 1).await;
    for tries in 2..5 {
        let then = i64::from(tries) * 10;
        let before = retry(&store, &cluster, then + 2).await;
        assert!(
            matches!(&before, Retried::NotFailed(it) if it.id == task.id),
            "{before:?}"
        );
        let lease = claim(&store, then + 3).await;
        store
            .park(&lease, parked(70, then + 3), None, at(then + 3))
            .await
            .unwrap();
        fail(&store, then + 4).await;
        let Retried::Queued(queued) = retry(&store, &cluster, then + 5).await else {
            panic!("not queued");
        };
        assert_eq!((&queued.id, queued.created_at), (&task.id, task.created_at));
        assert_eq!((queued.life(), queued.tries), (task::Phase::Queuing, tries));
        assert_eq!(
            (queued.progress, &queued.scratch, queued.ended_at),
            (0, &None, None)
        );
        assert_eq!(*queued, read(&store, &task).await);
    }
    let lease = claim(&store, 90).await;
    store
        .finish(&lease, success("done"), None, at(91))
        .await
        .unwrap();
    let after = retry(&store, &cluster, 92).await;
    assert!(matches!(after, Retried::NotFailed(_)), "{after:?}");
}

#[tokio::test]
async fn only_the_newest_upgrade_is_tried_again_and_only_alone() {
    let Fixture {
        store,
        cluster,
        directory: _kept,
        ..
    } = fixture().await;
    let upgrade = new_task(&cluster, TaskKind::Upgrade);
    accept(&store, &upgrade, 0).await;
    fail(&store, 1).await;
    let newest = accept(&store, &upgrade, 2).await;
    let lease = claim(&store, 3).await;
    store
        .finish(&lease, success(""), None, at(4))
        .await
        .unwrap();
    let answer = retry(&store, &cluster, 5).await;
    assert!(
        matches!(&answer, Retried::NotFailed(it) if it.id == newest.id),
        "{answer:?}"
    );

    accept(&store, &upgrade, 6).await;
    fail(&store, 7).await;
    let check = accept(&store, &new_task(&cluster, TaskKind::Precheck), 8).await;
    let answer = retry(&store, &cluster, 9).await;
    let in_the_way = Enqueued::InTheWay {
        id: check.id,
        kind: TaskKind::Precheck,
    };
    assert_eq!(answer, Retried::InTheWay(in_the_way));
    let upgrades = store
        .upgrades(&cluster.project_id, &cluster.id)
        .await
        .unwrap();
    let lives: Vec<_> = upgrades.iter().map(Task::life).collect();
    assert_eq!(
        lives,
        [
            task::Phase::Failed,
            task::Phase::Success,
            task::Phase::Failed
        ]
    );
}

#[tokio::test]
async fn a_retry_of_another_project_finds_nothing() {
    let Fixture {
        store,
        cluster,
        directory: _kept,
        ..
    } = fixture().await;
    accept(&store, &new_task(&cluster, TaskKind::Upgrade), 0).await;
    fail(&store, 1).await;
    let other = store
        .retry_upgrade("another", &cluster.id, at(2))
        .await
        .unwrap();
    assert_eq!(other, Retried::Absent);
    assert!(
        store
            .upgrades("another", &cluster.id)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_workflow_moves_with_the_retry_and_a_cancelled_one_forbids_it() {
    let Fixture {
        store,
        cluster,
        directory: _kept,
        ..
    } = fixture().await;
    let (project, id) = (cluster.project_id.clone(), cluster.id.clone());
    let new = NewWorkflow {
        project_id: project.clone(),
        cluster_id: id.clone(),
        cluster_version: "v1.31.14-r0".into(),
        target_version: "v1.32.13-r0".into(),
    };
    let Opened::New(flow) = store.create_workflow(&new, at(0)).await.unwrap() else {
        panic!("not opened");
    };
    let phase = async || {
        let flow = store.workflow(&project, &id, &flow.id).await.unwrap();
        flow.expect("the workflow is there").phase
    };
    let upgrade = NewTask {
        workflow: Some(flow.id.clone()),
        ..new_task(&cluster, TaskKind::Upgrade)
    };
    accept(&store, &upgrade, 1).await;
    fail(&store, 2).await;
    assert_eq!(phase().await, workflow::Phase::Pending);
    assert!(matches!(
        retry(&store, &cluster, 3).await,
        Retried::Queued(_)
    ));
    assert_eq!(phase().await, workflow::Phase::Running);
    fail(&store, 4).await;
    let by = workflow::Canceller::Caller;
    store
        .cancel_workflow((&project, &id), &flow.id, by, at(5))
        .await
        .unwrap();
    assert_eq!(retry(&store, &cluster, 6).await, Retried::WorkflowFinished);
}
