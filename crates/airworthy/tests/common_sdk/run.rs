//! Runs programs: never longer than they may, and never beyond the test's end.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{Seek as _, Write as _},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

const DEADLINE: Duration = Duration::from_mins(2);

/// Tells people what goes on, also when the test passes: the harness hides only what is printed by macros.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "sdk: {text}");
}

/// A program to run.
#[derive(Debug)]
#[must_use]
pub(crate) struct Run {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    deadline: Duration,
    name: Option<String>,
    input: Option<File>,
}

/// What a program that ended has printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            deadline: DEADLINE,
            name: None,
            input: None,
        }
    }

    pub(crate) fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        self.args([argument])
    }

    pub(crate) fn args(mut self, all: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let all = all.into_iter().map(|argument| argument.as_ref().to_owned());
        self.arguments.extend(all);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.into(), value.as_ref().to_owned()));
        self
    }

    pub(crate) fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    pub(crate) fn within(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// What it reads from its standard input, where otherwise there is nothing.
    pub(crate) fn input(mut self, text: &str) -> Result<Self> {
        let mut file = tempfile::tempfile()?;
        file.write_all(text.as_bytes())?;
        file.rewind()?;
        self.input = Some(file);
        Ok(self)
    }

    /// The name under which its run is told.
    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The command, ended when dropped.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(self.stdin());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.kill_on_drop(true);
        command
    }

    fn stdin(&self) -> Stdio {
        let input = self.input.as_ref().and_then(|file| file.try_clone().ok());
        input.map_or_else(Stdio::null, Stdio::from)
    }

    /// Runs it to its end, whatever that is.
    pub(crate) async fn end(self) -> Result<Ended> {
        let began = Instant::now();
        let output = tokio::time::timeout(self.deadline, self.command().output()).await;
        let output =
            output.with_context(|| format!("{} s are over: {self:?}", self.deadline.as_secs()))?;
        let output = output.with_context(|| format!("cannot run {}", self.program.display()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some(name) = &self.name {
            say(&format!(
                "{name}: {} in {:.1} s",
                output.status,
                began.elapsed().as_secs_f64()
            ));
        }
        Ok(Ended {
            success: output.status.success(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        })
    }

    /// Runs it; that it fails is an error.
    pub(crate) async fn succeed(self) -> Result<Ended> {
        let line = format!("{} {:?}", self.program.display(), self.arguments);
        let ended = self.end().await?;
        if !ended.success {
            bail!("{line} failed\n{}{}", ended.stdout, ended.stderr);
        }
        Ok(ended)
    }
}
