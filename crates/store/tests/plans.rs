//! Plans: one unfinished a cluster, delayed within their rule, begun together with their workflow, behind walls.

mod common;

use airworthy_store::{
    Cluster, Delayed, NewPlan, NewWorkflow, Opened, Options, Plan, Planned, Removed, Store,
};
use airworthy_upgrade::plan::{BadWindow, Event, Phase, Window};
use common::{add_cluster, at, fixture};

fn window(from: i64) -> Window {
    Window::new(at(from), at(from + 100), at(1000)).unwrap()
}

fn new_plan(cluster: &Cluster) -> NewPlan {
    NewPlan {
        project_id: cluster.project_id.clone(),
        cluster_id: cluster.id.clone(),
        cluster_version: "v1.31.14-r0".into(),
        target_version: "v1.32.13-r0".into(),
        window: window(100),
    }
}

async fn add(store: &Store, cluster: &Cluster, now: i64) -> Plan {
    match store.add_plan(&new_plan(cluster), at(now)).await {
        Ok(Planned::New(plan)) => *plan,
        other => panic!("{other:?}"),
    }
}

async fn newest(store: &Store, cluster: &Cluster) -> Option<Plan> {
    let found = store.newest_plan(&cluster.project_id, &cluster.id).await;
    found.unwrap()
}

async fn delay(store: &Store, plan: &Plan, not_before: i64, now: i64) -> Delayed {
    let key = (&*plan.project_id, &*plan.cluster_id);
    let delayed = store
        .delay_plan(key, &plan.id, at(not_before), at(now))
        .await;
    delayed.unwrap()
}

#[tokio::test]
async fn one_plan_of_a_cluster_is_unfinished_and_the_newest_is_shown() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    assert_eq!(newest(store, cluster).await, None);
    let first = add(store, cluster, 1).await;
    assert_eq!((first.phase, first.window), (Phase::Pending, window(100)));
    assert_eq!(newest(store, cluster).await.as_ref(), Some(&first));
    let again = store.add_plan(&new_plan(cluster), at(2)).await.unwrap();
    assert_eq!(again, Planned::AlreadyPlanned(first.id.clone()));
    let other = add_cluster(store, &fixture.project.id, "other").await;
    add(store, &other, 2).await;
    assert!(
        store
            .move_plan(&first, Event::Missed, Some("late"), at(3))
            .await
            .unwrap()
    );
    let second = add(store, cluster, 4).await;
    assert_eq!(newest(store, cluster).await, Some(second.clone()));
    let listed = store.plans(&fixture.project.id).await.unwrap();
    let of_cluster: Vec<_> = listed
        .iter()
        .filter(|it| it.cluster_id == cluster.id)
        .collect();
    assert_eq!((of_cluster.len(), &of_cluster[0].id), (2, &second.id));
    assert_eq!(of_cluster[1].message.as_deref(), Some("late"));
}

#[tokio::test]
async fn a_delay_moves_both_ends_and_only_while_the_plan_waits() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let plan = add(store, cluster, 1).await;
    let Delayed::Done(moved) = delay(store, &plan, 999, 2).await else {
        panic!("the plan waits");
    };
    let expected = Window::new(at(999), at(1099), at(1000)).unwrap();
    assert_eq!((moved.window, moved.updated_at), (expected, at(2)));
    assert_eq!(newest(store, cluster).await, Some(*moved.clone()));
    for (to, refusal) in [(1000, BadWindow::BeyondDeadline), (2, BadWindow::Past)] {
        assert_eq!(
            delay(store, &plan, to, 2).await,
            Delayed::BadWindow(refusal)
        );
    }
    assert_eq!(newest(store, cluster).await, Some(*moved.clone()));
    assert!(
        store
            .move_plan(&moved, Event::Failed, None, at(3))
            .await
            .unwrap()
    );
    let late = delay(store, &plan, 500, 4).await;
    assert_eq!(late, Delayed::NotPending(Phase::Failed));
}

#[tokio::test]
async fn plans_are_due_from_the_start_of_their_window_until_they_are_over() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let plan = add(store, cluster, 1).await;
    assert_eq!(store.due_plans(at(99)).await.unwrap(), []);
    assert_eq!(store.due_plans(at(100)).await.unwrap(), vec![plan.clone()]);
    assert_eq!(store.due_plans(at(9999)).await.unwrap(), vec![plan.clone()]);
    assert!(
        store
            .move_plan(&plan, Event::Missed, None, at(9999))
            .await
            .unwrap()
    );
    assert_eq!(store.due_plans(at(9999)).await.unwrap(), []);
}

#[tokio::test]
async fn a_plan_begins_with_its_workflow_or_not_at_all() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let plan = add(store, cluster, 1).await;
    let new = NewWorkflow {
        project_id: cluster.project_id.clone(),
        cluster_id: cluster.id.clone(),
        cluster_version: "v1.31.14-r0".into(),
        target_version: "v1.32.13-r0".into(),
    };
    let Opened::New(other) = store.create_workflow(&new, at(2)).await.unwrap() else {
        panic!("none is open");
    };
    let begun = store
        .begin_plan(&plan, "v1.31.14-r0", at(100))
        .await
        .unwrap();
    assert_eq!(begun, Some(Opened::AlreadyOpen(other.id.clone())));
    assert_eq!(newest(store, cluster).await.unwrap().phase, Phase::Pending);

    let key = (&*cluster.project_id, &*cluster.id);
    let by = airworthy_upgrade::workflow::Canceller::Caller;
    store
        .cancel_workflow(key, &other.id, by, at(101))
        .await
        .unwrap();
    // Meanwhile it was delayed: what was read is old.
    assert!(matches!(
        delay(store, &plan, 200, 102).await,
        Delayed::Done(_)
    ));
    let begun = store
        .begin_plan(&plan, "v1.31.14-r0", at(103))
        .await
        .unwrap();
    assert_eq!(begun, None);
    assert_eq!(store.open_workflow(key.0, key.1).await.unwrap(), None);

    let plan = newest(store, cluster).await.unwrap();
    let begun = store
        .begin_plan(&plan, "v1.31.15-r0", at(200))
        .await
        .unwrap();
    let Some(Opened::New(workflow)) = begun else {
        panic!("{begun:?}");
    };
    assert_eq!(workflow.cluster_version, "v1.31.15-r0");
    let begun = newest(store, cluster).await.unwrap();
    assert_eq!(
        (begun.phase, begun.workflow_id),
        (Phase::Enqueued, Some(workflow.id))
    );
    assert!(
        !store
            .move_plan(&plan, Event::Begun, None, at(201))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn plans_are_removed_before_they_begin_and_when_they_are_over() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let project = &fixture.project.id;
    let waits = add(store, cluster, 1).await;
    assert_eq!(
        store.remove_plan(project, &waits.id).await.unwrap(),
        Removed::Done
    );
    assert_eq!(
        store.remove_plan(project, &waits.id).await.unwrap(),
        Removed::Absent
    );
    let plan = add(store, cluster, 2).await;
    store
        .begin_plan(&plan, "v1.31.14-r0", at(100))
        .await
        .unwrap();
    let refused = store.remove_plan(project, &plan.id).await.unwrap();
    assert_eq!(refused, Removed::UnderWay(Phase::Enqueued));
    let plan = newest(store, cluster).await.unwrap();
    assert!(
        store
            .move_plan(&plan, Event::Failed, None, at(101))
            .await
            .unwrap()
    );
    assert_eq!(
        store.remove_plan(project, &plan.id).await.unwrap(),
        Removed::Done
    );
}

#[tokio::test]
async fn finished_plans_beyond_those_kept_are_removed() {
    let fixture = fixture().await;
    let options = Options {
        kept: 2,
        ..fixture.options.clone()
    };
    let store = Store::open(&options, at(0)).await.unwrap();
    for now in 0..5 {
        let plan = add(&store, &fixture.cluster, now).await;
        assert!(
            store
                .move_plan(&plan, Event::Missed, None, at(now))
                .await
                .unwrap()
        );
    }
    let kept = store.plans(&fixture.project.id).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|it| it.created_at).collect();
    assert_eq!(kept, [at(4), at(3), at(2)], "two, and the one made last");
}

#[tokio::test]
async fn another_project_sees_and_changes_no_plan() {
    let fixture = fixture().await;
    let (store, cluster) = (&fixture.store, &fixture.cluster);
    let plan = add(store, cluster, 1).await;
    let theirs = store.add_project("theirs", None, at(0)).await.unwrap().id;
    assert_eq!(store.newest_plan(&theirs, &cluster.id).await.unwrap(), None);
    assert_eq!(store.plans(&theirs).await.unwrap(), []);
    assert_eq!(
        store.remove_plan(&theirs, &plan.id).await.unwrap(),
        Removed::Absent
    );
    let key = (&*theirs, &*cluster.id);
    let delayed = store
        .delay_plan(key, &plan.id, at(200), at(2))
        .await
        .unwrap();
    assert_eq!(delayed, Delayed::Absent);
    let other = add_cluster(store, &fixture.project.id, "other").await;
    let key = (&*fixture.project.id, &*other.id);
    let delayed = store
        .delay_plan(key, &plan.id, at(200), at(2))
        .await
        .unwrap();
    assert_eq!(delayed, Delayed::Absent);
    assert_eq!(newest(store, cluster).await, Some(plan));
}
