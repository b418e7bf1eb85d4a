//! The words of `airworthy snapshot`.

use std::path::PathBuf;

use clap::Subcommand;

use super::Store;

#[derive(Debug, Subcommand)]
pub(crate) enum Snapshot {
    /// List the snapshots of a cluster, newest first
    List {
        /// Id of the cluster
        #[arg(long, value_name = "ID")]
        cluster: String,
        #[command(flatten)]
        store: Store,
    },
    /// Write the recording of a snapshot to a file, which every command takes in the place of a cluster
    Export {
        /// Id of the snapshot
        task: String,
        /// File to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        store: Store,
    },
}
