//! The driver that runs a program of the operator's.

use std::{collections::BTreeMap, ffi::OsString, io, path::PathBuf, time::Duration};

use airworthy_model::KubeVersion;
use airworthy_upgrade::driver::{Driver, Order, Step};
use serde_json::{Value, json};

use crate::{
    Program,
    pace::{elapsed, pace},
    program::{Ending, NOTICE, Run, Stage},
};

/// Past its deadline and the notice that its group is given, a program may take this long to be gone; then it is not waited for.
const PATIENCE: Duration = Duration::from_mins(1);

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

    /// Begins the run; a supervisor that does not come is sent for again by the next step.
    fn begin(&self, order: &Order, run: &Run) -> io::Result<()> {
        run.prepare(&self.program, variables(order, run))?;
        run.start(&self.supervisor)
    }

    /// Whether the program of the attempt before this one is still at work.
    fn is_preceded(&self, order: &Order) -> io::Result<bool> {
        if order.attempt < 2 {
            return Ok(false);
        }
        let before = self.run(&order.task_id, order.attempt - 1).look()?;
        Ok(matches!(before, Stage::Running(_)))
    }

    fn looked(&self, order: &Order, known: bool, run: &Run) -> io::Result<Step> {
        let stage = run.look()?;
        match stage {
            Stage::Absent if known => Ok(failed(
                "the folder of the run was removed: nobody knows how the program ended".to_owned(),
            )),
            Stage::Absent if self.is_preceded(order)? => Ok(failed(
                "the program of the attempt before is still running: end it, then retry".to_owned(),
            )),
            Stage::Absent => {
                self.begin(order, run)?;
                Ok(self.going(order, 0, "the program is being started"))
            }
            _ if self.is_overdue(order) && !matches!(stage, Stage::Ended(_)) => Ok(failed(
                "the program did not end at its deadline, nor its supervisor after that".to_owned(),
            )),
            Stage::Waiting => {
                run.start(&self.supervisor)?;
                Ok(self.going(order, 0, "the program is being started"))
            }
            Stage::Running(said) => Ok(self.going(order, said.unwrap_or(0), "the program runs")),
            Stage::Ended(ending) => Ok(self.ended(&ending)),
            Stage::Lost(group) => Ok(failed(lost(group))),
        }
    }

    fn going(&self, order: &Order, progress: u8, message: &str) -> Step {
        Step::Going {
            progress,
            scratch: json!({ "begun": true }),
            message: message.to_owned(),
            again_in: pace(elapsed(order)),
        }
    }

    fn is_overdue(&self, order: &Order) -> bool {
        elapsed(order) > self.program.deadline + NOTICE * 2 + PATIENCE
    }

    fn ended(&self, ending: &Ending) -> Step {
        let seconds = self.program.deadline.as_secs();
        match ending {
            Ending::Exited { code: 0 } => Step::Done {
                message: "the program ended with exit code 0".to_owned(),
            },
            Ending::Exited { code } => failed(format!("the program ended with exit code {code}")),
            Ending::Killed { signal } => {
                failed(format!("the program was killed by signal {signal}"))
            }
            Ending::NotStarted { why } => {
                failed(format!("the program could not be started: {why}"))
            }
            Ending::Overdue => failed(format!(
                "the program was still running after {seconds} s, its deadline, and was ended"
            )),
        }
    }
}

impl Driver for Command {
    async fn step(&self, order: &Order, scratch: Option<&Value>) -> Step {
        let (this, order, known) = (self.clone(), order.clone(), scratch.is_some());
        let run = self.run(&order.task_id, order.attempt);
        let again = self.going(&order, 0, "its folder cannot be used; trying again");
        let overdue = self.is_overdue(&order);
        // Files and locks are work for a thread that may block; starting a process is not bound to one.
        let looked = tokio::task::spawn_blocking(move || this.looked(&order, known, &run)).await;
        match looked {
            Ok(Ok(step)) => step,
            Ok(Err(error)) if overdue => failed(format!("its folder cannot be used: {error}")),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a run of a program cannot be looked at");
                again
            }
            Err(_) => failed("looking at the program was broken off".to_owned()),
        }
    }
}

fn failed(message: String) -> Step {
    Step::Failed { message }
}

fn lost(group: Option<u32>) -> String {
    let group = group.map_or_else(String::new, |group| format!(" (process group {group})"));
    format!(
        "the supervisor of the program ended without a word, and nobody knows how the upgrade went on: look whether the \
         program{group} is still at work before you retry"
    )
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
