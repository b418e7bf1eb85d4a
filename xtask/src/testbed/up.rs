//! A cluster to try things on, kept by one terminal and stopped from any.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use airworthy_testbed::{Cluster, ClusterOptions, cache_folder};
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use super::say;

/// Who runs the cluster; locked as long as it runs.
fn state_file() -> Result<PathBuf> {
    let folder = cache_folder()?;
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    Ok(folder.join("up.pid"))
}

fn open() -> Result<(File, PathBuf)> {
    let path = state_file()?;
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    Ok((file, path))
}

/// Starts a cluster and keeps it until Ctrl-C or `down`.
pub(super) async fn up(minor: &str, nodes: usize) -> Result<()> {
    let (state, path) = open()?;
    match state.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!("a cluster is up already; `down` stops it"),
        Err(TryLockError::Error(error)) => return Err(error).context("lock the state file"),
    }
    std::fs::write(&path, std::process::id().to_string()).context("write the state file")?;
    let mut ended = signal(SignalKind::terminate())?;
    let start = Cluster::start(ClusterOptions::new(minor).nodes(nodes));
    let cluster = tokio::select! {
        cluster = start => cluster?,
        _ = tokio::signal::ctrl_c() => return Ok(()),
        _ = ended.recv() => return Ok(()),
    };
    say(&format!(
        "Kubernetes {} with {nodes} nodes at {}",
        cluster.version(),
        cluster.url()
    ));
    say(&format!(
        "export KUBECONFIG={}",
        cluster.kubeconfig().display()
    ));
    say("Ctrl-C or `cargo xtask testbed down` stops it.");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = ended.recv() => {}
    }
    Ok(())
}

/// Stops the cluster of `up`, and returns when it has ended.
pub(super) fn down() -> Result<()> {
    let (state, path) = open()?;
    match state.try_lock() {
        Ok(()) => {
            say("no cluster is up");
            return Ok(());
        }
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error).context("lock the state file"),
    }
    let text = std::fs::read_to_string(&path).context("read the state file")?;
    let pid = text.trim().parse().ok().and_then(Pid::from_raw);
    let pid = pid.with_context(|| format!("{} holds no process id", path.display()))?;
    kill_process(pid, Signal::TERM).context("stop the cluster")?;
    state.lock().context("wait for its end")?;
    say("stopped");
    Ok(())
}
