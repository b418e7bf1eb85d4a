//! Real Kubernetes control planes on loopback, for tests.
//!
//! [`Cluster::start`] gives a real etcd, kube-apiserver, kube-controller-manager and kube-scheduler
//! of a pinned version; kwok plays the kubelets. No container, no network beyond loopback. Dropping
//! the [`Cluster`] ends every process; the kernel ends them if the whole test process is killed.
//!
//! A start takes some seconds, so tests of one binary may share a cluster in a
//! [`tokio::sync::OnceCell`] that is never dropped: proxies and stand-ins run on threads of the
//! cluster's own, and the kernel ends the processes with the test process. Tests then keep to
//! namespaces of their own.
//!
//! ```no_run
//! # async fn example() -> airworthy_testbed::Result<()> {
//! use airworthy_testbed::{Apply, Cluster, ClusterOptions, How};
//!
//! let mut cluster = Cluster::start(ClusterOptions::new("1.31").nodes(2)).await?;
//! let yaml = std::fs::read_to_string("deployment.yaml").expect("a file");
//! cluster.apply(&yaml, &Apply::new("kubectl/v1.31.0", How::ClientSide)).await?;
//! cluster.upgrade("1.32").await?;
//! cluster.move_nodes("v1.32.13").await?;
//! # Ok(()) }
//! ```

mod apply;
mod background;
mod binaries;
mod client;
mod cluster;
mod components;
mod egress;
mod error;
mod nodes;
mod options;
mod pki;
mod port;
mod process;
mod published;
mod recipe;
mod services;
mod standin;
mod store;
mod wait;
mod workdir;

pub use apply::{Apply, How};
pub use binaries::{Binaries, are_there, cache_folder, installed};
pub use client::{Answer, Client, Patch};
pub use cluster::Cluster;
pub use error::{Error, Result};
pub use nodes::NodeOptions;
pub use options::{ClusterOptions, User};
pub use pki::{Authority, Leaf};
pub use recipe::{modules, pinned_minors, resolve};
pub use services::{AggregatedApi, Kubelet, Verdict};
pub use standin::{Reply, Seen, StandIn};
pub use wait::wait_until;
