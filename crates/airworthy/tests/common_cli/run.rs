//! The binary, run as people and scripts run it.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

/// No run takes nearly as long, even on a machine with much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A run to come: nothing of the caller's environment, and a home of its own.
pub(crate) struct Airworthy {
    command: Command,
    args: Vec<OsString>,
    home: TempDir,
}

/// The binary with these arguments.
pub(crate) fn airworthy<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Airworthy {
    let home = tempfile::tempdir().expect("a home");
    let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().into()).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_airworthy"));
    command
        .args(&args)
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Airworthy {
        command,
        args,
        home,
    }
}

impl Airworthy {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in another folder than the tests do.
    pub(crate) fn within(mut self, folder: &std::path::Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Gives it a file for its standard input.
    pub(crate) fn stdin(mut self, from: impl Into<Stdio>) -> Self {
        self.command.stdin(from);
        self
    }

    pub(crate) fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stdout(to);
        self
    }

    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// The command, for tests that hold the process in their own hands; its home stays for as long as the second is held.
    pub(crate) fn into_parts(self) -> (Command, TempDir) {
        (self.command, self.home)
    }

    /// Runs it to its end, from within a runtime.
    pub(crate) async fn ended(self) -> Ended {
        let (mut command, _home) = (self.command, self.home);
        let child = command.spawn().expect("it starts");
        let output = timeout(PATIENCE, child.wait_with_output()).await;
        let output = output
            .unwrap_or_else(|_| panic!("{:?} does not end", self.args))
            .expect("it can be waited for");
        let ended = Ended {
            code: output.status.code().expect("no signal ends it"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            args: self.args,
        };
        assert!(!ended.stderr.contains("panicked"), "{ended}");
        ended
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ended {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("a runtime");
        runtime.block_on(self.ended())
    }
}

/// What a finished run said.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    args: Vec<OsString>,
    /// The exit code.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "the exit code of {self}");
        self
    }

    /// Demands exit code 2, nothing on stdout, and these words on stderr.
    #[track_caller]
    pub(crate) fn refuses(&self, words: &[&str]) -> &Self {
        self.exits(2);
        assert_eq!(self.stdout, "", "{self}");
        assert!(self.stderr.starts_with("error: "), "{self}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self}");
        }
        self
    }

    /// Demands a text on stdout.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text), "no {text:?} in {self}");
        self
    }

    /// Demands a text on stderr.
    #[track_caller]
    pub(crate) fn tells(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "no {text:?} in {self}");
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The first line of stdout: of a table, the verdict.
    #[track_caller]
    pub(crate) fn sentence(&self) -> &str {
        self.stdout
            .lines()
            .next()
            .unwrap_or_else(|| panic!("{self}"))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}\n{}\n{}\nexit code {}",
            self.args, self.stdout, self.stderr, self.code
        )
    }
}
