//! What a caller decides about one upgrade, over what the configuration says.

use std::path::PathBuf;

use airworthy_model::Policy;
use clap::{Args, Subcommand, ValueEnum};

/// Decisions that change what checks say.
#[derive(Debug, Args)]
pub(crate) struct Decisions {
    /// What the upgrade touches: it changes how bad findings are
    #[arg(long, value_enum, alias = "scope")]
    pub(crate) rollout: Option<Rollout>,
    /// Who runs the control plane; a provider's flags, feature gates and files are not asked for
    #[arg(long, value_enum, value_name = "WHO")]
    pub(crate) control_plane: Option<ControlPlane>,
    /// Risks that are accepted, each with owner, reason and end: a TOML or YAML file (may be given several times) [default: that of
    /// the configuration]
    #[arg(long, value_name = "FILE")]
    pub(crate) waivers: Vec<PathBuf>,
}

impl Decisions {
    /// Puts what was said into a policy.
    pub(crate) fn apply(&self, policy: &mut Policy) {
        if let Some(rollout) = self.rollout {
            policy.rollout = rollout.into();
        }
        if let Some(who) = self.control_plane {
            policy.control_plane = who.into();
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rollout {
    /// Control plane and nodes: every node is drained once
    Nodes,
    /// The control plane alone
    ControlPlane,
    /// A patch release of the control plane: no minor is crossed, no node is drained
    Patch,
}

impl From<Rollout> for airworthy_model::Rollout {
    fn from(rollout: Rollout) -> Self {
        match rollout {
            Rollout::Nodes => Self::Nodes,
            Rollout::ControlPlane => Self::ControlPlane,
            Rollout::Patch => Self::Patch,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ControlPlane {
    /// What versions and nodes tell
    Detect,
    /// The operator of the cluster
    SelfManaged,
    /// A provider
    Managed,
}

impl From<ControlPlane> for airworthy_model::ControlPlane {
    fn from(who: ControlPlane) -> Self {
        match who {
            ControlPlane::Detect => Self::Detect,
            ControlPlane::SelfManaged => Self::SelfManaged,
            ControlPlane::Managed => Self::Managed,
        }
    }
}

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Exit codes:
  0  every waiver can be used
  1  some have ended: what they cover counts again
  2  usage error, or the file cannot be used")]
pub(crate) enum Waivers {
    /// Say what a file of waivers holds, and what is wrong in it
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
