//! What one process costs, from the kernel's account of exactly that process.

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};
use serde::{Deserialize, Serialize};

/// Runs one program and prints what it cost as JSON. A process of its own: the kernel keeps one account for all children
/// of a process, and here there is one child.
#[derive(clap::Args)]
pub(crate) struct Measure {
    /// Where the program's output goes
    #[arg(long)]
    output: PathBuf,
    /// The program may hold less memory than this one; then what this one holds is told as the peak
    #[arg(long)]
    small: bool,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// What a process cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cost {
    /// Seconds from before its start until it was reaped.
    pub wall: f64,
    /// Seconds of CPU time in the program.
    pub user: f64,
    /// Seconds of CPU time in the kernel.
    pub system: f64,
    /// Most bytes of memory at a time.
    pub peak: u64,
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
}

impl Cost {
    /// Seconds of CPU time.
    pub(super) fn cpu(&self) -> f64 {
        self.user + self.system
    }
}

impl Measure {
    /// Runs the program and prints its cost.
    pub(crate) fn run(self) -> Result<()> {
        let cost = measure(&self.command, &self.output, self.small)?;
        super::say(&serde_json::to_string(&cost)?);
        Ok(())
    }
}

fn measure(command: &[OsString], output: &Path, small: bool) -> Result<Cost> {
    let (program, args) = command.split_first().context("no program")?;
    let output = File::create(output).with_context(|| format!("make {}", output.display()))?;
    let mut command = Command::new(program);
    command.args(args).stdout(output);
    let began = Instant::now();
    let status = command.status();
    let wall = began.elapsed().as_secs_f64();
    let status = status.with_context(|| format!("start {}", program.display()))?;
    let child = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let peak = u64::try_from(child.max_rss())? * 1024;
    let own = super::memory(std::process::id(), "VmHWM:")?;
    // Until it becomes another program, a child has our memory, and that counts. (Our own account has that of the program
    // that started us, so it is no measure here.)
    if peak <= own && !small {
        bail!("the program held less memory than the one that measures it: {peak} of {own} bytes");
    }
    Ok(Cost {
        wall,
        user: seconds(child.user_time()),
        system: seconds(child.system_time()),
        peak: peak.max(own),
        code: status.code(),
    })
}

#[allow(clippy::cast_precision_loss)] // Seconds of one process.
fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

/// Has `program` measured by a process of its own; its output goes to `output`.
pub(super) fn measured(
    xtask: &Path,
    program: &Path,
    args: &[OsString],
    output: &Path,
) -> Result<Cost> {
    measured_with(&[], xtask, program, args, output)
}

/// As [`measured`] of a program that may hold next to no memory: what it takes to measure it is then its peak.
pub(super) fn measured_small(
    xtask: &Path,
    program: &Path,
    args: &[OsString],
    output: &Path,
) -> Result<Cost> {
    measured_with(&["--small"], xtask, program, args, output)
}

fn measured_with(
    flags: &[&str],
    xtask: &Path,
    program: &Path,
    args: &[OsString],
    output: &Path,
) -> Result<Cost> {
    let answer = Command::new(xtask)
        .arg("measure")
        .args(flags)
        .arg("--output")
        .arg(output)
        .arg("--")
        .arg(program)
        .args(args)
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("start {}", xtask.display()))?;
    if !answer.status.success() {
        bail!("measuring {} failed", program.display());
    }
    serde_json::from_slice(&answer.stdout).context("the cost is not JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_that_of_the_child() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        let script = "a=xxxxxxxxxxxxxxxx; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do a=$a$a; done; echo ${#a}; exit 3";
        let command = ["sh", "-c", script].map(OsString::from);
        let cost = measure(&command, &output, false).unwrap();
        assert_eq!(cost.code, Some(3));
        assert_eq!(std::fs::read_to_string(&output).unwrap().trim(), "67108864");
        assert!(cost.peak > 64 << 20, "{cost:?}");
        assert!(cost.cpu() > 0.0 && cost.wall > 0.0, "{cost:?}");
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let output = tempfile::NamedTempFile::new().unwrap();
        let error = measure(&["/no/such/program".into()], output.path(), false).unwrap_err();
        assert_eq!(error.to_string(), "start /no/such/program");
    }
}
