//! What a caller decides about one upgrade, over what the configuration says.

use std::path::PathBuf;

use airworthy_model::{Pace, Policy, facts::IntOrPercent, policy::StandsStill};
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
    /// Nodes added before others are drained, which are then replaced: a number or a share of all
    #[arg(long, value_name = "N|%")]
    pub(crate) surge: Option<IntOrPercent>,
    /// Nodes that may lack at a time while they are drained: a number or a share of all [default: 1, with a surge 0]
    #[arg(long, value_name = "N|%")]
    pub(crate) batch: Option<IntOrPercent>,
    /// Which nodes are drained first
    #[arg(long, value_enum)]
    pub(crate) order: Option<NodeOrder>,
    /// Risks that are accepted, each with owner, reason and end: a TOML or YAML file (may be given several times) [default: that of
    /// the configuration]
    #[arg(long, value_name = "FILE")]
    pub(crate) waivers: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) own: OwnChecks,
}

/// Checks that users wrote.
#[derive(Debug, Default, Args)]
pub(crate) struct OwnChecks {
    /// Checks of your own: a YAML file of expressions over facts (may be given several times) [default: those of the configuration]
    #[arg(long = "checks", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

impl Decisions {
    /// Puts what was said into a policy; refuses a pace at which no node moves.
    pub(crate) fn apply(&self, policy: &mut Policy) -> Result<(), StandsStill> {
        if let Some(rollout) = self.rollout {
            policy.rollout = rollout.into();
        }
        if let Some(who) = self.control_plane {
            policy.control_plane = who.into();
        }
        let said = policy.pace.with(&Pace {
            surge: self.surge.clone(),
            batch: self.batch.clone(),
            order: self.order.map(Into::into),
        });
        policy.pace = said.moving()?;
        Ok(())
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
pub(crate) enum NodeOrder {
    /// By name
    Name,
    /// Pool after pool
    Pool,
    /// The oldest first
    Age,
}

impl From<NodeOrder> for airworthy_model::NodeOrder {
    fn from(order: NodeOrder) -> Self {
        match order {
            NodeOrder::Name => Self::Name,
            NodeOrder::Pool => Self::Pool,
            NodeOrder::Age => Self::Age,
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
pub(crate) enum Waivers {
    /// Say what a file of waivers holds, and what is wrong in it
    #[command(after_help = "\
Exit codes:
  0  every waiver can be used
  1  some have ended: what they cover counts again
  2  usage error, or the file cannot be used")]
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
