//! `cargo xtask testbed`: real control planes for tests and for trying things out.

mod demo;
mod pin;
mod up;

use airworthy_testbed::{Binaries, pinned_minors, resolve};
use anyhow::Result;

/// What to do with the testbed.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Build the binaries that are not in the cache yet
    Build {
        /// Every pinned minor
        #[arg(long, conflicts_with = "minor")]
        all: bool,
        /// Only this minor, such as 1.31; repeat it for more. The default tests' 1.31 and 1.32 if none is given
        #[arg(long, alias = "version")]
        minor: Vec<String>,
    },
    /// Start a cluster and keep it until Ctrl-C or `down`
    Up {
        /// The minor
        #[arg(long, default_value = "1.31")]
        minor: String,
        /// How many nodes
        #[arg(long, default_value_t = 2)]
        nodes: usize,
    },
    /// Stop the cluster that `up` started
    Down,
    /// Make the recording that `airworthy demo` shows anew
    Demo,
    /// Write go.mod and go.sum of the control plane of a full version, such as 1.31.14
    Pin {
        /// The full version
        version: String,
        /// Takes this version of a module where the newest does not fit: `k8s.io/name=v0.24.17`
        #[arg(long, value_name = "MODULE=VERSION")]
        module: Vec<String>,
    },
}

impl Command {
    /// Runs the command to its end.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Build { all, minor } => build(all, minor).await,
            Self::Up { minor, nodes } => up::up(&minor, nodes).await,
            Self::Demo => demo::demo().await,
            Self::Down => up::down(),
            Self::Pin { version, module } => pin::pin(&version, &module),
        }
    }
}

async fn build(all: bool, versions: Vec<String>) -> Result<()> {
    let versions = match (all, versions.is_empty()) {
        (true, _) => pinned_minors()?,
        (false, true) => vec!["1.31".into(), "1.32".into()],
        (false, false) => versions,
    };
    // All must be pinned before minutes are spent on the first.
    let versions = versions
        .iter()
        .map(|version| resolve(version))
        .collect::<Result<Vec<_>, _>>()?;
    for version in versions {
        let binaries =
            tokio::task::spawn_blocking(move || Binaries::for_version(&version)).await??;
        say(&format!(
            "{} {}",
            binaries.version,
            binaries.control_plane.display()
        ));
    }
    Ok(())
}

/// Prints a result.
#[allow(clippy::print_stdout)] // This is a command-line program.
fn say(line: &str) {
    println!("{line}");
}
