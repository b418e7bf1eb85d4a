//! Workflows: opened one at a time, moved by their tasks in the same transaction, kept within bounds, behind walls.

mod common;

use std::time::Duration;

use airworthy_store::{
    Cancelled, Cluster, Deleted, Enqueued, NewTask, NewWorkflow, Opened, Options, Outcome, Phase,
    Store, TaskKind, Workflow,
};
use airworthy_upgrade::workflow::{Canceller, NotCancelled, Phase as Stands, Point};
use common::{Fixture, add_cluster, at, fixture, new_task, success};

const LEASE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_hours(1);

fn new_workflow(cluster: &Cluster) -> NewWorkflow {
    NewWorkflow {
        project_id: cluster.project_id.clone(),
        cluster_id: cluster.id.clone(),
        cluster_version: "v1.31.14-r0".into(),
        target_version: "v1.32.13-r0".into(),
    }
}

async fn open(store: &Store, cluster: &Cluster, now: i64) -> Workflow {
    match store.create_workflow(&new_workflow(cluster), at(now)).await {
        Ok(Opened::New(workflow)) => *workflow,
        other => panic!("{other:?}"),
    }
}

fn point(workflow: &Workflow, kind: TaskKind) -> NewTask {
    NewTask {
        project_id: workflow.project_id.clone(),
        cluster_id: workflow.cluster_id.clone(),
        workflow: Some(workflow.id.clone()),
        kind,
        spec: "{}".into(),
        max_attempts: 2,
    }
}

async fn start(store: &Store, workflow: &Workflow, kind: TaskKind, now: i64) -> String {
    match store.enqueue(&point(workflow, kind), at(now)).await {
        Ok(Enqueued::New(task)) => task.id,
        other => panic!("{other:?}"),
    }
}

fn ended(phase: Phase) -> Outcome {
    Outcome {
        phase,
        ..success("{}")
    }
}

/// Ends the task that is due.
async fn end(store: &Store, phase: Phase, now: i64) {
    let lease = store.claim("a", at(now), LEASE).await.unwrap().unwrap();
    let done = store.finish(&lease, ended(phase), None, at(now)).await;
    done.unwrap();
}

async fn run(store: &Store, workflow: &Workflow, kind: TaskKind, phase: Phase, now: i64) {
    start(store, workflow, kind, now).await;
    end(store, phase, now).await;
}

async fn read(store: &Store, workflow: &Workflow) -> Workflow {
    let (project, cluster) = (&workflow.project_id, &workflow.cluster_id);
    let found = store.workflow(project, cluster, &workflow.id).await;
    found.unwrap().expect("the workflow is there")
}

async fn stands(store: &Store, workflow: &Workflow) -> Stands {
    read(store, workflow).await.phase
}

async fn cancel(store: &Store, workflow: &Workflow, by: Canceller, now: i64) -> Cancelled {
    let key = (&*workflow.project_id, &*workflow.cluster_id);
    let cancelled = store.cancel_workflow(key, &workflow.id, by, at(now)).await;
    cancelled.unwrap()
}

#[tokio::test]
async fn a_workflow_goes_from_init_to_success_with_its_tasks() {
    let Fixture {
        store,
        cluster,
        directory: _directory,
        ..
    } = fixture().await;
    let workflow = open(&store, &cluster, 1).await;
    assert_eq!((workflow.phase, workflow.created_at), (Stands::Init, at(1)));
    assert_eq!(read(&store, &workflow).await, workflow);

    let check = start(&store, &workflow, TaskKind::Precheck, 2).await;
    assert_eq!(stands(&store, &workflow).await, Stands::Running);
    end(&store, Phase::Success, 3).await;
    for kind in [TaskKind::Snapshot, TaskKind::Upgrade] {
        run(&store, &workflow, kind, Phase::Success, 4).await;
        assert_eq!(stands(&store, &workflow).await, Stands::Running);
    }
    run(&store, &workflow, TaskKind::Postcheck, Phase::Success, 5).await;

    let done = read(&store, &workflow).await;
    assert_eq!((done.phase, done.updated_at), (Stands::Success, at(5)));
    assert_eq!(done.tasks.len(), Point::ALL.len());
    let shown = done.task(Point::PreCheck).unwrap();
    assert_eq!((&shown.id, shown.result.as_ref()), (&check, None));
    assert_eq!(
        (shown.started_at, shown.ended_at),
        (Some(at(3)), Some(at(3)))
    );
    assert_eq!(shown.expires_at, Some(at(3600)));
    assert_eq!(
        store
            .open_workflow(&cluster.project_id, &cluster.id)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn one_workflow_of_a_cluster_is_open_at_a_time() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let first = open(store, cluster, 1).await;
    let again = store.create_workflow(&new_workflow(cluster), at(2)).await;
    assert_eq!(again.unwrap(), Opened::AlreadyOpen(first.id.clone()));
    let other = add_cluster(store, &fixture.project.id, "other").await;
    open(store, &other, 2).await;
    let found = store.open_workflow(&cluster.project_id, &cluster.id).await;
    assert_eq!(found.unwrap().unwrap().id, first.id);
    let done = cancel(store, &first, Canceller::Caller, 3).await;
    assert!(matches!(done, Cancelled::Done(it) if it.phase == Stands::Cancel));
    open(store, cluster, 4).await;
}

#[tokio::test]
async fn a_failure_makes_a_workflow_wait_and_the_newest_task_of_a_kind_is_shown() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let workflow = open(store, cluster, 0).await;
    for (now, phase) in [(1, Phase::Failed), (2, Phase::Error)] {
        run(store, &workflow, TaskKind::Precheck, phase, now).await;
        assert_eq!(stands(store, &workflow).await, Stands::Pending);
    }
    let newest = start(store, &workflow, TaskKind::Precheck, 3).await;
    let shown = read(store, &workflow).await;
    assert_eq!(shown.phase, Stands::Running);
    assert_eq!(shown.task(Point::PreCheck).unwrap().id, newest);
    assert_eq!(shown.tasks.len(), 1);
    assert!(shown.is_under_way());
}

#[tokio::test]
async fn a_task_that_kills_its_workers_makes_its_workflow_wait() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let workflow = open(store, &fixture.cluster, 0).await;
    start(store, &workflow, TaskKind::Precheck, 0).await;
    for now in [0, 30] {
        assert!(store.claim("a", at(now), LEASE).await.unwrap().is_some());
        assert_eq!(stands(store, &workflow).await, Stands::Running);
    }
    assert_eq!(store.claim("a", at(60), LEASE).await.unwrap(), None);
    assert_eq!(stands(store, &workflow).await, Stands::Pending);
}

#[tokio::test]
async fn an_attempt_that_failed_moves_nothing_until_it_was_the_last() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let workflow = open(store, &fixture.cluster, 0).await;
    start(store, &workflow, TaskKind::Precheck, 0).await;
    for (now, expected) in [(1, Stands::Running), (2, Stands::Pending)] {
        let lease = store.claim("a", at(now), LEASE).await.unwrap().unwrap();
        let failed = store
            .fail(&lease, "no route", at(now), Duration::ZERO)
            .await;
        failed.unwrap();
        assert_eq!(stands(store, &workflow).await, expected);
    }
}

#[tokio::test]
async fn a_finished_workflow_takes_no_task_and_no_other_clusters_workflow_does() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let workflow = open(store, cluster, 0).await;
    let other = add_cluster(store, &fixture.project.id, "other").await;
    let mut stray = point(&workflow, TaskKind::Precheck);
    stray.cluster_id.clone_from(&other.id);
    let refused = store.enqueue(&stray, at(1)).await.unwrap();
    assert_eq!(refused, Enqueued::WorkflowFinished);

    cancel(store, &workflow, Canceller::Caller, 1).await;
    let refused = store
        .enqueue(&point(&workflow, TaskKind::Precheck), at(2))
        .await;
    assert_eq!(refused.unwrap(), Enqueued::WorkflowFinished);
    assert_eq!(stands(store, &workflow).await, Stands::Cancel);
    assert_eq!(store.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn an_upgrade_excludes_whatever_looks_at_the_cluster_both_ways() {
    use TaskKind::{Postcheck, Precheck, Snapshot, Upgrade};
    for (active, new, excluded) in [
        (Upgrade, Precheck, true),
        (Upgrade, Snapshot, true),
        (Upgrade, Postcheck, true),
        (Precheck, Upgrade, true),
        (Snapshot, Upgrade, true),
        (Postcheck, Upgrade, true),
        (Precheck, Snapshot, false),
        (Snapshot, Precheck, false),
        (Precheck, Postcheck, false),
        (Snapshot, Postcheck, false),
    ] {
        let fixture = fixture().await;
        let (store, cluster) = (&fixture.store, &fixture.cluster);
        let Enqueued::New(first) = store
            .enqueue(&new_task(cluster, active), at(0))
            .await
            .unwrap()
        else {
            panic!("{active:?} was not accepted");
        };
        let second = store.enqueue(&new_task(cluster, new), at(1)).await.unwrap();
        if excluded {
            let (id, kind) = (first.id, active);
            assert_eq!(second, Enqueued::InTheWay { id, kind });
        } else {
            assert!(matches!(second, Enqueued::New(_)), "{active:?} {new:?}");
        }
        let other = add_cluster(store, &fixture.project.id, "other").await;
        let elsewhere = store.enqueue(&new_task(&other, new), at(1)).await.unwrap();
        assert!(matches!(elsewhere, Enqueued::New(_)));
    }
}

#[tokio::test]
async fn what_is_refused_moves_no_workflow() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let unattached = store
        .enqueue(&new_task(cluster, TaskKind::Precheck), at(0))
        .await;
    assert!(matches!(unattached, Ok(Enqueued::New(_))));
    let workflow = open(store, cluster, 1).await;
    for kind in [TaskKind::Precheck, TaskKind::Upgrade] {
        let refused = store.enqueue(&point(&workflow, kind), at(2)).await.unwrap();
        assert!(!matches!(refused, Enqueued::New(_)), "{refused:?}");
    }
    end(store, Phase::Failed, 3).await;
    assert_eq!(read(store, &workflow).await, workflow);
}

#[tokio::test]
async fn callers_cancel_what_does_not_run_and_operators_what_is_not_under_way() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let workflow = open(store, cluster, 0).await;
    start(store, &workflow, TaskKind::Precheck, 1).await;
    let running = Cancelled::Refused(NotCancelled::Phase(Stands::Running));
    let busy = Cancelled::Refused(NotCancelled::UnderWay);
    assert_eq!(
        cancel(store, &workflow, Canceller::Caller, 2).await,
        running
    );
    assert_eq!(cancel(store, &workflow, Canceller::Operator, 2).await, busy);
    end(store, Phase::Success, 3).await;
    assert_eq!(
        cancel(store, &workflow, Canceller::Caller, 4).await,
        running
    );
    let done = cancel(store, &workflow, Canceller::Operator, 5).await;
    let Cancelled::Done(done) = done else {
        panic!("{done:?}")
    };
    assert_eq!((done.phase, done.updated_at), (Stands::Cancel, at(5)));
    assert_eq!(read(store, &workflow).await, *done);
    let over = Cancelled::Refused(NotCancelled::Phase(Stands::Cancel));
    for by in [Canceller::Caller, Canceller::Operator] {
        assert_eq!(cancel(store, &workflow, by, 6).await, over);
    }
}

#[tokio::test]
async fn a_workflow_lapses_when_its_pre_check_expires_and_not_before() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let workflow = open(store, cluster, 0).await;
    let lapse = async |now| {
        let key = Some((&*cluster.project_id, &*cluster.id));
        store.lapse_workflows(key, HOUR, at(now)).await.unwrap()
    };
    assert_eq!(
        lapse(100_000).await,
        0,
        "what never began can be cancelled as it is"
    );
    // Its result counts until 3600.
    run(store, &workflow, TaskKind::Precheck, Phase::Success, 10).await;
    assert_eq!(lapse(3599).await, 0);
    let snapshot = start(store, &workflow, TaskKind::Snapshot, 3500).await;
    assert_eq!(lapse(9000).await, 0, "{snapshot} is under way");
    end(store, Phase::Success, 3550).await;
    assert_eq!(stands(store, &workflow).await, Stands::Running);
    assert_eq!(lapse(3600).await, 1);
    assert_eq!(stands(store, &workflow).await, Stands::Pending);
    assert_eq!(lapse(3601).await, 0);
    assert!(matches!(
        cancel(store, &workflow, Canceller::Caller, 3602).await,
        Cancelled::Done(_)
    ));
}

#[tokio::test]
async fn workflows_of_all_clusters_lapse_at_once_and_those_of_one_alone() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let other = add_cluster(store, &fixture.project.id, "other").await;
    let mut workflows = Vec::new();
    for cluster in [cluster, &other] {
        let workflow = open(store, cluster, 0).await;
        run(store, &workflow, TaskKind::Upgrade, Phase::Success, 10).await;
        workflows.push(workflow);
    }
    let key = Some((&*other.project_id, &*other.id));
    let before = store.lapse_workflows(None, HOUR, at(3609)).await;
    assert_eq!(before.unwrap(), 0);
    let one = store.lapse_workflows(key, HOUR, at(3610)).await;
    assert_eq!(one.unwrap(), 1);
    assert_eq!(stands(store, &workflows[0]).await, Stands::Running);
    let all = store.lapse_workflows(None, HOUR, at(3610)).await;
    assert_eq!(all.unwrap(), 1);
    assert_eq!(stands(store, &workflows[0]).await, Stands::Pending);
}

#[tokio::test]
async fn finished_workflows_beyond_those_kept_are_removed_and_open_ones_never() {
    let fixture = fixture().await;
    let options = Options {
        kept: 3,
        ..fixture.options.clone()
    };
    let store = Store::open(&options, at(0)).await.unwrap();
    let cluster = &fixture.cluster;
    let mut ids = Vec::new();
    for now in 0..5 {
        let workflow = open(&store, cluster, now).await;
        run(&store, &workflow, TaskKind::Precheck, Phase::Failed, now).await;
        cancel(&store, &workflow, Canceller::Caller, now).await;
        ids.insert(0, workflow.id);
    }
    ids.insert(0, open(&store, cluster, 9).await.id);
    ids.truncate(4);
    let listed = store.workflows(&cluster.project_id, &cluster.id).await;
    let listed: Vec<_> = listed.unwrap().into_iter().map(|it| it.id).collect();
    assert_eq!(listed, ids, "newest first");
    // Tasks outlive the workflow they were points of.
    let tasks = store.task_ids(&cluster.project_id, &cluster.id, TaskKind::Precheck);
    assert_eq!(
        tasks.await.unwrap().len(),
        4,
        "three, and the one accepted last"
    );
}

#[tokio::test]
async fn another_project_sees_and_changes_nothing() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let workflow = open(store, cluster, 0).await;
    let theirs = store.add_project("theirs", None, at(0)).await.unwrap().id;
    let (id, cluster_id) = (&workflow.id, &cluster.id);
    assert_eq!(store.workflow(&theirs, cluster_id, id).await.unwrap(), None);
    assert_eq!(store.workflows(&theirs, cluster_id).await.unwrap(), []);
    assert_eq!(
        store.open_workflow(&theirs, cluster_id).await.unwrap(),
        None
    );
    let key = (&*theirs, &**cluster_id);
    let by = Canceller::Operator;
    let cancelled = store.cancel_workflow(key, id, by, at(1)).await.unwrap();
    assert_eq!(cancelled, Cancelled::Absent);
    let mut new = new_workflow(cluster);
    new.project_id = theirs;
    cancel(store, &workflow, by, 2).await;
    assert!(store.create_workflow(&new, at(3)).await.is_err());
}

#[tokio::test]
async fn a_removed_cluster_takes_its_workflows_along() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let workflow = open(store, cluster, 0).await;
    run(store, &workflow, TaskKind::Precheck, Phase::Success, 1).await;
    let gone = store.delete_cluster(&cluster.project_id, &cluster.id, at(9));
    assert!(matches!(gone.await, Ok(Deleted::Gone(..))));
    let found = store.workflow(&cluster.project_id, &cluster.id, &workflow.id);
    assert_eq!(found.await.unwrap(), None);
}
