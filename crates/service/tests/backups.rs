//! Snapshots with an operator's backup program: a real child process under its supervisor, and a recording after it.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use airworthy_drivers::{Program, program::supervise};
use airworthy_service::{ClusterSettings, PartPhase, Service, Settings, SnapshotPart, Workers};
use airworthy_store::{
    Access, Brief, Cluster, NewCluster, Observed, Options, Phase, SealingKey, Store,
};
use jiff::Timestamp;
use tempfile::TempDir;

/// Makes this binary be a supervisor.
const AS_SUPERVISOR: &str = "a_supervisor";

/// A recording of a real API server.
const RECORDING: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../airworthy/demo/recording.tar"
);

/// No test: what the others start as their supervisor. Without a folder it does nothing.
#[test]
fn a_supervisor() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == AS_SUPERVISOR)
        && let Some(folder) = std::env::args_os().next_back()
        && Path::new(&folder).is_dir()
    {
        supervise(Path::new(&folder)).unwrap();
    }
}

struct House {
    service: Service,
    cluster: Cluster,
    folder: TempDir,
}

impl House {
    /// A service whose cluster `prod` is backed up by a script, and read from a file.
    async fn new(script: &str, recording: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), script);
        let options = Options::new(folder.path().join("a.db"), SealingKey::from([7; 32]));
        let now = Timestamp::now();
        let store = Store::open(&options, now).await.unwrap();
        let project = store.add_project("shop", None, now).await.unwrap();
        let new = NewCluster {
            id: None,
            name: "prod".into(),
            alias: None,
            access: Access::Recording {
                path: recording.into(),
            },
        };
        let cluster = store.add_cluster(&project.id, new, now).await.unwrap();
        let seen = Observed {
            version: Some("v1.31.14".into()),
            ..Observed::default()
        };
        let kept = store.update_observed(&project.id, &cluster.id, &seen, now);
        assert!(kept.await.unwrap());
        Self {
            service: Service::new(store, settings),
            cluster,
            folder,
        }
    }

    /// Takes a snapshot to its end.
    async fn taken(&self) -> (Brief, Vec<SnapshotPart>) {
        let (project, cluster) = (&self.cluster.project_id, &self.cluster.id);
        let task = self
            .service
            .create_snapshot(project, cluster)
            .await
            .unwrap();
        let workers = Workers::start(&self.service);
        let ended = self
            .service
            .store()
            .finished(&task.id, Duration::from_secs(1));
        let ended = tokio::time::timeout(Duration::from_mins(1), ended).await;
        ended.unwrap().unwrap().unwrap();
        workers.stop().await;
        self.newest().await
    }

    async fn newest(&self) -> (Brief, Vec<SnapshotPart>) {
        let (project, cluster) = (&self.cluster.project_id, &self.cluster.id);
        let snapshots = self.service.snapshots(project, cluster).await.unwrap();
        let newest = snapshots.all[0].clone();
        let good = newest.0.phase == Some(Phase::Success);
        assert_eq!(snapshots.latest.is_some(), good);
        newest
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

fn settings(folder: &Path, script: &str) -> Settings {
    let file = folder.join("backup");
    let out = folder.display();
    fs::write(&file, format!("#!/bin/sh\nout={out}\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    let this = std::env::current_exe().unwrap().into_os_string();
    let words = [AS_SUPERVISOR, "--exact", "--nocapture", "--"].map(OsString::from);
    Settings {
        clusters: vec![ClusterSettings {
            backup: Some(program(file)),
            ..ClusterSettings::of("shop", "prod")
        }],
        upgrades: folder.join("runs"),
        supervisor: [this].into_iter().chain(words).collect(),
        ..Settings::default()
    }
}

fn program(file: PathBuf) -> Program {
    Program {
        file,
        arguments: vec!["--to".into(), "a bucket; $HOME".into()],
        environment: Vec::new(),
        deadline: Duration::from_mins(1),
    }
}

fn phases(parts: &[SnapshotPart]) -> Vec<PartPhase> {
    parts.iter().map(|part| part.phase).collect()
}

#[tokio::test]
async fn a_backup_is_taken_once_and_told_what_of() {
    let script = "env | grep ^AIRWORTHY_ | sort > $out/variables; echo \"$1|$2\" >> $out/arguments";
    let house = House::new(script, RECORDING).await;
    let (snapshot, parts) = house.taken().await;
    assert_eq!(snapshot.phase, Some(Phase::Success), "{snapshot:?}");
    assert_eq!(phases(&parts), [PartPhase::Success, PartPhase::Success]);
    assert_ne!(parts[0].id, parts[1].id);
    assert!(snapshot.has_result && snapshot.message.is_none());
    assert_eq!(house.read("arguments"), "--to|a bucket; $HOME\n");
    let variables = house.read("variables");
    let (id, cluster) = (&snapshot.id, &house.cluster);
    let progress = house.folder.path().join("runs").join(id).join("1/progress");
    let expected = format!(
        "AIRWORTHY_CLUSTER_ID={}\nAIRWORTHY_CLUSTER_NAME=prod\nAIRWORTHY_PROGRESS_FILE={}\n\
         AIRWORTHY_PROJECT_ID={}\nAIRWORTHY_TASK_ID={id}\nAIRWORTHY_VERSION=v1.31.14\n",
        cluster.id,
        progress.display(),
        cluster.project_id
    );
    assert_eq!(variables, expected);
}

#[tokio::test]
async fn a_backup_that_fails_fails_the_snapshot_but_not_its_recording() {
    let house = House::new("exit 3", RECORDING).await;
    let (snapshot, parts) = house.taken().await;
    assert_eq!(snapshot.phase, Some(Phase::Failed));
    assert_eq!(phases(&parts), [PartPhase::Failed, PartPhase::Success]);
    let message = parts[0].message.as_deref().unwrap();
    assert!(
        message.contains("no backup") && message.contains("exit code 3"),
        "{message}"
    );
    assert_eq!(snapshot.message.as_deref(), Some(message));
    assert_eq!(parts[1].message, None);
    assert!(snapshot.has_result);
}

#[tokio::test]
async fn a_cluster_that_cannot_be_read_fails_the_snapshot_but_not_its_backup() {
    let house = House::new("exit 0", "/nowhere/recording").await;
    let (snapshot, parts) = house.taken().await;
    assert_eq!(snapshot.phase, Some(Phase::Failed));
    assert_eq!(phases(&parts), [PartPhase::Success, PartPhase::Failed]);
    assert!(
        parts[1]
            .message
            .as_deref()
            .unwrap()
            .contains("cannot be read")
    );
}

/// The program goes on while nobody waits for it, and is not started again.
#[tokio::test]
async fn a_service_that_stops_finds_its_backup_again() {
    let script = "echo begun >> $out/begun; until [ -e $out/go ]; do sleep 0.05; done";
    let house = House::new(script, RECORDING).await;
    let (project, cluster) = (&house.cluster.project_id, &house.cluster.id);
    let task = house
        .service
        .create_snapshot(project, cluster)
        .await
        .unwrap();
    let fresh = house.newest().await;
    assert_eq!(phases(&fresh.1), [PartPhase::Init, PartPhase::Init]);
    let workers = Workers::start(&house.service);
    let begun = async {
        let running = [PartPhase::Running, PartPhase::Init];
        while house.read("begun").is_empty() || phases(&house.newest().await.1) != running {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), begun)
        .await
        .unwrap();
    workers.stop().await;
    let (_, parts) = house.newest().await;
    assert_eq!(phases(&parts), [PartPhase::Running, PartPhase::Init]);
    house.service.sweep_runs().await.unwrap();
    fs::write(house.folder.path().join("go"), "").unwrap();
    let workers = Workers::start(&house.service);
    let ended = house
        .service
        .store()
        .finished(&task.id, Duration::from_secs(1));
    let ended = tokio::time::timeout(Duration::from_mins(1), ended).await;
    ended.unwrap().unwrap().unwrap();
    workers.stop().await;
    let (snapshot, parts) = house.newest().await;
    assert_eq!(snapshot.phase, Some(Phase::Success));
    assert_eq!(phases(&parts), [PartPhase::Success, PartPhase::Success]);
    assert_eq!(house.read("begun"), "begun\n");
}

/// What a program printed is kept with its task, and no longer; what is at work is not cleared away under its feet.
#[tokio::test]
async fn folders_go_with_their_tasks() {
    let script = "echo begun >> $out/begun; until [ -e $out/go ]; do sleep 0.05; done";
    let house = House::new(script, RECORDING).await;
    let folder = house.folder.path().join("runs");
    fs::create_dir_all(folder.join("not-ours")).unwrap();
    let (project, cluster) = (&house.cluster.project_id, &house.cluster.id);
    let task = house
        .service
        .create_snapshot(project, cluster)
        .await
        .unwrap();
    let workers = Workers::start(&house.service);
    let begun = async {
        while house.read("begun").is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), begun)
        .await
        .unwrap();
    workers.stop().await;
    house
        .service
        .delete_cluster(project, cluster)
        .await
        .unwrap();
    house.service.sweep_runs().await.unwrap();
    let run = folder.join(&task.id);
    assert!(run.join("1").is_dir(), "the program is still at work");
    fs::write(house.folder.path().join("go"), "").unwrap();
    let gone = async {
        while run.exists() {
            house.service.sweep_runs().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), gone)
        .await
        .unwrap();
    assert!(folder.join("not-ours").is_dir());
}
