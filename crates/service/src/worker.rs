//! Working the queue off. A worker holds a fenced lease on its task, renews it while it works, and hands it over when it is
//! told to stop; a worker that dies loses its lease, and another takes the task up.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use airworthy_store::{Error as StoreError, Lease, Outcome};
use futures::FutureExt as _;
use jiff::Timestamp;
use tokio::{sync::watch, task::JoinSet};
use uuid::Uuid;

use crate::{Error, Service, judge::Worked};

/// The workers of one process.
#[derive(Debug)]
pub struct Workers {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl Workers {
    /// Starts as many workers as the settings say, and what looks at the clock.
    pub fn start(service: &Service) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut running = JoinSet::new();
        let process: Arc<str> = Uuid::new_v4().to_string().into();
        for number in 0..service.settings.workers {
            let worker = Worker {
                service: service.clone(),
                owner: format!("{process}/{number}"),
                stopped: stopped.clone(),
            };
            running.spawn(worker.run());
        }
        running.spawn(service.clone().keep_settling(stopped.clone()));
        running.spawn(service.clone().keep_time(stopped));
        Self { stop, running }
    }

    /// Tells all workers to hand over what they hold, and waits until they have.
    pub async fn stop(mut self) {
        // Workers hold receivers until they end, so this reaches all that still run.
        let _ = self.stop.send(true);
        while self.running.join_next().await.is_some() {}
    }
}

/// What is done for one of many. A panic is its own failure, and ends nothing of the others.
pub(crate) async fn apart<T>(doing: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let done = AssertUnwindSafe(doing).catch_unwind().await;
    done.unwrap_or(Err(Error::Panicked))
}

struct Worker {
    service: Service,
    owner: String,
    stopped: watch::Receiver<bool>,
}

impl Worker {
    async fn run(mut self) {
        let mut changes = self.service.store.changes();
        while !*self.stopped.borrow() {
            // Seen before looking: a task that comes in after the look wakes us at once.
            changes.borrow_and_update();
            match self
                .service
                .store
                .claim(&self.owner, Timestamp::now(), self.service.settings.lease)
                .await
            {
                Ok(Some(lease)) => self.work(lease).await,
                Ok(None) => self.idle(&mut changes).await,
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be read; trying again");
                    self.pause(Duration::from_secs(2)).await;
                }
            }
        }
    }

    /// Waits for a change, or for the moment at which a task falls due (its lease ran out, its retry time came).
    async fn idle(&mut self, changes: &mut watch::Receiver<u64>) {
        const MOST: Duration = Duration::from_secs(5);
        let due = self.service.store.next_due().await.ok().flatten();
        let wait = due.map_or(MOST, |due| {
            Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or_default()
        });
        tokio::select! {
            _ = changes.changed() => (),
            _ = self.stopped.changed() => (),
            () = tokio::time::sleep(wait.clamp(Duration::from_millis(20), MOST)) => (),
        }
    }

    async fn pause(&mut self, span: Duration) {
        tokio::select! {
            _ = self.stopped.changed() => (),
            () = tokio::time::sleep(span) => (),
        }
    }

    async fn work(&mut self, lease: Lease) {
        let span = tracing::info_span!("task", id = %lease.task.id, kind = lease.task.kind.as_str(), attempt = lease.task.attempt, tries = lease.task.tries);
        // An upgrade has a step every few seconds, for hours.
        if lease.task.scratch.is_none() {
            tracing::info!(parent: &span, "begun");
        } else {
            tracing::debug!(parent: &span, "taken up again");
        }
        let ended = {
            let service = self.service.clone();
            let mut judging = Box::pin(apart(service.work(&lease.task)));
            loop {
                tokio::select! {
                    judged = &mut judging => break Some(judged),
                    _ = self.stopped.changed() => break None,
                    () = tokio::time::sleep(self.service.settings.lease / 3) => {
                        if self.lost(&lease).await {
                            tracing::warn!(parent: &span, "the lease was lost; another worker has the task");
                            return;
                        }
                    }
                }
            }
        };
        if let Err(error) = self.end(&lease, ended).await {
            tracing::error!(parent: &span, %error, "how the task ended could not be stored; it will be taken up again");
        }
    }

    /// Whether somebody else has the task by now. A store that cannot be reached loses nothing yet.
    async fn lost(&self, lease: &Lease) -> bool {
        let beat = self
            .service
            .store
            .heartbeat(lease, Timestamp::now(), self.service.settings.lease)
            .await;
        matches!(beat, Err(StoreError::LeaseLost { .. }))
    }

    async fn end(
        &self,
        lease: &Lease,
        ended: Option<Result<Worked, Error>>,
    ) -> Result<(), StoreError> {
        let (store, now) = (&self.service.store, Timestamp::now());
        match ended {
            None => store.release(lease, now).await,
            Some(Ok(Worked::Parked(parked, baseline))) => {
                store.park(lease, parked, baseline, now).await
            }
            Some(Ok(Worked::Ended(judged))) => {
                let (phase, told) = (judged.outcome.phase, judged.outcome.message.clone());
                let counts_until = |span| now.checked_add(span).ok();
                let outcome = Outcome {
                    expires_at: judged.counts_for.and_then(counts_until),
                    ..judged.outcome
                };
                store.finish(lease, outcome, judged.baseline, now).await?;
                let message = told.as_deref().unwrap_or_default();
                tracing::info!(task = %lease.task.id, kind = lease.task.kind.as_str(), ?phase, message, "ended");
                self.service.make_ready(&lease.task).await;
                Ok(())
            }
            Some(Err(error)) => {
                tracing::error!(%error, "the attempt failed");
                let delay = airworthy_store::backoff(lease.task.attempt, 0.5);
                store
                    .fail(lease, &error.to_string(), now, delay)
                    .await
                    .map(|_| ())
            }
        }
    }
}
