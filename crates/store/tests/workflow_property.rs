//! Random walks over workflows and their tasks: the stored phase is always what the table makes of what happened to the tasks.

mod common;

use std::{collections::BTreeMap, time::Duration};

use airworthy_store::{
    Cancelled, Cluster, Enqueued, Error, Lease, NewTask, NewWorkflow, Opened, Options, Outcome,
    Parked, Phase, Retried, Store, Task, TaskKind, TaskState, Workflow, point_of,
};
use airworthy_upgrade::workflow::{self, Canceller, Event, Phase as Stands};
use common::{Dice, Fixture, add_cluster, at, fixture, success};

const SPAN: Duration = Duration::from_secs(10);
/// What says nothing of its own end counts as long.
const COUNTS: Duration = Duration::from_secs(40);
const KINDS: [TaskKind; 4] = [
    TaskKind::Precheck,
    TaskKind::Snapshot,
    TaskKind::Upgrade,
    TaskKind::Postcheck,
];

struct Walk {
    dice: Dice,
    store: Store,
    options: Options,
    clusters: Vec<Cluster>,
    /// Every workflow there ever was, with the phase that the table gives it.
    expected: BTreeMap<String, (Cluster, Stands)>,
    /// Every task there ever was, as last seen.
    tasks: BTreeMap<String, Task>,
    leases: Vec<Lease>,
    now: i64,
    lapsed: usize,
    cancelled: usize,
}

impl Walk {
    async fn step(&mut self) {
        self.now += i64::try_from(self.dice.below(6)).unwrap();
        match self.dice.below(22) {
            0..=1 => self.open().await,
            2..=7 => self.enqueue().await,
            8..=11 => self.claim().await,
            15 => self.fail().await,
            16 => self.hand_back().await,
            17 => self.retry().await,
            18 => self.cancel().await,
            19 => self.lapse().await,
            // 12 to 14, and 20 and 21.
            _ => self.finish().await,
        }
        if self.dice.below(40) == 0 {
            self.store = Store::open(&self.options, at(self.now)).await.unwrap();
        }
        self.look().await;
    }

    fn draw(&mut self) -> Cluster {
        let index = self.dice.below(self.clusters.len());
        self.clusters[index].clone()
    }

    async fn opened(&self, cluster: &Cluster) -> Option<Workflow> {
        let found = self.store.open_workflow(&cluster.project_id, &cluster.id);
        found.await.unwrap()
    }

    async fn open(&mut self) {
        let cluster = self.draw();
        let open = self.opened(&cluster).await.map(|it| it.id);
        let new = NewWorkflow {
            project_id: cluster.project_id.clone(),
            cluster_id: cluster.id.clone(),
            cluster_version: "v1.31.14-r0".into(),
            target_version: "v1.32.13-r0".into(),
        };
        match self
            .store
            .create_workflow(&new, at(self.now))
            .await
            .unwrap()
        {
            Opened::AlreadyOpen(id) => assert_eq!(Some(id), open),
            Opened::New(new) => {
                assert_eq!(open, None);
                self.expected.insert(new.id, (cluster, Stands::Init));
            }
        }
    }

    /// Attached to the open workflow, to a finished one, or to none.
    async fn enqueue(&mut self) {
        let cluster = self.draw();
        let kind = KINDS[self.dice.below(KINDS.len())];
        let open = self.opened(&cluster).await.map(|it| it.id);
        let finished = self
            .expected
            .iter()
            .find(|(_, (of, phase))| of.id == cluster.id && phase.is_finished())
            .map(|(id, _)| id.clone());
        let workflow = match self.dice.below(6) {
            0 => None,
            1 => finished.clone(),
            _ => open,
        };
        let new = NewTask {
            project_id: cluster.project_id.clone(),
            cluster_id: cluster.id.clone(),
            workflow: workflow.clone(),
            kind,
            spec: "{}".into(),
            max_attempts: 2,
        };
        let active = |wanted: TaskKind| {
            self.tasks
                .values()
                .filter(|it| it.cluster_id == cluster.id && it.state != TaskState::Done)
                .any(|it| it.kind == wanted)
        };
        let beside = match kind {
            TaskKind::Upgrade => KINDS.into_iter().any(active),
            kind => active(kind) || active(TaskKind::Upgrade),
        };
        match self.store.enqueue(&new, at(self.now)).await.unwrap() {
            Enqueued::New(task) => {
                assert!(!beside);
                assert_eq!(task.workflow_id, workflow);
                self.tasks.insert(task.id.clone(), *task.clone());
                self.follow(&task, Event::Started);
            }
            Enqueued::WorkflowFinished => assert!(!beside && workflow == finished),
            Enqueued::AlreadyActive { .. } => assert!(active(kind)),
            Enqueued::InTheWay { .. } => assert!(beside && !active(kind)),
        }
    }

    async fn claim(&mut self) {
        let claimed = self.store.claim("a", at(self.now), SPAN).await.unwrap();
        self.leases.extend(claimed);
    }

    fn lease(&mut self) -> Option<Lease> {
        let recent = self.leases.len().min(4);
        let index = self
            .leases
            .len()
            .checked_sub(1 + self.dice.below(recent.max(1)))?;
        Some(self.leases[index].clone())
    }

    async fn finish(&mut self) {
        let Some(lease) = self.lease() else { return };
        let phase = [
            Phase::Success,
            Phase::Success,
            Phase::Success,
            Phase::Failed,
            Phase::Error,
        ];
        let outcome = Outcome {
            phase: phase[self.dice.below(phase.len())],
            expires_at: Some(at(self.now + 60)),
            ..success("{}")
        };
        let done = self.store.finish(&lease, outcome, None, at(self.now)).await;
        assert!(matches!(done, Ok(()) | Err(Error::LeaseLost { .. })));
    }

    async fn fail(&mut self) {
        let Some(lease) = self.lease() else { return };
        let failed = self.store.fail(&lease, "no", at(self.now), SPAN).await;
        assert!(matches!(failed, Ok(_) | Err(Error::LeaseLost { .. })));
    }

    async fn hand_back(&mut self) {
        let Some(lease) = self.lease() else { return };
        let now = at(self.now);
        let done = if self.dice.below(2) == 0 {
            self.store.release(&lease, now).await
        } else {
            let parked = Parked {
                progress: 10,
                scratch: None,
                message: None,
                again_at: at(self.now + 5),
            };
            self.store.park(&lease, parked, None, now).await
        };
        assert!(matches!(done, Ok(()) | Err(Error::LeaseLost { .. })));
    }

    async fn retry(&mut self) {
        let cluster = self.draw();
        let (project, id) = (&cluster.project_id, &cluster.id);
        let retried = self.store.retry_upgrade(project, id, at(self.now)).await;
        if let Retried::Queued(task) = retried.unwrap() {
            self.follow(&task, Event::Started);
            self.tasks.insert(task.id.clone(), *task);
        }
    }

    async fn cancel(&mut self) {
        let mut of_all: Vec<_> = self.expected.keys().cloned().collect();
        if of_all.is_empty() {
            return;
        }
        let id = of_all.swap_remove(self.dice.below(of_all.len()));
        let (cluster, phase) = self.expected[&id].clone();
        let by = [Canceller::Caller, Canceller::Operator][self.dice.below(2)];
        let under_way = self.under_way(&id);
        let key = (&*cluster.project_id, &*cluster.id);
        let done = self.store.cancel_workflow(key, &id, by, at(self.now)).await;
        match (done.unwrap(), workflow::cancel(phase, by, under_way)) {
            (Cancelled::Done(found), Ok(phase)) => {
                assert_eq!(found.phase, phase);
                self.expected.insert(id, (cluster, phase));
                self.cancelled += 1;
            }
            (Cancelled::Refused(told), Err(expected)) => assert_eq!(told, expected),
            (told, expected) => panic!("{told:?}, not {expected:?}"),
        }
    }

    fn under_way(&self, workflow: &str) -> bool {
        self.tasks
            .values()
            .any(|it| it.workflow_id.as_deref() == Some(workflow) && it.state != TaskState::Done)
    }

    async fn lapse(&mut self) {
        self.now += [0, 45, 90][self.dice.below(3)];
        let mut lapse = Vec::new();
        for (id, (cluster, phase)) in &self.expected {
            let found = self.store.workflow(&cluster.project_id, &cluster.id, id);
            let found = found.await.unwrap().unwrap();
            // Nothing is valid for longer than this from the last change on.
            let silent = found.updated_at.duration_since(at(self.now)).abs();
            let over = silent.as_secs() > 60;
            if *phase == Stands::Running && !self.under_way(id) && over {
                lapse.push(id.clone());
            }
        }
        let lapsed = self.store.lapse_workflows(None, COUNTS, at(self.now)).await;
        let mut seen = 0;
        for (id, (cluster, phase)) in &mut self.expected {
            let found = self.store.workflow(&cluster.project_id, &cluster.id, id);
            let found = found.await.unwrap().unwrap();
            if found.phase == *phase {
                assert!(!lapse.contains(id), "{id} has lapsed");
                continue;
            }
            assert_eq!((*phase, found.phase), (Stands::Running, Stands::Pending));
            assert!(!found.is_under_way());
            *phase = found.phase;
            seen += 1;
        }
        assert_eq!(lapsed.unwrap(), seen);
        self.lapsed += seen;
    }

    /// Once all tasks have ended and time has passed, every workflow has a way out that callers can take.
    async fn settle(&mut self) {
        while self.store.next_due().await.unwrap().is_some() {
            self.now += 10;
            self.claim().await;
            if let Some(lease) = self.leases.pop() {
                let outcome = success("{}");
                let _ = self.store.finish(&lease, outcome, None, at(self.now)).await;
            }
            self.look().await;
        }
        self.now += 4000;
        self.lapse().await;
        for (id, (cluster, phase)) in &self.expected {
            assert_ne!(*phase, Stands::Running);
            let key = (&*cluster.project_id, &*cluster.id);
            let by = Canceller::Caller;
            let cancelled = self.store.cancel_workflow(key, id, by, at(self.now)).await;
            let given_up = matches!(cancelled.unwrap(), Cancelled::Done(_));
            assert_eq!(given_up, !phase.is_finished());
        }
    }

    /// Moves the expected phase of the workflow that a task is a point of.
    fn follow(&mut self, task: &Task, event: fn(workflow::Point) -> Event) {
        let Some(id) = &task.workflow_id else { return };
        let (_, phase) = self.expected.get_mut(id).unwrap();
        let event = event(point_of(task.kind).unwrap());
        *phase = workflow::next(*phase, event).expect("it happened");
    }

    /// Reads all anew: ends that came by whatever way move their workflows.
    async fn look(&mut self) {
        let unfinished: Vec<_> = self
            .tasks
            .values()
            .filter(|it| it.state != TaskState::Done)
            .cloned()
            .collect();
        for known in unfinished {
            let (project, cluster) = (&known.project_id, &known.cluster_id);
            let read = self.store.task(project, cluster, known.kind, &known.id);
            let read = read.await.unwrap().expect("no task is lost");
            match read.phase {
                None => (),
                Some(Phase::Success) => self.follow(&read, Event::Succeeded),
                Some(Phase::Failed | Phase::Error) => self.follow(&read, Event::Failed),
            }
            self.tasks.insert(read.id.clone(), read);
        }
        let mut open = BTreeMap::new();
        for (id, (cluster, phase)) in &self.expected {
            let found = self.store.workflow(&cluster.project_id, &cluster.id, id);
            let found = found.await.unwrap().expect("as many are kept");
            assert_eq!(found.phase, *phase, "{found:?}");
            assert_eq!(found.is_under_way(), self.under_way(id));
            if !phase.is_finished() {
                *open.entry(&cluster.id).or_insert(0) += 1;
            }
        }
        assert!(open.values().all(|count| *count == 1));
    }
}

async fn walk(seed: u64) -> (usize, usize, Vec<Stands>) {
    let Fixture {
        directory: _directory,
        options,
        project,
        cluster,
        ..
    } = fixture().await;
    let options = Options {
        kept: 10_000,
        ..options
    };
    let store = Store::open(&options, at(0)).await.unwrap();
    let second = add_cluster(&store, &project.id, "second").await;
    let mut walk = Walk {
        dice: Dice::new(seed),
        store,
        options,
        clusters: vec![cluster, second],
        expected: BTreeMap::new(),
        tasks: BTreeMap::new(),
        leases: Vec::new(),
        now: 0,
        lapsed: 0,
        cancelled: 0,
    };
    for _ in 0..250 {
        walk.step().await;
    }
    let stand = |walk: &Walk| walk.expected.values().map(|it| it.1).collect::<Vec<_>>();
    let mut phases = stand(&walk);
    walk.settle().await;
    phases.extend(stand(&walk));
    (walk.lapsed, walk.cancelled, phases)
}

#[tokio::test]
#[allow(
    clippy::print_stderr,
    reason = "a failed walk can be repeated by its seed"
)]
async fn the_stored_phase_is_what_the_table_makes_of_the_tasks() {
    let (mut lapsed, mut cancelled, mut phases) = (0, 0, Vec::new());
    for seed in 1..=6 {
        eprintln!("seed {seed}");
        let of_walk = Box::pin(walk(seed)).await;
        lapsed += of_walk.0;
        cancelled += of_walk.1;
        phases.extend(of_walk.2);
    }
    assert!(lapsed > 0 && cancelled > 0, "{lapsed} {cancelled}");
    for phase in [Stands::Running, Stands::Success, Stands::Cancel] {
        assert!(phases.contains(&phase), "no walk came to {phase}");
    }
}
