//! A service with a database, a key and clusters of its own, and its process.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use airworthy_model::{Facts, Role};
use airworthy_store::{Access, NewCluster, NewKey, Observed, Options, SealingKey, Store};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::client::Client;
use crate::common_cli::{PATIENCE, Recordings};

pub(crate) const PROJECT: &str = "0605767a768010f92f1fc00e2b7c4f31";

/// Everything on disk that a service needs.
pub(crate) struct House {
    folder: Recordings,
    pub(crate) database: PathBuf,
    pub(crate) key: NewKey,
    settings: PathBuf,
    home: TempDir,
}

impl House {
    /// One with these settings, whose clusters settle at once.
    pub(crate) async fn new(settings: &str) -> Self {
        Self::settling("0,0", settings).await
    }

    /// One with these settings, whose clusters are looked at at these times when they settle.
    pub(crate) async fn settling(at: &str, settings: &str) -> Self {
        let settings = format!("settle-at = \"{at}\"\n{settings}");
        let folder = Recordings::new();
        let database = folder.path().join("airworthy.db");
        let store = open(&database).await;
        let now = Timestamp::now();
        let added = store.add_project("local-1", Some(PROJECT), now).await;
        added.expect("a project");
        let key = store
            .create_key(PROJECT, Role::Operator, "test", now)
            .await
            .expect("a key");
        store.close().await.expect("it closes");
        Self {
            settings: folder.bytes("settings.toml", settings.as_bytes()),
            folder,
            database,
            key,
            home: tempfile::tempdir().expect("a home"),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database, opened by us.
    pub(crate) async fn store(&self) -> Store {
        open(&self.database).await
    }

    /// Registers a cluster that was reached once, long ago, and gives its id.
    pub(crate) async fn cluster(&self, name: &str, access: Access) -> String {
        let store = self.store().await;
        let new = NewCluster {
            id: None,
            name: name.into(),
            alias: None,
            access,
        };
        let cluster = store.add_cluster(PROJECT, new, Timestamp::now()).await;
        let id = cluster.expect("a cluster").id;
        let seen = Observed {
            version: Some("v1.31.14".into()),
            ..Observed::default()
        };
        let long_ago = Timestamp::UNIX_EPOCH;
        let kept = store.update_observed(PROJECT, &id, &seen, long_ago).await;
        assert!(kept.expect("a version"));
        store.close().await.expect("it closes");
        id
    }

    /// Registers a recording as a cluster.
    pub(crate) async fn recorded(&self, name: &str, facts: &Facts) -> String {
        let path = self.folder.of(&format!("{name}.tar"), facts);
        let path = path.to_str().expect("a path of ours").to_owned();
        self.cluster(name, Access::Recording { path }).await
    }

    /// Registers a kubeconfig as a cluster.
    pub(crate) async fn reached(&self, name: &str, path: String) -> String {
        let context = None;
        self.cluster(name, Access::Kubeconfig { path, context })
            .await
    }

    /// The service's arguments, on a free port.
    pub(crate) fn args(&self) -> Vec<OsString> {
        self.args_with(&self.database)
    }

    /// Its arguments with another database.
    pub(crate) fn args_with(&self, database: &Path) -> Vec<OsString> {
        let words = ["serve", "--listen", "127.0.0.1:0", "--database"].map(OsString::from);
        let paths = [
            database.into(),
            "--config".into(),
            self.settings.clone().into(),
        ];
        words.into_iter().chain(paths).collect()
    }

    /// Starts the service.
    pub(crate) async fn start(&self) -> Running {
        self.start_logging("info").await
    }

    /// Starts the service with a filter for what it logs.
    pub(crate) async fn start_logging(&self, filter: &str) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_airworthy"));
        command.args(self.args());
        self.start_as(command, filter).await
    }

    /// Starts the service by this command.
    pub(crate) async fn start_as(&self, mut command: Command, filter: &str) -> Running {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("RUST_LOG", filter)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Running::start(command, self.key.clone()).await
    }
}

async fn open(database: &Path) -> Store {
    let mut key = database.as_os_str().to_owned();
    key.push(".key");
    let key = SealingKey::load_or_create(Path::new(&key)).expect("a sealing key");
    let options = Options::new(database, key);
    Store::open(&options, Timestamp::now())
        .await
        .expect("a database")
}

/// A service that runs; it is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) client: Client,
    /// What it has logged so far, and whether that is all.
    log: watch::Receiver<(Vec<String>, bool)>,
}

impl Running {
    async fn start(mut command: Command, key: NewKey) -> Self {
        let mut child = command.spawn().expect("it starts");
        let stderr = child.stderr.take().expect("a pipe");
        let (told, mut log) = watch::channel((Vec::new(), false));
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                told.send_modify(|(lines, _)| lines.push(line));
            }
            told.send_modify(|(_, ended)| *ended = true);
        });
        let ready = log
            .wait_for(|(lines, ended)| *ended || lines.iter().any(|line| address(line).is_some()));
        let ready = timeout(PATIENCE, ready).await.expect("it is ready in time");
        let lines = ready.expect("a log").0.clone();
        let address = lines.iter().find_map(|line| address(line));
        let address = address.unwrap_or_else(|| panic!("it did not start: {lines:#?}"));
        let client = Client {
            address,
            access_key: key.ak,
            secret: key.sk.expose().to_owned(),
        };
        Self { child, client, log }
    }

    pub(crate) fn pid(&self) -> Pid {
        let id = self.child.id().expect("it runs");
        Pid::from_raw(i32::try_from(id).expect("a small number")).expect("not 0")
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.borrow().0.clone()
    }

    /// Waits until it has logged so many lines.
    pub(crate) async fn until_logged(&self, count: usize) {
        let mut log = self.log.clone();
        let enough = log.wait_for(|(lines, ended)| *ended || lines.len() >= count);
        drop(timeout(PATIENCE, enough).await.expect("it logs in time"));
    }

    /// Waits until a line of its log has this text.
    pub(crate) async fn until_told(&self, text: &str) {
        let mut log = self.log.clone();
        let told = log.wait_for(|(lines, _)| lines.iter().any(|line| line.contains(text)));
        let told = timeout(PATIENCE, told).await.map(drop);
        told.unwrap_or_else(|_| panic!("no {text:?} in {:#?}", self.log()));
    }

    /// Kills it as the kernel does when memory runs out.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn stop(
        mut self,
        signal: Signal,
        patience: std::time::Duration,
    ) -> ExitStatus {
        kill_process(self.pid(), signal).expect("it can be told");
        let ended = timeout(patience, self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it does not end: {:#?}", self.log()));
        ended.expect("it can be waited for")
    }
}

fn address(line: &str) -> Option<SocketAddr> {
    let rest = line.strip_prefix("airworthy listens on http://")?;
    rest.split(' ').next()?.parse().ok()
}

/// The path of an operation of a cluster.
pub(crate) fn operation(cluster: &str, rest: &str) -> String {
    format!("/autopilot/v3/projects/{PROJECT}/clusters/{cluster}/operation/{rest}")
}

/// The body of a pre-check.
pub(crate) fn precheck() -> Value {
    json!({ "apiVersion": "v3", "kind": "PreCheckTask", "spec": { "targetVersion": "v1.32" } })
}

/// The body of a post-check.
pub(crate) fn postcheck(cluster: &str) -> Value {
    json!({ "apiVersion": "v3", "kind": "PostCheckTask", "spec": { "clusterID": cluster } })
}

/// The id of a task in an answer.
#[track_caller]
pub(crate) fn uid(answer: &Value) -> String {
    let uid = answer["metadata"]["uid"].as_str();
    uid.unwrap_or_else(|| panic!("no uid in {answer}"))
        .to_owned()
}

impl Client {
    /// Accepts a pre-check, and gives its id.
    pub(crate) async fn precheck(&self, cluster: &str) -> String {
        let answer = self
            .post(&operation(cluster, "precheck"), &precheck())
            .await;
        uid(&answer.ok())
    }

    /// All pre-checks of a cluster.
    pub(crate) async fn tasks(&self, cluster: &str) -> Vec<Value> {
        let answer = self.get(&operation(cluster, "precheck/tasks")).await.ok();
        answer["items"].as_array().expect("items").clone()
    }

    pub(crate) async fn phase(&self, cluster: &str, task: &str) -> String {
        let shown = self
            .get(&operation(cluster, &format!("precheck/tasks/{task}")))
            .await;
        let shown = shown.ok();
        shown["status"]["phase"]
            .as_str()
            .expect("a phase")
            .to_owned()
    }

    /// Waits until a worker has a pre-check.
    pub(crate) async fn until_running(&self, cluster: &str, task: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.phase(cluster, task).await.as_str() {
                "Init" => sleep(POLL).await,
                phase => return assert_eq!(phase, "Running"),
            }
            assert!(Instant::now() < deadline, "no worker takes it");
        }
    }

    /// Waits until no pre-check of a cluster is unfinished, and gives them all.
    pub(crate) async fn until_done(&self, cluster: &str) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let tasks = self.tasks(cluster).await;
            let phase = |task: &Value| task["status"]["phase"].clone();
            if !tasks
                .iter()
                .any(|task| phase(task) == "Init" || phase(task) == "Running")
            {
                return tasks;
            }
            assert!(Instant::now() < deadline, "unfinished: {tasks:#?}");
            sleep(POLL).await;
        }
    }
}

/// How often a condition is looked at that nobody tells of.
pub(crate) const POLL: std::time::Duration = std::time::Duration::from_millis(50);
