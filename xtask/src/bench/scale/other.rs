//! Another client of the API server, which asks little and feels what everybody else does.

use std::time::Duration;

use airworthy_testbed::Client;
use anyhow::{Context as _, Result};
use tokio::{
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval},
};

/// Twenty requests a second.
const PACE: Duration = Duration::from_millis(50);
/// What it asks for in turn: a small list and one object.
const PATHS: [&str; 2] = [
    "/api/v1/namespaces/team-000/services",
    "/api/v1/namespaces/team-000/configmaps/config-00001",
];

/// A client that asks until it is told to stop.
pub(super) struct Other {
    stop: oneshot::Sender<()>,
    asking: JoinHandle<Result<Vec<f64>>>,
}

impl Other {
    /// Begins to ask.
    pub(super) fn start(client: Client) -> Self {
        let (stop, stopped) = oneshot::channel();
        let asking = tokio::spawn(ask(client, stopped));
        Self { stop, asking }
    }

    /// Milliseconds that each answer took, counted from when its request was due.
    pub(super) async fn stop(self) -> Result<Vec<f64>> {
        // Whoever has failed hears it no more, and tells why.
        let _ = self.stop.send(());
        self.asking.await?
    }
}

async fn ask(client: Client, mut stopped: oneshot::Receiver<()>) -> Result<Vec<f64>> {
    let mut due = interval(PACE);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asked = JoinSet::new();
    let mut number = 0_usize;
    loop {
        tokio::select! {
            at = due.tick() => {
                let path = PATHS[number % PATHS.len()];
                number += 1;
                asked.spawn(one(client.clone(), path, at));
            }
            _ = &mut stopped => break,
        }
    }
    let mut taken = Vec::new();
    while let Some(answer) = asked.join_next().await {
        taken.push(answer?.context("the other client")?);
    }
    Ok(taken)
}

async fn one(client: Client, path: &str, due: Instant) -> Result<f64> {
    client.get_text(path).await?;
    Ok(due.elapsed().as_secs_f64() * 1000.0)
}
