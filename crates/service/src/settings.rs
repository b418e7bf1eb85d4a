//! What the operator of the service decides.

use std::{collections::BTreeSet, ffi::OsString, path::PathBuf, time::Duration};

use airworthy_collect::Limits;
use airworthy_drivers::{Means, Program};
use airworthy_model::{Need, Policy};
use airworthy_store::Access;
use airworthy_upgrade::paths::Table;

/// Settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Tasks that are worked on at once.
    pub workers: usize,
    /// How long a worker holds a task without a sign of life.
    pub lease: Duration,
    /// How often a task may be begun.
    pub attempts: u32,
    /// How long a post-check request waits for its result.
    pub post_check_wait: Duration,
    /// How long the result of a pre-check may be used.
    pub result_expiry: Duration,
    /// How long a request waits for a cluster to tell its version.
    pub probe_deadline: Duration,
    /// Bounds of reading a cluster.
    pub limits: Limits,
    /// Facts that are not read.
    pub switched_off: BTreeSet<Need>,
    /// Decisions that checks depend on.
    pub policy: Policy,
    /// Where clusters may go to other than upstream.
    pub paths: Table,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 2,
            lease: Duration::from_secs(30),
            attempts: 5,
            post_check_wait: Duration::from_mins(1),
            result_expiry: Duration::from_hours(1),
            probe_deadline: Duration::from_secs(5),
            limits: Limits::default(),
            switched_off: BTreeSet::new(),
            policy: Policy::default(),
            check_before_upgrade: CheckBeforeUpgrade::default(),
            clusters: Vec::new(),
            upgrades: PathBuf::from("airworthy.upgrades"),
            supervisor: Vec::new(),
            paths: Table::default(),
        }
    }
}
