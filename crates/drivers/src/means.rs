//! By what means a cluster is upgraded, as its operator decided.

use std::{path::PathBuf, time::Duration};

/// By what means a cluster is upgraded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Means {
    /// Somebody else upgrades it; airworthy watches until it is done.
    #[default]
    Observe,
    /// A program of the operator's upgrades it.
    Command(Program),
    /// Cluster API upgrades it, because airworthy changes the version of its objects.
    ClusterApi(Management),
}

impl Means {
    /// The word of the configuration.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Command(_) => "command",
            Self::ClusterApi(_) => "cluster-api",
        }
    }
}

/// A program of the operator's. No shell is involved, and no caller of the service can change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The file, or a bare name that is looked for on the `PATH`.
    pub file: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Names of variables that it inherits besides `PATH` and `HOME`.
    pub environment: Vec<String>,
    /// How long it may run; then its process group is ended.
    pub deadline: Duration,
}

impl Program {
    /// The usual deadline: 4 hours.
    pub const DEADLINE: Duration = Duration::from_hours(4);
}

/// A cluster in the eyes of Cluster API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Management {
    /// Opens the management cluster.
    pub kubeconfig: PathBuf,
    /// Context in it; `None` is the current one.
    pub context: Option<String>,
    /// Namespace of the `Cluster` object.
    pub namespace: String,
    /// Name of the `Cluster` object.
    pub name: String,
}
