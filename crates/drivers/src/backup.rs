//! A backup of a cluster by a program of the operator's.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use airworthy_upgrade::driver::Step;
use jiff::Timestamp;
use serde_json::Value;

use crate::{Program, errand::Errand, program::Run};

/// Runs a program that takes a backup, once for each snapshot, under a supervisor that outlives this process.
///
/// The program is started without a shell, in an empty folder of its own, with no standard input and an environment of:
///
/// | variable | value |
/// |---|---|
/// | `PATH`, `HOME`, and names listed in the configuration | those of the service |
/// | `AIRWORTHY_TASK_ID` | id of the snapshot |
/// | `AIRWORTHY_PROJECT_ID` | project of the cluster |
/// | `AIRWORTHY_CLUSTER_ID`, `AIRWORTHY_CLUSTER_NAME` | the cluster, as registered |
/// | `AIRWORTHY_VERSION` | version that runs, such as `v1.31.14`; empty when it is not known |
/// | `AIRWORTHY_PROGRESS_FILE` | a file into which it may write how far it is: a whole number from 0 to 100 |
///
/// Exit code 0 says that the backup was taken; anything else that it was not.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The program.
    pub program: Program,
    /// Folder of all runs: each is in `<task>/1`.
    pub folder: PathBuf,
    /// Command line of the supervisor, without its last argument, the folder of the run.
    pub supervisor: Vec<OsString>,
}

/// What a backup is taken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupOrder {
    /// The snapshot task.
    pub task_id: String,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// The project of the cluster.
    pub project_id: String,
    /// The cluster's id in the service.
    pub cluster_id: String,
    /// The cluster's name in the service.
    pub cluster_name: String,
    /// Version that runs, where it is known.
    pub version: Option<String>,
}

impl Backup {
    /// Takes the next step; the scratch is that of the step before.
    pub async fn step(&self, order: &BackupOrder, scratch: Option<&Value>) -> Step {
        let run = self.run(&order.task_id);
        let errand = Errand {
            program: self.program.clone(),
            supervisor: self.supervisor.clone(),
            begun_at: order.begun_at,
            variables: variables(order, &run),
            run,
            before: Vec::new(),
        };
        errand.step(scratch).await
    }

    /// The run of a snapshot.
    pub fn run(&self, task_id: &str) -> Run {
        Run::at(self.folder.join(task_id).join("1"))
    }
}

fn variables(order: &BackupOrder, run: &Run) -> BTreeMap<String, String> {
    let progress = run.progress_file().display().to_string();
    [
        ("TASK_ID", order.task_id.clone()),
        ("PROJECT_ID", order.project_id.clone()),
        ("CLUSTER_ID", order.cluster_id.clone()),
        ("CLUSTER_NAME", order.cluster_name.clone()),
        ("VERSION", order.version.clone().unwrap_or_default()),
        ("PROGRESS_FILE", progress),
    ]
    .into_iter()
    .map(|(name, value)| (format!("AIRWORTHY_{name}"), value))
    .collect()
}
