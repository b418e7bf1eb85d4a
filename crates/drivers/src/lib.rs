//! Drivers: how an upgrade is carried out, and how nodes are probed. The only code of the product that changes a cluster.
//!
//! Knows how to take one short step of an upgrade and to say how far it is. Knows nothing of HTTP or SQL, and shares no credentials
//! with the collector.

mod any;
mod backup;
mod cluster_api;
mod command;
mod errand;
mod means;
mod observe;
mod pace;
pub mod probe;
pub mod program;

pub use any::AnyDriver;
pub use backup::{Backup, BackupOrder};
pub use cluster_api::ClusterApi;
pub use command::Command;
pub use means::{Management, Means, Program};
pub use observe::{Observe, Source, runs_target, told};
