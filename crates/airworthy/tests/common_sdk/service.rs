//! `airworthy serve` as a child process, with what an operator tells it first.

use std::{
    fs,
    path::{Path, PathBuf},
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

use super::{Ended, Run, say};

const AIRWORTHY: &str = env!("CARGO_BIN_EXE_airworthy");
const START_DEADLINE: Duration = Duration::from_secs(30);
const END_DEADLINE: Duration = Duration::from_secs(30);

/// The folder of one service: its configuration, its database, and what an operator does with them.
#[derive(Debug)]
pub(crate) struct House {
    folder: TempDir,
}

/// A service on a database of its own. Dropped before [`Service::end`] it is killed, and its log is told.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) endpoint: String,
    pub(crate) house: House,
    log: Arc<Mutex<Vec<String>>>,
    child: Child,
}

/// An access key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) ak: String,
    pub(crate) sk: String,
}

impl House {
    /// With this configuration file. Clusters of tests settle at once.
    pub(crate) fn new(configuration: &str) -> Result<Self> {
        let configuration = format!("settle-at = \"0,0\"\n{configuration}");
        let folder = tempfile::tempdir()?;
        let own = folder.path().join("airworthy");
        fs::create_dir(&own)?;
        fs::write(own.join("config.toml"), configuration)?;
        Ok(Self { folder })
    }

    /// The file of the database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("airworthy.db")
    }

    /// Runs a command of the operator's.
    pub(crate) async fn tell(&self, words: &[&str]) -> Result<Ended> {
        self.command(words).succeed().await
    }

    /// A command of the operator's, to be run.
    pub(crate) fn command(&self, words: &[&str]) -> Run {
        self.apart(Run::new(AIRWORTHY)).args(words)
    }

    pub(crate) async fn add_project(&self, id: &str, name: &str) -> Result<()> {
        let add = ["project", "add", "--id", id, "--name", name];
        self.tell(&add).await.map(drop)
    }

    pub(crate) async fn add_cluster(
        &self,
        project: &str,
        (id, name): (&str, &str),
        kubeconfig: &Path,
    ) -> Result<()> {
        let kubeconfig = kubeconfig.to_str().context("a path that is no text")?;
        let to = ["--project", project, "--kubeconfig", kubeconfig];
        let own = ["--id", id, "--name", name];
        let add = [&["cluster", "add"], &to[..], &own[..]].concat();
        self.tell(&add).await.map(drop)
    }

    /// A new access key of the project; `words` go along.
    pub(crate) async fn create_key(&self, project: &str, words: &[&str]) -> Result<Key> {
        let create = [&["key", "create", "--project", project], words].concat();
        let told = self.tell(&create).await?;
        Ok(Key {
            ak: line_after(&told.stdout, "CLOUD_SDK_AK=")?,
            sk: line_after(&told.stdout, "CLOUD_SDK_SK=")?,
        })
    }

    /// Starts the service.
    pub(crate) async fn serve(self) -> Result<Service> {
        let mut child = self.start()?;
        let stderr = child.stderr.take().context("no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let endpoint = tokio::time::timeout(START_DEADLINE, endpoint(&mut lines)).await;
        let endpoint = endpoint.context("the service does not say where it listens")??;
        say(&format!("airworthy serve listens on {endpoint}"));
        Ok(Service {
            endpoint,
            house: self,
            log: keep(lines),
            child,
        })
    }

    /// The kernel ends it with this process too, however that ends.
    fn start(&self) -> Result<Child> {
        let run = Run::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", AIRWORTHY])
            .args(["serve", "--listen", "127.0.0.1:0"]);
        let mut command = self.apart(run).command();
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().context("cannot start airworthy serve")
    }

    /// What the user of this machine has configured is no part of the test.
    fn apart(&self, run: Run) -> Run {
        run.env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path())
            .env("AIRWORTHY_DATABASE", self.database())
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
