//! Plans by an injected clock: what each tick does before, in and after the window, and whatever stands in the way.

use airworthy_cce::request::WorkflowRequest;
use airworthy_store::{
    Access, Enqueued, NewCluster, NewTask, Observed, Options, Outcome, SealingKey, Store, TaskKind,
};
use airworthy_upgrade::plan::{Phase as Planned, Window};
use jiff::SignedDuration;
use tempfile::TempDir;

use super::*;
use crate::Settings;

const LEASE: Duration = Duration::from_secs(30);

struct House {
    service: Service,
    project: String,
    cluster: String,
    /// When the test began: the plan's window is an hour later, and as long.
    begun: Timestamp,
    _directory: TempDir,
}

async fn house() -> House {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let options = Options::new(path, SealingKey::from([7; 32]));
    let begun = Timestamp::now();
    let store = Store::open(&options, begun).await.unwrap();
    let project = store.add_project("p", None, begun).await.unwrap().id;
    let new = NewCluster {
        id: None,
        name: "prod".into(),
        alias: None,
        access: Access::Kubeconfig {
            path: "/nowhere/kubeconfig".into(),
            context: None,
        },
    };
    let cluster = store.add_cluster(&project, new, begun).await.unwrap().id;
    let house = House {
        service: Service::new(store, Settings::default()),
        project,
        cluster,
        begun,
        _directory: directory,
    };
    house.runs("v1.31.14").await;
    house
}

impl House {
    fn store(&self) -> &Store {
        &self.service.store
    }

    fn at(&self, minutes: i64) -> Timestamp {
        self.begun + SignedDuration::from_mins(minutes)
    }

    /// What was seen of the cluster, which nobody can reach.
    async fn runs(&self, version: &str) {
        let seen = Observed {
            version: Some(version.into()),
            ..Observed::default()
        };
        let kept = self
            .store()
            .update_observed(&self.project, &self.cluster, &seen, self.begun);
        assert!(kept.await.unwrap());
    }

    async fn add_plan(&self) -> Plan {
        let window = Window::new(self.at(60), self.at(120), self.at(6000)).unwrap();
        let made = self
            .service
            .add_plan(&self.project, &self.cluster, "v1.32.4", window);
        made.await.unwrap()
    }

    /// The plan after a tick.
    async fn tick(&self, minutes: i64) -> Plan {
        self.service.tick(self.at(minutes)).await.unwrap();
        self.service
            .plan(&self.project, &self.cluster)
            .await
            .unwrap()
            .unwrap()
    }

    /// Opens a workflow that is no plan's.
    async fn other_workflow(&self) -> Workflow {
        let request = WorkflowRequest {
            cluster_version: None,
            target_version: "v1.32.5".into(),
        };
        let opened = self
            .service
            .create_workflow(&self.project, &self.cluster, request);
        opened.await.unwrap()
    }

    async fn open(&self) -> Option<Workflow> {
        let found = self.store().open_workflow(&self.project, &self.cluster);
        found.await.unwrap()
    }

    /// Ends the task that is due, which must be of this kind.
    async fn end(&self, kind: TaskKind, phase: Phase) {
        let now = Timestamp::now();
        let lease = self
            .store()
            .claim("test", now, LEASE)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(lease.task.kind, kind);
        let outcome = Outcome {
            phase,
            message: (phase != Phase::Success).then(|| "no".to_owned()),
            result: None,
            expires_at: (kind == TaskKind::Precheck).then(|| self.at(90)),
        };
        self.store()
            .finish(&lease, outcome, None, now)
            .await
            .unwrap();
    }

    async fn nothing_is_under_way(&self) {
        assert_eq!(self.store().next_due().await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_plan_walks_its_workflow_from_the_start_of_its_window_to_success() {
    let house = house().await;
    house.add_plan().await;
    assert_eq!(house.tick(59).await.phase, Planned::Pending);
    assert_eq!(house.open().await, None);

    let plan = house.tick(60).await;
    assert_eq!(plan.phase, Planned::Enqueued);
    let workflow = house.open().await.unwrap();
    assert_eq!(plan.workflow_id.as_ref(), Some(&workflow.id));
    assert_eq!(workflow.target_version, "v1.32.4-r0");
    assert_eq!(workflow.cluster_version, "v1.31.14-r0");

    for _ in 0..3 {
        assert_eq!(house.tick(61).await.phase, Planned::Enqueued);
    }
    house.end(TaskKind::Precheck, Phase::Success).await;
    house.nothing_is_under_way().await;

    for phase in [Planned::Enqueued, Planned::Upgrading, Planned::Upgrading] {
        assert_eq!(house.tick(62).await.phase, phase);
    }
    house.end(TaskKind::Upgrade, Phase::Success).await;
    // What has begun in the window goes on after it.
    for _ in 0..3 {
        assert_eq!(house.tick(500).await.phase, Planned::Upgrading);
    }
    house.end(TaskKind::Postcheck, Phase::Success).await;
    let plan = house.tick(501).await;
    assert_eq!((plan.phase, plan.message), (Planned::Success, None));
    assert_eq!(house.open().await, None);
    assert_eq!(house.tick(502).await.phase, Planned::Success);
    house.nothing_is_under_way().await;
}

#[tokio::test]
async fn the_upgrade_of_a_plan_makes_no_check_of_its_own() {
    let house = house().await;
    house.add_plan().await;
    house.tick(60).await;
    house.tick(60).await;
    house.end(TaskKind::Precheck, Phase::Success).await;
    house.tick(61).await;
    let lease = house.store().claim("test", Timestamp::now(), LEASE).await;
    let task = lease.unwrap().unwrap().task;
    let spec: crate::UpgradeTaskSpec = serde_json::from_str(&task.spec).unwrap();
    assert!(spec.only_upgrade);
    assert_eq!(spec.target_version.exact(), "v1.32.4-r0");
}

#[tokio::test]
async fn a_window_that_goes_by_unseen_is_missed() {
    let house = house().await;
    house.add_plan().await;
    let plan = house.tick(120).await;
    assert_eq!(plan.phase, Planned::Skipped);
    assert!(plan.message.unwrap().contains("window went by"));
    assert_eq!(house.open().await, None);
    house.nothing_is_under_way().await;
}

#[tokio::test]
async fn the_last_moment_of_the_window_is_in_it() {
    let house = house().await;
    house.add_plan().await;
    let last = house.at(120) - SignedDuration::from_micros(1);
    house.service.tick(last).await.unwrap();
    assert!(house.open().await.is_some());
}

#[tokio::test]
async fn a_delayed_plan_begins_at_its_new_start() {
    let house = house().await;
    let plan = house.add_plan().await;
    let (project, cluster) = (&house.project, &house.cluster);
    let moved = house
        .service
        .delay_plan(project, cluster, &plan.id, house.at(300));
    moved.await.unwrap();
    for minutes in [60, 120, 299] {
        assert_eq!(house.tick(minutes).await.phase, Planned::Pending);
    }
    assert_eq!(house.tick(300).await.phase, Planned::Enqueued);
}

#[tokio::test]
async fn a_plan_waits_for_another_workflow_and_is_skipped_if_it_waits_too_long() {
    let house = house().await;
    house.add_plan().await;
    let other = house.other_workflow().await;
    for minutes in [60, 119] {
        let plan = house.tick(minutes).await;
        assert_eq!((plan.phase, plan.workflow_id), (Planned::Pending, None));
        assert!(
            plan.message.unwrap().contains(&other.id),
            "it says what it waits for"
        );
    }
    let plan = house.tick(120).await;
    assert_eq!(plan.phase, Planned::Skipped);
    assert!(plan.message.unwrap().contains(&other.id));
    assert_eq!(
        house.open().await.unwrap(),
        other,
        "another's workflow stays as it is"
    );
}

#[tokio::test]
async fn a_plan_begins_once_the_other_workflow_is_over() {
    let house = house().await;
    house.add_plan().await;
    let other = house.other_workflow().await;
    house.tick(60).await;
    let (project, cluster) = (&house.project, &house.cluster);
    let cancelled = house
        .service
        .cancel_workflow(project, cluster, &other.id, Canceller::Caller);
    cancelled.await.unwrap();
    let plan = house.tick(61).await;
    assert_eq!((plan.phase, plan.message), (Planned::Enqueued, None));
}

#[tokio::test]
async fn a_pre_check_that_fails_ends_the_plan_and_leaves_its_workflow_to_people() {
    for phase in [Phase::Failed, Phase::Error] {
        let house = house().await;
        house.add_plan().await;
        house.tick(60).await;
        house.tick(60).await;
        house.end(TaskKind::Precheck, phase).await;
        let plan = house.tick(61).await;
        assert_eq!(plan.phase, Planned::Failed);
        let message = plan.message.unwrap();
        assert!(
            message.contains("pre-check") && message.ends_with(": no"),
            "{message}"
        );
        let left = house.open().await.unwrap();
        assert_eq!(left.phase, workflow::Phase::Pending);
        assert_eq!(house.tick(62).await.phase, Planned::Failed);
        house.nothing_is_under_way().await;
    }
}

#[tokio::test]
async fn an_upgrade_or_a_post_check_that_fails_ends_the_plan() {
    for failing in [TaskKind::Upgrade, TaskKind::Postcheck] {
        let house = house().await;
        house.add_plan().await;
        let mut ended = None;
        for kind in [TaskKind::Precheck, TaskKind::Upgrade, TaskKind::Postcheck] {
            for _ in 0..3 {
                house.tick(61).await;
            }
            if kind == failing {
                house.end(kind, Phase::Failed).await;
                ended = Some(house.tick(62).await);
                break;
            }
            house.end(kind, Phase::Success).await;
        }
        let plan = ended.unwrap();
        assert_eq!(plan.phase, Planned::Failed, "{failing:?}");
        assert!(plan.message.unwrap().ends_with("did not succeed: no"));
        house.tick(63).await;
        house.nothing_is_under_way().await;
    }
}

#[tokio::test]
async fn no_upgrade_begins_after_the_window_though_the_check_had_passed() {
    let house = house().await;
    house.add_plan().await;
    house.tick(119).await;
    house.tick(119).await;
    assert_eq!(
        house.tick(121).await.phase,
        Planned::Enqueued,
        "the check is under way"
    );
    house.end(TaskKind::Precheck, Phase::Success).await;
    let plan = house.tick(121).await;
    assert_eq!(plan.phase, Planned::Skipped);
    house.nothing_is_under_way().await;
    assert_eq!(house.open().await, None, "its workflow is in nobody's way");
}

#[tokio::test]
async fn a_check_that_expired_while_the_plan_waited_is_made_again() {
    let house = house().await;
    house.add_plan().await;
    house.tick(60).await;
    house.tick(60).await;
    house.end(TaskKind::Precheck, Phase::Success).await;
    // It counts until minute 90.
    let first = house.open().await.unwrap().tasks.pop().unwrap().id;
    assert_eq!(house.tick(95).await.phase, Planned::Enqueued);
    let second = house.open().await.unwrap();
    assert_eq!(second.tasks.len(), 1);
    assert_ne!(second.tasks[0].id, first);
    assert!(second.is_under_way());
}

#[tokio::test]
async fn a_plan_waits_for_what_its_upgrade_must_not_run_beside() {
    let house = house().await;
    house.add_plan().await;
    house.tick(60).await;
    house.tick(60).await;
    house.end(TaskKind::Precheck, Phase::Success).await;
    let snapshot = NewTask {
        project_id: house.project.clone(),
        cluster_id: house.cluster.clone(),
        workflow: None,
        kind: TaskKind::Snapshot,
        spec: "{}".into(),
        max_attempts: 1,
    };
    let accepted = house.store().enqueue(&snapshot, Timestamp::now()).await;
    let Enqueued::New(snapshot) = accepted.unwrap() else {
        panic!("nothing is in its way");
    };
    let plan = house.tick(61).await;
    assert_eq!(plan.phase, Planned::Enqueued);
    assert!(plan.message.unwrap().contains(&snapshot.id));
    house.end(TaskKind::Snapshot, Phase::Success).await;
    house.tick(62).await;
    assert_eq!(house.tick(62).await.phase, Planned::Upgrading);
}

#[tokio::test]
async fn a_plan_whose_target_is_behind_by_now_fails_and_says_so() {
    let house = house().await;
    house.add_plan().await;
    house.runs("v1.32.9").await;
    let plan = house.tick(60).await;
    assert_eq!(plan.phase, Planned::Failed);
    assert!(plan.message.unwrap().contains("1.32.9"));
    assert_eq!(house.open().await, None);
}

#[tokio::test]
async fn a_workflow_that_is_cancelled_under_its_plan_ends_the_plan() {
    let house = house().await;
    house.add_plan().await;
    house.tick(60).await;
    let open = house.open().await.unwrap().id;
    let (project, cluster) = (&house.project, &house.cluster);
    let cancelled = house
        .service
        .cancel_workflow(project, cluster, &open, Canceller::Caller);
    cancelled.await.unwrap();
    let plan = house.tick(61).await;
    assert_eq!(plan.phase, Planned::Failed);
    assert!(plan.message.unwrap().contains("cancelled"));
    house.nothing_is_under_way().await;
}

#[tokio::test]
async fn a_process_that_dies_between_two_steps_does_none_twice() {
    let house = house().await;
    house.add_plan().await;
    house.tick(60).await;
    house.tick(60).await;
    house.end(TaskKind::Precheck, Phase::Success).await;
    let stale = house.tick(61).await;
    assert_eq!(stale.phase, Planned::Enqueued);
    // Another process read the plan before, and takes the same step now.
    let now = house.at(61);
    let workflow = house.open().await.unwrap();
    let upgrade = workflow.task(Point::Cluster).unwrap().id.clone();
    house.service.drive(&stale, now).await.unwrap();
    house.service.drive(&stale, now).await.unwrap();
    let workflow = house.open().await.unwrap();
    assert_eq!(workflow.task(Point::Cluster).unwrap().id, upgrade);
    assert_eq!(house.tick(62).await.phase, Planned::Upgrading);
}

#[tokio::test]
async fn a_tick_lets_workflows_lapse() {
    let house = house().await;
    let request = WorkflowRequest {
        cluster_version: None,
        target_version: "v1.32.4".into(),
    };
    let (project, cluster) = (&house.project, &house.cluster);
    house
        .service
        .create_workflow(project, cluster, request)
        .await
        .unwrap();
    let request = PrecheckRequest {
        cluster_version: None,
        target_version: "v1.32.4".into(),
        skips: Vec::new(),
    };
    house
        .service
        .create_precheck(project, cluster, request, "key:AK")
        .await
        .unwrap();
    house.end(TaskKind::Precheck, Phase::Success).await;
    for (minutes, phase) in [
        (89, workflow::Phase::Running),
        (90, workflow::Phase::Pending),
    ] {
        house.service.tick(house.at(minutes)).await.unwrap();
        assert_eq!(house.open().await.unwrap().phase, phase);
    }
}

/// The one test on the real clock: what is due is done as soon as the workers are there, and stopping them ends it.
#[tokio::test]
async fn the_workers_keep_the_time() {
    let house = house().await;
    let request = WorkflowRequest {
        cluster_version: None,
        target_version: "v1.32.4".into(),
    };
    let (project, cluster) = (&house.project, &house.cluster);
    let opened = house
        .service
        .create_workflow(project, cluster, request)
        .await
        .unwrap();
    let check = NewTask {
        project_id: project.clone(),
        cluster_id: cluster.clone(),
        workflow: Some(opened.id),
        kind: TaskKind::Snapshot,
        spec: "{}".into(),
        max_attempts: 1,
    };
    // It ended so long ago that nothing counts any more.
    let then = house.at(-600);
    let store = house.store();
    store.enqueue(&check, then).await.unwrap();
    let lease = store.claim("test", then, LEASE).await.unwrap().unwrap();
    let outcome = Outcome {
        phase: Phase::Success,
        message: None,
        result: None,
        expires_at: None,
    };
    store.finish(&lease, outcome, None, then).await.unwrap();

    let mut changes = store.changes();
    let workers = crate::Workers::start(&house.service);
    let lapsed = async {
        while house.open().await.unwrap().phase != workflow::Phase::Pending {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_mins(1), lapsed)
        .await
        .unwrap();
    tokio::time::timeout(Duration::from_mins(1), workers.stop())
        .await
        .unwrap();
}
