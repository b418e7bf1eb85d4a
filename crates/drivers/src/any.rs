//! The driver of a cluster, whichever it is.

use airworthy_upgrade::driver::{Driver, Order, Step};
use serde_json::Value;

use crate::{ClusterApi, Command, Observe};

/// The driver of a cluster.
#[derive(Debug, Clone)]
pub enum AnyDriver {
    /// Watches.
    Observe(Observe),
    /// Runs a program.
    Command(Command),
    /// Changes objects of Cluster API.
    ClusterApi(ClusterApi),
}

impl Driver for AnyDriver {
    async fn step(&self, order: &Order, scratch: Option<&Value>) -> Step {
        match self {
            Self::Observe(driver) => driver.step(order, scratch).await,
            Self::Command(driver) => driver.step(order, scratch).await,
            Self::ClusterApi(driver) => driver.step(order, scratch).await,
        }
    }
}
