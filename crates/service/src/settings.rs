//! What the operator of the service decides.

use std::{collections::BTreeSet, ffi::OsString, path::PathBuf, time::Duration};

use airworthy_assess::Catalogue;
use airworthy_collect::Limits;
use airworthy_drivers::{Means, Program};
use airworthy_model::{ControlPlane, Need, Pace, Policy, Rollout};
use airworthy_store::Access;
use airworthy_upgrade::paths::Table;

use crate::SettleAt;

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
    /// When a cluster is looked at that settles after an upgrade.
    pub settle_at: SettleAt,
    /// How long a request waits for a cluster to tell its version.
    pub probe_deadline: Duration,
    /// Bounds of reading a cluster.
    pub limits: Limits,
    /// Facts that are not read.
    pub switched_off: BTreeSet<Need>,
    /// Decisions that checks depend on.
    pub policy: Policy,
    /// The checks there are.
    pub catalogue: Catalogue,
    /// A file of what is accepted of all clusters.
    pub waivers: Option<PathBuf>,
    /// Where clusters may go to other than upstream.
    pub paths: Table,
    /// Whether an upgrade makes its own check, or wants one that was made.
    pub check_before_upgrade: CheckBeforeUpgrade,
    /// What is decided about single clusters.
    pub clusters: Vec<ClusterSettings>,
    /// Name of the domain that all users and projects are in.
    pub domain: String,
    /// Where programs that upgrade clusters are run and their output is kept.
    pub upgrades: PathBuf,
    /// The command line that supervises a program, without the folder, which is its last argument.
    pub supervisor: Vec<OsString>,
}

/// What an upgrade asks of checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckBeforeUpgrade {
    /// It makes a whole pre-check as its first step, unless the caller leaves that out.
    #[default]
    Inside,
    /// Besides, it is accepted only with a successful pre-check of the same target that has not expired.
    Required,
}

impl CheckBeforeUpgrade {
    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Required => "required",
        }
    }
}

/// What the operator decided about one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSettings {
    /// Id or name of its project.
    pub project: String,
    /// Its name in the project.
    pub name: String,
    /// How it is reached by a caller who registers it, if it is offered to callers.
    pub offer: Option<Access>,
    /// What its upgrades touch, if not what the service's policy says.
    pub rollout: Option<Rollout>,
    /// Who runs its control plane, if not what the service's policy says.
    pub control_plane: Option<ControlPlane>,
    /// How its nodes are rolled, as far as it is not what the service's policy says.
    pub pace: Pace,
    /// Facts that are read of it although they are not read of other clusters.
    pub switched_on: BTreeSet<Need>,
    /// Facts that are not read of it.
    pub switched_off: BTreeSet<Need>,
    /// A file of what is accepted of it.
    pub waivers: Option<PathBuf>,
    /// How it is upgraded.
    pub driver: DriverSettings,
    /// Takes a backup of it.
    pub backup: Option<Program>,
}

impl ClusterSettings {
    /// A cluster about which nothing is decided.
    pub fn of(project: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            project: project.into(),
            name: name.into(),
            offer: None,
            rollout: None,
            control_plane: None,
            pace: Pace::default(),
            waivers: None,
            switched_on: BTreeSet::new(),
            switched_off: BTreeSet::new(),
            driver: DriverSettings::default(),
            backup: None,
        }
    }

    /// The policy of the service with what is decided about this cluster.
    pub fn policy(&self, general: &Policy) -> Policy {
        Policy {
            rollout: self.rollout.unwrap_or(general.rollout),
            control_plane: self.control_plane.unwrap_or(general.control_plane),
            pace: general.pace.with(&self.pace),
            ..general.clone()
        }
    }
}

/// How a cluster is upgraded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverSettings {
    /// By what means.
    pub means: Means,
    /// How long an upgrade may take.
    pub deadline: Duration,
    /// How long after that the cluster may take until it is seen to run the target version.
    pub grace: Duration,
}

impl Default for DriverSettings {
    fn default() -> Self {
        Self {
            means: Means::default(),
            deadline: Duration::from_hours(24),
            grace: Duration::from_mins(2),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 2,
            lease: Duration::from_secs(30),
            attempts: 5,
            post_check_wait: Duration::from_mins(1),
            result_expiry: Duration::from_hours(1),
            settle_at: SettleAt::default(),
            probe_deadline: Duration::from_secs(5),
            limits: Limits::default(),
            switched_off: BTreeSet::from(Need::OPT_IN),
            policy: Policy::default(),
            catalogue: Catalogue::default(),
            waivers: None,
            check_before_upgrade: CheckBeforeUpgrade::default(),
            clusters: Vec::new(),
            domain: "airworthy".to_owned(),
            upgrades: PathBuf::from("airworthy.upgrades"),
            supervisor: Vec::new(),
            paths: Table::default(),
        }
    }
}
