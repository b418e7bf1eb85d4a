//! One run of an operator's program, which outlives the process that began it.
//!
//! A run has a folder of its own. Whoever begins it writes `job` there and starts a supervisor, a process of this binary that
//! starts the program, keeps what it prints in `output`, ends its process group at the deadline and writes `exit`. A
//! supervisor holds the lock on `lock` while it lives, and makes `started` before it starts the program: only one of them can,
//! so the program is started at most once. When the lock is free and `started` is there without `exit`, nobody knows how the
//! program ended.

mod files;
mod left;
mod output;
mod supervise;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::Program;
use files::Lock;
pub use supervise::supervise;

const JOB: &str = "job";
const LOCK: &str = "lock";
const STARTED: &str = "started";
const GROUP: &str = "group";
const EXIT: &str = "exit";
const OUTPUT: &str = "output";
const PROGRESS: &str = "progress";

/// How long a process group that was told to end has until it is killed.
pub const NOTICE: Duration = Duration::from_secs(10);

/// What a supervisor is to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    file: PathBuf,
    arguments: Vec<String>,
    /// Names of variables that the program inherits.
    inherits: Vec<String>,
    variables: BTreeMap<String, String>,
    deadline_seconds: u64,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Ending {
    /// It could not be started.
    NotStarted {
        /// What the system said.
        why: String,
    },
    /// It ended by itself.
    Exited {
        /// Its exit code; 0 is success.
        code: i32,
    },
    /// Somebody else's signal ended it.
    Killed {
        /// The signal's number.
        signal: i32,
    },
    /// It was still running at its deadline, and was ended with all its process group.
    Overdue,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nobody began it.
    Absent,
    /// No supervisor has taken it up yet.
    Waiting,
    /// The program runs; what it says of its progress, in percent.
    Running(Option<u8>),
    /// The program ended.
    Ended(Ending),
    /// The supervisor is gone and left no word. The process group of the program, where that is known, may still be at work.
    Lost(Option<u32>),
}

/// One run of a program.
#[derive(Debug, Clone)]
pub struct Run {
    folder: PathBuf,
}

impl Run {
    /// The run in this folder, begun or not.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The beginning and the end of what the program printed.
    pub fn output(&self) -> PathBuf {
        self.folder.join(OUTPUT)
    }

    /// The file into which the program may write how far it is: a whole number from 0 to 100.
    pub fn progress_file(&self) -> PathBuf {
        self.folder.join(PROGRESS)
    }

    /// Leaves the order for a supervisor, unless there is one already.
    pub fn prepare(
        &self,
        program: &Program,
        variables: BTreeMap<String, String>,
    ) -> io::Result<()> {
        files::make_folder(&self.folder)?;
        if files::read(&self.folder, JOB)?.is_some() {
            return Ok(());
        }
        let job = Job {
            file: program.file.clone(),
            arguments: program.arguments.clone(),
            inherits: program.environment.clone(),
            variables,
            deadline_seconds: program.deadline.as_secs(),
        };
        files::write(&self.folder, JOB, &job)
    }

    /// Starts a supervisor. One too many ends at once and harms nothing.
    pub fn start(&self, supervisor: &[OsString]) -> io::Result<()> {
        let Some((program, arguments)) = supervisor.split_first() else {
            return Err(io::Error::other("no supervisor is configured"));
        };
        let mut command = tokio::process::Command::new(program);
        // Among what is ours may be the key that seals secrets: no supervisor needs that.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"AIRWORTHY_") {
                command.env_remove(name);
            }
        }
        let started = command
            .args(arguments)
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        // The runtime reaps it when it ends; it must not end with us.
        started.map(drop)
    }

    /// Looks how far the run is.
    pub fn look(&self) -> io::Result<Stage> {
        if let Some(ending) = files::read_json(&self.folder, EXIT)? {
            return Ok(Stage::Ended(ending));
        }
        if files::read(&self.folder, JOB)?.is_none() {
            return Ok(Stage::Absent);
        }
        if files::read(&self.folder, STARTED)?.is_none() {
            return Ok(Stage::Waiting);
        }
        let Some(free) = Lock::take(&self.folder, LOCK)? else {
            return Ok(Stage::Running(self.progress()?));
        };
        // It may have ended between the first look and this one.
        let ending = files::read_json(&self.folder, EXIT)?;
        drop(free);
        match ending {
            Some(ending) => Ok(Stage::Ended(ending)),
            None => Ok(Stage::Lost(files::read_json(&self.folder, GROUP)?)),
        }
    }

    /// Whether the program is at work, or what it left behind when its supervisor was gone.
    pub(crate) fn is_at_work(&self) -> io::Result<bool> {
        Ok(match self.look()? {
            Stage::Running(_) => true,
            Stage::Lost(Some(group)) => left::is_at_work(group, &self.folder.join(GROUP)),
            _ => false,
        })
    }

    /// What the program says of its progress; texts that are no number from 0 to 100 say nothing.
    fn progress(&self) -> io::Result<Option<u8>> {
        let bytes = files::read(&self.folder, PROGRESS)?.unwrap_or_default();
        let said = str::from_utf8(&bytes).ok();
        let number = said.and_then(|text| text.trim().parse().ok());
        Ok(number.filter(|percent| *percent <= 100))
    }
}

/// The tasks that have runs below the folder of all.
pub fn tasks(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
    names.filter_map(Result::transpose).collect()
}

/// Removes the runs of a task below the folder of all, unless one of them is at work.
pub fn remove(folder: &Path, task: &str) -> io::Result<()> {
    let runs = folder.join(task);
    for run in std::fs::read_dir(&runs)? {
        if Run::at(run?.path()).is_at_work()? {
            return Ok(());
        }
    }
    std::fs::remove_dir_all(runs)
}
