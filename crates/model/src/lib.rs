//! The words of the domain: versions and paths, facts and what is missing of them, what a check is, findings, verdicts.
//!
//! Plain data. Nothing here reads a file, a socket or a clock, and nothing here knows where facts come from.

pub mod addon_version;
pub mod address;
pub mod assessment;
pub mod audit;
pub mod check;
pub mod config_maps;
pub mod constraint;
pub mod difference;
pub mod facts;
pub mod finding;
pub mod need;
pub mod policy;
pub mod role;
pub mod steps;
pub mod version;
pub mod waiver;

pub use addon_version::AddonVersion;
pub use assessment::{Assessment, CheckResult, Coverage, Scope, Status, Verdict};
pub use check::{CheckInfo, Group, Kind, Phase};
pub use config_maps::CONFIG_MAPS;
pub use constraint::{Admitted, BadConstraint, KubeConstraint};
pub use facts::Facts;
pub use finding::{Breaks, Evidence, EvidenceKind, Finding, Fix, Severity, Subject};
pub use need::{Access, Missing, Need, Reason};
pub use policy::{ControlPlane, NodeOrder, Pace, Policy, Rollout};
pub use role::Role;
pub use steps::{Part, Step};
pub use version::{Hop, KubeVersion, Minor, UpgradePath};
pub use waiver::{Waived, Waiver, WaiverFault, WaiverNote};
