//! What carries an upgrade out: an order, and short steps.

use std::{future::Future, time::Duration};

use airworthy_model::KubeVersion;
use jiff::Timestamp;
use serde_json::Value;

/// What is to be done. The same for all steps of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The upgrade task; the same for all attempts.
    pub task_id: String,
    /// Which attempt this is, from 1: each retry by a caller is one more.
    pub attempt: u32,
    /// When the driver was first asked to take a step of this attempt.
    pub begun_at: Timestamp,
    /// The project of the cluster.
    pub project_id: String,
    /// The cluster's id in the service.
    pub cluster_id: String,
    /// The cluster's name in the service.
    pub cluster_name: String,
    /// Version that ran when the task was accepted.
    pub from: KubeVersion,
    /// Where to go.
    pub target: KubeVersion,
    /// Most nodes a batch.
    pub batch_size: u16,
    /// Where the growth of batches begins anew: `Cluster` or `NodePool`.
    pub scope: String,
    /// Add-ons to be upgraded along, as the caller gave them: an array.
    pub addons: Value,
    /// Order of the nodes of each pool, as the caller gave it: an object.
    pub node_order: Value,
    /// Order of the pools, as the caller gave it: an object.
    pub node_pool_order: Value,
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The upgrade is under way.
    Going {
        /// How much is done, 0 to 100.
        progress: u8,
        /// What the next step gets.
        scratch: Value,
        /// What is being waited for, for people.
        message: String,
        /// When the next step is to be taken.
        again_in: Duration,
    },
    /// The driver has nothing more to do. Whether the target is reached is for others to see.
    Done {
        /// What was done, for people.
        message: String,
    },
    /// The upgrade failed, and nothing of it goes on by the driver's doing.
    Failed {
        /// Why, for people.
        message: String,
    },
}

/// Carries upgrades of one cluster out.
///
/// A step is short (seconds) and idempotent: the process may die at any point of it, and then the same step is taken again.
/// The first step of an attempt gets no scratch.
pub trait Driver {
    /// Takes the next step.
    fn step(&self, order: &Order, scratch: Option<&Value>) -> impl Future<Output = Step> + Send;
}

/// Whether a cluster that runs `running` is where `target` leads: the same minor, at its patch or a newer one.
///
/// A vendor release (`-r2`) counts where the running version names one; upstream builds name none.
pub fn reached(running: &KubeVersion, target: &KubeVersion) -> bool {
    let release = |version: &KubeVersion| version.vendor_release().unwrap_or(0);
    let (runs, wanted) = (running.patch.unwrap_or(0), target.patch.unwrap_or(0));
    running.minor == target.minor
        && (runs > wanted
            || runs == wanted
                && (running.vendor_release().is_none() || release(running) >= release(target)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reached_by_its_patch_or_a_newer_one_of_its_minor() {
        let cases = [
            ("v1.32.13", "v1.32.13-r0", true),
            ("v1.32.13", "v1.32.4", true),
            ("v1.32.13", "1.32", true),
            ("v1.32.13", "v1.32.13-r3", true),
            ("v1.32.13-r2", "v1.32.13-r10", false),
            ("v1.32.13-r10", "v1.32.13-r2", true),
            ("v1.32.14-r0", "v1.32.13-r2", true),
            ("v1.32.3", "v1.32.13", false),
            ("v1.31.14", "v1.32.13", false),
            ("v1.33.0", "v1.32.13", false),
            ("v1.32.13-eks-a1", "v1.32.13-r1", true),
        ];
        for (running, target, expected) in cases {
            let parse = |text: &str| text.parse().unwrap();
            assert_eq!(
                reached(&parse(running), &parse(target)),
                expected,
                "{running} for {target}"
            );
        }
    }
}
