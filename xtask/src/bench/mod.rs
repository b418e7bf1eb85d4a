//! `cargo xtask bench`: what a pre-check and the service cost, beside what cannot cost less.

mod api;
mod audit;
mod corpus;
mod files;
mod fill;
mod floor;
mod helm;
mod measure;
mod objects;
mod precheck;
mod scale;
mod serve;

use std::{path::PathBuf, process::Command as Process};

use anyhow::{Context as _, Result, bail};

pub(crate) use api::{Bare, Load};
pub(crate) use floor::Floor;
pub(crate) use measure::Measure;

/// What to measure.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// A whole pre-check of a filled API server, beside programs that only fetch and drop
    Precheck(precheck::Precheck),
    /// Pre-checks of clusters of several sizes, up to 5,000 nodes, beside fetching all objects, and what another client feels
    Scale(scale::Scale),
    /// A tree of manifests judged without a cluster, beside reading the same bytes
    Files(files::Files),
    /// An audit log read for who calls what ends, beside a search for the mark of such calls
    Audit(audit::Audit),
    /// A thousand Helm releases looked into, beside fetching the same records
    Helm(helm::Helm),
    /// The API under load, beside a route that only answers the same bytes
    Api(api::Api),
    /// How soon the service is ready, and what it holds when idle
    Serve(serve::Serve),
}

impl Command {
    /// Measures, and prints what came out.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Precheck(bench) => bench.run().await,
            Self::Scale(bench) => bench.run().await,
            Self::Files(bench) => bench.run(),
            Self::Audit(bench) => bench.run(),
            Self::Helm(bench) => bench.run().await,
            Self::Api(bench) => bench.run().await,
            Self::Serve(bench) => bench.run().await,
        }
    }
}

/// The optimised programs that are measured.
struct Programs {
    airworthy: PathBuf,
    xtask: PathBuf,
}

impl Programs {
    /// Builds what is not up to date.
    fn build() -> Result<Self> {
        progress("building the release programs");
        let status = Process::new(env!("CARGO"))
            .args(["build", "--release", "--quiet"])
            .args(["--package", "airworthy", "--package", "xtask"])
            .current_dir(crate::test::root())
            .status()
            .context("cannot start cargo")?;
        if !status.success() {
            bail!("the release build failed");
        }
        let own = std::env::current_exe().context("cannot find this program")?;
        let folder = own.ancestors().nth(2).map(|target| target.join("release"));
        let folder = folder.context("this program does not lie in a target folder")?;
        let program = |name: &str| {
            let path = folder.join(name);
            Some(path).filter(|path| path.is_file())
        };
        Ok(Self {
            airworthy: program("airworthy").context("there is no release program airworthy")?,
            xtask: program("xtask").context("there is no release program xtask")?,
        })
    }
}

/// The middle value; of an even number, the lower one of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}

/// Bytes as megabytes of a million.
#[allow(clippy::cast_precision_loss)] // For people.
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The machine in neutral words.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = field(&meminfo, "MemTotal:").unwrap_or_default();
    format!(
        "{} {}, {cores} cores, {} GB of memory",
        std::env::consts::OS,
        std::env::consts::ARCH,
        memory / 1_000_000
    )
}

/// The number of kilobytes on a line of `/proc`.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// What a process holds in memory in bytes: `VmRSS:` now, `VmHWM:` at most.
fn memory(id: u32, what: &str) -> Result<u64> {
    let path = format!("/proc/{id}/status");
    let status = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let kilobytes = field(&status, what).with_context(|| format!("{path} has no {what}"))?;
    Ok(kilobytes * 1024)
}

#[allow(clippy::print_stderr)] // People wait.
fn progress(line: &str) {
    eprintln!("bench: {line}");
}

#[allow(clippy::print_stdout)] // The result.
fn say(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_a_measured_value() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn this_process_holds_memory() {
        assert!(memory(std::process::id(), "VmRSS:").unwrap() > 100_000);
    }
}
