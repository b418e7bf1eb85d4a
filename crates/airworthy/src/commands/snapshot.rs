//! `airworthy snapshot`: what the service took, for its operator.

use std::path::Path;

use airworthy_collect::recording;
use airworthy_store::{Brief, Store, TaskKind};
use anyhow::{Context as _, Result, bail};

use super::{find, serve::open};
use crate::{cli::Snapshot, config::Config, console};

pub(crate) async fn run(command: Snapshot, mut config: Config) -> Result<u8> {
    match command {
        Snapshot::List { cluster, store } => {
            list(&open(&store, &mut config).await?, &cluster).await
        }
        Snapshot::Export {
            task,
            output,
            store,
        } => export(&open(&store, &mut config).await?, &task, &output).await,
    }
}

async fn list(store: &Store, cluster: &str) -> Result<u8> {
    let project = find::project_of(store, cluster).await?;
    let snapshots = store.briefs(&project, cluster, TaskKind::Snapshot).await?;
    store.close().await?;
    let heading = format!("{:36}  {:8}  {:20}  MESSAGE", "SNAPSHOT", "STATE", "TAKEN");
    let lines = snapshots.iter().map(line);
    let lines: Vec<_> = std::iter::once(heading).chain(lines).collect();
    console::print(&lines.join("\n"))
}

fn line(snapshot: &Brief) -> String {
    let state = snapshot
        .phase
        .map_or(snapshot.state.as_str(), |it| it.as_str());
    let (id, taken) = (&snapshot.id, snapshot.created_at);
    let message = snapshot.message.as_deref().unwrap_or_default();
    let line = format!("{id:36}  {state:8}  {taken:20.0}  {message}");
    line.trim_end().to_owned()
}

async fn export(store: &Store, task: &str, output: &Path) -> Result<u8> {
    let kept = store.snapshot_recording(task).await?;
    store.close().await?;
    let Some(bytes) = kept else {
        bail!(
            "there is no snapshot {task:?} with a recording (airworthy snapshot list --cluster ID shows them)"
        );
    };
    let facts = recording::read(bytes.as_slice())
        .with_context(|| format!("the recording of snapshot {task} is damaged"))?;
    recording::write_file(output, &facts)?;
    console::print(&format!("snapshot {task} written to {}", output.display()))
}
