//! One program run for one task, looked at step by step.

use std::{collections::BTreeMap, ffi::OsString, io, time::Duration};

use airworthy_upgrade::driver::Step;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    Program,
    pace::{pace, since},
    program::{Ending, NOTICE, Run, Stage},
};

/// Past its deadline and the notice that its group is given, a program may take this long to be gone; then it is not waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program that is to be run, and what became of it so far.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    pub(crate) program: Program,
    pub(crate) supervisor: Vec<OsString>,
    pub(crate) begun_at: Timestamp,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) run: Run,
    /// The runs that this one must not be beside.
    pub(crate) before: Vec<Run>,
}

impl Errand {
    /// Takes the next step; the scratch is that of the step before.
    pub(crate) async fn step(self, scratch: Option<&Value>) -> Step {
        let known = scratch.is_some_and(|scratch| scratch["begun"] == true);
        let again = Step::Going {
            progress: 0,
            // Whether a folder is to be there is what it was: this step may have made none.
            scratch: json!({ "begun": known }),
            message: "its folder cannot be used; trying again".to_owned(),
            again_in: pace(since(self.begun_at)),
        };
        let overdue = self.is_overdue();
        // Files and locks are work for a thread that may block; starting a process is not bound to one.
        let looked = tokio::task::spawn_blocking(move || self.looked(known)).await;
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

    /// Begins the run; a supervisor that does not come is sent for again by the next step.
    fn begin(&self) -> io::Result<()> {
        self.run.prepare(&self.program, self.variables.clone())?;
        self.run.start(&self.supervisor)
    }

    /// Whether the program of a run before is still at work.
    fn is_preceded(&self) -> io::Result<bool> {
        for run in &self.before {
            if run.is_at_work()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn looked(&self, known: bool) -> io::Result<Step> {
        let stage = self.run.look()?;
        match stage {
            Stage::Absent if known => Ok(failed(
                "the folder of the run was removed: nobody knows how the program ended".to_owned(),
            )),
            Stage::Absent if self.is_preceded()? => Ok(failed(
                "the program of an attempt before is still running: end it, then retry".to_owned(),
            )),
            Stage::Absent => {
                self.begin()?;
                Ok(self.going(0, "the program is being started"))
            }
            _ if self.is_overdue() && !matches!(stage, Stage::Ended(_)) => Ok(failed(
                "the program did not end at its deadline, nor its supervisor after that".to_owned(),
            )),
            Stage::Waiting => {
                self.run.start(&self.supervisor)?;
                Ok(self.going(0, "the program is being started"))
            }
            Stage::Running(said) => Ok(self.going(said.unwrap_or(0), "the program runs")),
            Stage::Ended(ending) => Ok(self.ended(&ending)),
            Stage::Lost(group) => Ok(failed(lost(group))),
        }
    }

    fn going(&self, progress: u8, message: &str) -> Step {
        Step::Going {
            progress,
            scratch: json!({ "begun": true }),
            message: message.to_owned(),
            again_in: pace(since(self.begun_at)),
        }
    }

    fn is_overdue(&self) -> bool {
        since(self.begun_at) > self.program.deadline + NOTICE * 2 + PATIENCE
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

fn failed(message: String) -> Step {
    Step::Failed { message }
}

fn lost(group: Option<u32>) -> String {
    let group = group.map_or_else(String::new, |group| format!(" (process group {group})"));
    format!(
        "the supervisor of the program ended without a word, and nobody knows how it went on: look whether the \
         program{group} is still at work before you try again"
    )
}
