//! The words of `airworthy plan` and `airworthy workflow`.

use airworthy_cce::request::parse_instant;
use airworthy_model::KubeVersion;
use clap::Subcommand;
use jiff::Timestamp;

use super::Store;

/// How instants are written.
const TIMES: &str = "\
Times: 2026-12-01T22:00:00Z, with an offset as in 2026-12-01T22:00:00+01:00, or a day alone, which begins at 00:00 UTC";

#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// Plan an upgrade that begins by itself, in a window
    ///
    /// The service checks the cluster at the start of the window, upgrades it only if the check passes and the window is still
    /// open, and checks it again afterwards. One plan of a cluster is unfinished at a time
    #[command(after_help = TIMES)]
    Add {
        /// Id of the cluster
        #[arg(long, value_name = "ID")]
        cluster: String,
        /// Version to upgrade to: 1.32 (its newest patch), v1.32.4 or v1.32.4-r2
        #[arg(long, value_name = "VERSION")]
        target: KubeVersion,
        /// Start of the window
        #[arg(long, value_name = "TIME", value_parser = instant)]
        not_before: Timestamp,
        /// End of the window: an upgrade that has begun by then goes on
        #[arg(long, value_name = "TIME", value_parser = instant)]
        not_after: Timestamp,
        /// Callers of the API may put the start off, to any time before this one [default: 30 days after the start]
        #[arg(long, value_name = "TIME", value_parser = instant)]
        deadline: Option<Timestamp>,
        #[command(flatten)]
        store: Store,
    },
    /// List the plans of all clusters, the newest of each first
    List {
        #[command(flatten)]
        store: Store,
    },
    /// Remove a plan that has not begun, or is over
    Remove {
        /// Id of the plan
        id: String,
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Workflow {
    /// List the upgrade workflows of a cluster, newest first
    List {
        /// Id of the cluster
        #[arg(long, value_name = "ID")]
        cluster: String,
        #[command(flatten)]
        store: Store,
    },
    /// Give a workflow up, so that the cluster can have another one
    ///
    /// Callers of the API can do so in the phases Init and Pending alone; this command does it in each phase that is not an end,
    /// unless a task of the workflow is under way
    Cancel {
        /// Id of the workflow
        id: String,
        #[command(flatten)]
        store: Store,
    },
}

fn instant(text: &str) -> Result<Timestamp, String> {
    parse_instant(text).ok_or_else(|| {
        "this is no time: write 2026-12-01T22:00:00Z, 2026-12-01T22:00:00+01:00 or 2026-12-01"
            .to_owned()
    })
}
