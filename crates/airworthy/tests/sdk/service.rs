//! `airworthy serve` as a child process, with what an operator tells it first.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr},
};

use crate::run::{Ended, Run, say};

const AIRWORTHY: &str = env!("CARGO_BIN_EXE_airworthy");
const START_DEADLINE: Duration = Duration::from_secs(30);
const END_DEADLINE: Duration = Duration::from_secs(30);

/// A service on a database of its own. Dropped before [`Service::end`] it is killed, and its log is told.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) endpoint: String,
    pub(crate) key: Key,
    log: Arc<Mutex<Vec<String>>>,
    child: Child,
    _folder: TempDir,
}

/// An access key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) ak: String,
    pub(crate) sk: String,
}

impl Service {
    /// Adds the project and its clusters, which all are the one of the kubeconfig, and starts.
    pub(crate) async fn start(
        project: (&str, &str),
        clusters: &[(&str, &str)],
        kubeconfig: &Path,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (id, name) = project;
        tell(&folder, &["project", "add", "--id", id, "--name", name]).await?;
        let kubeconfig = kubeconfig.to_str().context("a path that is no text")?;
        for (cluster, name) in clusters {
            let add = [
                "cluster",
                "add",
                "--project",
                id,
                "--kubeconfig",
                kubeconfig,
            ];
            let own = ["--id", cluster, "--name", name];
            tell(&folder, &[&add[..], &own[..]].concat()).await?;
        }
        let key = tell(&folder, &["key", "create", "--project", id]).await?;
        let key = Key {
            ak: line_after(&key.stdout, "CLOUD_SDK_AK=")?,
            sk: line_after(&key.stdout, "CLOUD_SDK_SK=")?,
        };
        let mut child = serve(&folder)?;
        let stderr = child.stderr.take().context("no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let endpoint = tokio::time::timeout(START_DEADLINE, endpoint(&mut lines)).await;
        let endpoint = endpoint.context("the service does not say where it listens")??;
        say(&format!("airworthy serve listens on {endpoint}"));
        Ok(Self {
            endpoint,
            key,
            log: keep(lines),
            child,
            _folder: folder,
        })
    }
}

impl Service {
    /// Ends it as an operator does, and demands that it ends well.
    pub(crate) async fn end(mut self) -> Result<()> {
        let id = self.child.id().context("the service has ended before")?;
        Run::new("kill").arg(id.to_string()).succeed().await?;
        let status = tokio::time::timeout(END_DEADLINE, self.child.wait()).await;
        let status = status.context("the service does not end")??;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // One that ended well has none.
        if self.child.id().is_some() {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            say(&format!("the service said\n{}", log.join("\n")));
        }
    }
}

/// What the user of this machine has configured is no part of the test.
fn apart(run: Run, folder: &TempDir) -> Run {
    run.env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path())
        .env("AIRWORTHY_DATABASE", folder.path().join("airworthy.db"))
}

async fn tell(folder: &TempDir, words: &[&str]) -> Result<Ended> {
    apart(Run::new(AIRWORTHY), folder)
        .args(words)
        .succeed()
        .await
}

/// The kernel ends it with this process too, however that ends.
fn serve(folder: &TempDir) -> Result<Child> {
    let run = Run::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", AIRWORTHY])
        .args(["serve", "--listen", "127.0.0.1:0"]);
    let mut command = apart(run, folder).command();
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().context("cannot start airworthy serve")
}

async fn endpoint(lines: &mut Lines<BufReader<ChildStderr>>) -> Result<String> {
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, rest)) = line.split_once("airworthy listens on ") {
            let address = rest.split(' ').next().unwrap_or_default();
            return Ok(address.to_owned());
        }
        said.push(line);
    }
    bail!("the service ended at once:\n{}", said.join("\n"))
}

/// Reads on, so that the service never waits for its reader.
fn keep(mut lines: Lines<BufReader<ChildStderr>>) -> Arc<Mutex<Vec<String>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&log);
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    });
    log
}

fn line_after(text: &str, start: &str) -> Result<String> {
    let found = text.lines().find_map(|line| line.strip_prefix(start));
    Ok(found
        .with_context(|| format!("no {start} in {text}"))?
        .to_owned())
}
