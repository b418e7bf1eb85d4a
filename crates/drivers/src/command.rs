//! The driver that runs a program of the operator's.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use airworthy_model::KubeVersion;
use airworthy_upgrade::driver::{Driver, Order, Step};
use serde_json::Value;

use crate::{Program, errand::Errand, program::Run};

/// Runs a program, once for each attempt, under a supervisor that outlives this process.
///
/// The program is started without a shell, in an empty folder of its own, with no standard input and an environment of:
///
/// | variable | value |
/// |---|---|
/// | `PATH`, `HOME`, and names listed in the configuration | those of the service |
/// | `AIRWORTHY_TASK_ID` | id of the upgrade task |
/// | `AIRWORTHY_ATTEMPT` | `1`, and one more for each retry |
/// | `AIRWORTHY_PROJECT_ID` | project of the cluster |
/// | `AIRWORTHY_CLUSTER_ID`, `AIRWORTHY_CLUSTER_NAME` | the cluster, as registered |
/// | `AIRWORTHY_FROM_VERSION` | version that ran when the task was accepted, such as `v1.31.14` |
/// | `AIRWORTHY_TARGET_VERSION` | version to go to, such as `v1.32.13`; with a vendor's release where it is not 0: `v1.32.13-r2` |
/// | `AIRWORTHY_BATCH_SIZE` | most nodes a batch |
/// | `AIRWORTHY_BATCH_SCOPE` | `Cluster` or `NodePool` |
/// | `AIRWORTHY_ADDONS` | add-ons to be upgraded along: JSON, an array |
/// | `AIRWORTHY_NODE_ORDER`, `AIRWORTHY_NODE_POOL_ORDER` | orders the caller asked for: JSON, objects |
/// | `AIRWORTHY_PROGRESS_FILE` | a file into which it may write how far it is: a whole number from 0 to 100 |
///
/// Exit code 0 says that the upgrade was carried out; anything else that it failed.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program.
    pub program: Program,
    /// Folder of all runs: each is in `<task>/<attempt>`.
    pub folder: PathBuf,
    /// Command line of the supervisor, without its last argument, the folder of the run.
    pub supervisor: Vec<OsString>,
}

impl Command {
    /// The run of an attempt of a task.
    pub fn run(&self, task_id: &str, attempt: u32) -> Run {
        Run::at(self.folder.join(task_id).join(attempt.to_string()))
    }
}

impl Driver for Command {
    async fn step(&self, order: &Order, scratch: Option<&Value>) -> Step {
        let run = self.run(&order.task_id, order.attempt);
        let errand = Errand {
            program: self.program.clone(),
            supervisor: self.supervisor.clone(),
            begun_at: order.begun_at,
            variables: variables(order, &run),
            before: (1..order.attempt)
                .map(|attempt| self.run(&order.task_id, attempt))
                .collect(),
            run,
        };
        errand.step(scratch).await
    }
}

fn variables(order: &Order, run: &Run) -> BTreeMap<String, String> {
    let progress = run.progress_file().display().to_string();
    [
        ("TASK_ID", order.task_id.clone()),
        ("ATTEMPT", order.attempt.to_string()),
        ("PROJECT_ID", order.project_id.clone()),
        ("CLUSTER_ID", order.cluster_id.clone()),
        ("CLUSTER_NAME", order.cluster_name.clone()),
        ("FROM_VERSION", upstream(&order.from)),
        ("TARGET_VERSION", upstream(&order.target)),
        ("BATCH_SIZE", order.batch_size.to_string()),
        ("BATCH_SCOPE", order.scope.clone()),
        ("ADDONS", order.addons.to_string()),
        ("NODE_ORDER", order.node_order.to_string()),
        ("NODE_POOL_ORDER", order.node_pool_order.to_string()),
        ("PROGRESS_FILE", progress),
    ]
    .into_iter()
    .map(|(name, value)| (format!("AIRWORTHY_{name}"), value))
    .collect()
}

/// A version as everybody else writes it: without the vendor's release 0 of the wire.
pub(crate) fn upstream(version: &KubeVersion) -> String {
    let mut version = version.clone();
    if version.vendor_release() == Some(0) {
        version.suffix.clear();
    }
    version.to_string()
}
