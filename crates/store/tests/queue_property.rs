//! Random walks over the queue beside a model of it: one owner ends a task, no task is lost, no stale fence does
//! anything, progress never goes back, and a failed upgrade is tried again as the same task.

mod common;

use std::{collections::BTreeMap, time::Duration};

use airworthy_store::{
    Cluster, Enqueued, Error, Failure, Lease, Options, Outcome, Parked, Phase, Retried, Store,
    Task, TaskKind, TaskState,
};
use common::{Dice, Fixture, add_cluster, at, fixture, new_task, success};

const SPAN: i64 = 10;
const KINDS: [TaskKind; 3] = [TaskKind::Precheck, TaskKind::Postcheck, TaskKind::Upgrade];
const OWNERS: [&str; 3] = ["a", "b", "c"];

/// What the model knows of a task.
struct Known {
    task: Task,
    run_at: i64,
    created_at: i64,
    fence: i64,
    /// When the lease runs out, while someone holds it.
    until: Option<i64>,
    attempt: u32,
    ends: u32,
    failed: bool,
    result: Option<String>,
    progress: u8,
    scratch: Option<String>,
    tries: u32,
}

impl Known {
    fn held_by(&self, lease: &Lease) -> bool {
        self.ends == 0 && self.until.is_some() && self.fence == lease.fence
    }

    fn due(&self, now: i64) -> bool {
        self.ends == 0 && self.run_at <= now && self.until.is_none_or(|until| until <= now)
    }

    fn exhausted(&self, now: i64) -> bool {
        self.ends == 0
            && self.attempt >= self.task.max_attempts
            && self.until.is_some_and(|until| until <= now)
    }

    fn end(&mut self, failed: bool) {
        self.ends += 1;
        self.until = None;
        self.failed = failed;
        if !failed {
            self.progress = 100;
        }
    }

    /// It failed and is tried again.
    fn again(&mut self, now: i64) {
        self.ends = 0;
        self.attempt = 0;
        self.progress = 0;
        self.scratch = None;
        self.result = None;
        self.run_at = now;
        self.tries += 1;
    }

    fn agrees(&self, task: &Task) {
        assert_eq!(
            (task.progress, &task.scratch, task.tries),
            (self.progress, &self.scratch, self.tries)
        );
    }
}

struct Walk {
    dice: Dice,
    store: Store,
    options: Options,
    clusters: Vec<Cluster>,
    known: BTreeMap<String, Known>,
    /// Every lease that was ever given, stale ones included.
    leases: Vec<Lease>,
    now: i64,
    /// How many upgrades were queued again.
    retried: u32,
}

impl Walk {
    async fn step(&mut self) {
        self.now += i64::try_from(self.dice.below(6)).unwrap();
        match self.dice.below(21) {
            0..=3 => self.enqueue().await,
            4..=7 => self.claim().await,
            8..=9 => self.heartbeat().await,
            10..=12 => self.finish().await,
            13 => self.release().await,
            14 => self.fail().await,
            15..=16 => self.park().await,
            17..=19 => self.retry().await,
            _ => self.reopen().await,
        }
    }

    async fn enqueue(&mut self) {
        let cluster = &self.clusters[self.dice.below(self.clusters.len())];
        let kind = KINDS[self.dice.below(KINDS.len())];
        let unfinished = |it: &&Known| it.ends == 0 && it.task.cluster_id == cluster.id;
        let mut unfinished = self.known.values().filter(unfinished);
        let active = unfinished.clone().find(|it| it.task.kind == kind);
        // An upgrade is alone, everything else may run side by side.
        let alone = |one| one == TaskKind::Upgrade;
        let other =
            unfinished.find(|it| it.task.kind != kind && (alone(kind) || alone(it.task.kind)));
        let new = new_task(cluster, kind);
        match self.store.enqueue(&new, at(self.now)).await.unwrap() {
            Enqueued::AlreadyActive { id, .. } => assert_eq!(id, active.unwrap().task.id),
            Enqueued::InTheWay { .. } => assert!(active.is_none() && other.is_some()),
            refused @ Enqueued::WorkflowFinished => panic!("{refused:?}"),
            Enqueued::New(task) => {
                assert!(active.is_none() && other.is_none());
                let known = Known {
                    task: *task,
                    run_at: self.now,
                    created_at: self.now,
                    fence: 0,
                    until: None,
                    attempt: 0,
                    ends: 0,
                    failed: false,
                    result: None,
                    progress: 0,
                    scratch: None,
                    tries: 1,
                };
                self.known.insert(known.task.id.clone(), known);
            }
        }
    }

    async fn claim(&mut self) {
        let now = self.now;
        let owner = OWNERS[self.dice.below(OWNERS.len())];
        let span = Duration::from_secs(SPAN.unsigned_abs());
        let claimed = self.store.claim(owner, at(now), span).await.unwrap();
        for known in self.known.values_mut().filter(|it| it.exhausted(now)) {
            known.fence += 1;
            known.end(true);
        }
        let expected = self
            .known
            .values_mut()
            .filter(|it| it.due(now))
            .min_by_key(|it| (it.run_at, it.created_at, it.task.id.clone()));
        match (claimed, expected) {
            (None, None) => {}
            (Some(lease), Some(known)) => {
                known.fence += 1;
                known.attempt += 1;
                known.until = Some(now + SPAN);
                assert_eq!(lease.task.id, known.task.id);
                assert_eq!(
                    (lease.fence, lease.task.attempt),
                    (known.fence, known.attempt)
                );
                known.agrees(&lease.task);
                self.leases.push(lease);
            }
            (claimed, expected) => panic!("{claimed:?}, not {:?}", expected.map(|it| &it.task)),
        }
    }

    /// A lease that was once given, whether it still holds, and the clock.
    fn draw(&mut self) -> Option<(Lease, bool)> {
        if self.leases.is_empty() {
            return None;
        }
        let recent = self.leases.len().min(6);
        let index = self.leases.len() - 1 - self.dice.below(recent);
        let lease = self.leases[index].clone();
        let holds = self.known[&lease.task.id].held_by(&lease);
        Some((lease, holds))
    }

    fn model(&mut self, lease: &Lease) -> &mut Known {
        self.known.get_mut(&lease.task.id).unwrap()
    }

    async fn heartbeat(&mut self) {
        let Some((lease, holds)) = self.draw() else {
            return;
        };
        let span = Duration::from_secs(SPAN.unsigned_abs());
        let done = self.store.heartbeat(&lease, at(self.now), span).await;
        if agreed(&done, holds) {
            self.model(&lease).until = Some(self.now + SPAN);
        }
    }

    async fn finish(&mut self) {
        let Some((lease, holds)) = self.draw() else {
            return;
        };
        let result = format!("{}:{}", lease.task.id, lease.fence);
        let failed = self.dice.below(2) == 0;
        let outcome = Outcome {
            phase: if failed {
                Phase::Failed
            } else {
                Phase::Success
            },
            ..success(&result)
        };
        let done = self.store.finish(&lease, outcome, None, at(self.now)).await;
        if agreed(&done, holds) {
            let known = self.model(&lease);
            known.end(failed);
            known.result = Some(result);
        }
    }

    async fn release(&mut self) {
        let Some((lease, holds)) = self.draw() else {
            return;
        };
        let now = self.now;
        let done = self.store.release(&lease, at(now)).await;
        if agreed(&done, holds) {
            let known = self.model(&lease);
            known.until = None;
            known.attempt -= 1;
            known.run_at = now;
        }
    }

    async fn fail(&mut self) {
        let Some((lease, holds)) = self.draw() else {
            return;
        };
        let now = self.now;
        let delay = Duration::from_secs(3);
        let done = self.store.fail(&lease, "failed", at(now), delay).await;
        if agreed(&done, holds) {
            let known = self.model(&lease);
            if known.attempt >= known.task.max_attempts {
                assert_eq!(done.unwrap(), Failure::Ended);
                known.end(true);
            } else {
                assert_eq!(done.unwrap(), Failure::RetryAt(at(now + 3)));
                known.until = None;
                known.run_at = now + 3;
            }
        }
    }

    async fn park(&mut self) {
        let Some((lease, holds)) = self.draw() else {
            return;
        };
        let (now, wait) = (self.now, i64::try_from(self.dice.below(9)).unwrap());
        let progress = u8::try_from(self.dice.below(101)).unwrap();
        let parked = Parked {
            progress,
            scratch: Some(format!("note of {}", lease.fence)),
            message: None,
            again_at: at(now + wait),
        };
        let done = self.store.park(&lease, parked, None, at(now)).await;
        if agreed(&done, holds) {
            let known = self.model(&lease);
            known.until = None;
            known.attempt = 0;
            known.run_at = now + wait;
            known.progress = known.progress.max(progress);
            known.scratch = Some(format!("note of {}", lease.fence));
        }
    }

    async fn retry(&mut self) {
        let (cluster, now) = (
            &self.clusters[self.dice.below(self.clusters.len())],
            self.now,
        );
        let project = &cluster.project_id;
        let answer = self
            .store
            .retry_upgrade(project, &cluster.id, at(now))
            .await;
        let of_cluster = self
            .known
            .values()
            .filter(|it| it.task.cluster_id == cluster.id);
        let busy = of_cluster
            .clone()
            .any(|it| it.ends == 0 && it.task.kind != TaskKind::Upgrade);
        let upgrades = of_cluster.filter(|it| it.task.kind == TaskKind::Upgrade);
        let newest = upgrades.max_by_key(|it| (it.created_at, it.task.id.clone()));
        let newest = newest.map(|it| (it.task.id.clone(), it.ends > 0 && it.failed));
        match (answer.unwrap(), newest) {
            (Retried::Absent, None) => {}
            (Retried::NotFailed(task), Some((id, false))) => assert_eq!(task.id, id),
            (Retried::InTheWay(_), Some((_, true))) => assert!(busy),
            (Retried::Queued(task), Some((id, true))) => {
                assert!(!busy && task.id == id);
                let known = self.known.get_mut(&id).unwrap();
                known.again(now);
                self.retried += 1;
                known.agrees(&task);
                assert_eq!((task.state, task.phase), (TaskState::Queuing, None));
                assert_eq!(task.created_at, known.task.created_at);
            }
            other => panic!("{other:?}"),
        }
    }

    /// The process ends without a word and another one begins.
    async fn reopen(&mut self) {
        self.store = Store::open(&self.options, at(self.now)).await.unwrap();
    }

    /// Works off what is left, then looks whether every accepted task has ended once, and as the model says.
    async fn settle(&mut self) {
        while self.known.values().any(|it| it.ends == 0) {
            self.now += SPAN;
            let before = self.leases.len();
            self.claim().await;
            for lease in self.leases.split_off(before) {
                self.store
                    .finish(&lease, success("last"), None, at(self.now))
                    .await
                    .unwrap();
                let known = self.model(&lease);
                known.end(false);
                known.result = Some("last".into());
            }
        }
        for known in self.known.values() {
            let task = &known.task;
            let read = self
                .store
                .task(&task.project_id, &task.cluster_id, task.kind, &task.id)
                .await
                .unwrap()
                .expect("no task is lost");
            assert_eq!((read.state, known.ends), (TaskState::Done, 1));
            let result = read.result.clone().map(|it| String::from_utf8(it).unwrap());
            assert_eq!(result, known.result);
            assert_eq!(read.phase == Some(Phase::Error), known.result.is_none());
            assert_eq!(read.phase != Some(Phase::Success), known.failed);
            known.agrees(&read);
        }
    }
}

/// Whether the store did it, which it must exactly when the lease holds.
fn agreed<T: std::fmt::Debug>(done: &Result<T, Error>, holds: bool) -> bool {
    match done {
        Ok(_) => assert!(holds, "a stale lease did something"),
        Err(Error::LeaseLost { .. }) => assert!(!holds, "a lease that holds was refused"),
        Err(other) => panic!("{other}"),
    }
    holds
}

async fn walk(seed: u64) -> u32 {
    let Fixture {
        directory: _directory,
        options,
        store,
        project,
        cluster,
    } = fixture().await;
    let second = add_cluster(&store, &project.id, "second").await;
    let mut walk = Walk {
        dice: Dice::new(seed),
        store,
        options,
        clusters: vec![cluster, second],
        known: BTreeMap::new(),
        leases: Vec::new(),
        now: 0,
        retried: 0,
    };
    for _ in 0..450 {
        walk.step().await;
    }
    walk.settle().await;
    assert!(walk.known.len() > 10, "the walk got somewhere");
    walk.retried
}

#[tokio::test]
#[allow(
    clippy::print_stderr,
    reason = "a failed walk can be repeated by its seed"
)]
async fn the_queue_does_what_its_model_does() {
    let mut retried = 0;
    for seed in 1..=12 {
        eprintln!("seed {seed}");
        retried += Box::pin(walk(seed)).await;
    }
    assert!(retried > 10, "upgrades were tried again {retried} times");
}
