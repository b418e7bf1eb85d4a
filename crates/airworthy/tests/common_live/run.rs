//! The binary, run as people run it.

use std::{
    fmt,
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{process::Command, time::timeout};

/// No run takes nearly as long, even on a machine with much else to do.
const PATIENCE: Duration = Duration::from_mins(5);

/// What a finished run said.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    args: Vec<String>,
    /// The exit code.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary with nothing of the caller's environment: no kubeconfig, no configuration, no home.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_airworthy"));
    command
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs it to its end.
pub(crate) async fn airworthy(args: &[&str]) -> Run {
    finish(args, command(args)).await
}

/// Runs a command that was made by [`command`] to its end.
pub(crate) async fn finish(args: &[&str], mut command: Command) -> Run {
    let output = timeout(PATIENCE, command.output()).await;
    let output = output.expect("it ends in time").expect("it starts");
    Run::of(args, output)
}

impl Run {
    /// What a process said that ended.
    pub(crate) fn of(args: &[&str], output: Output) -> Self {
        Self {
            args: args.iter().map(ToString::to_string).collect(),
            code: output.status.code().expect("no signal ends it"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "the exit code of\n{self}");
        self
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.args.join(" ");
        write!(
            f,
            "airworthy {line}\n{}\n{}\nexit code {}",
            self.stdout, self.stderr, self.code
        )
    }
}
