//! The words of the domain: versions and paths, facts and what is missing of them, what a check is, findings, verdicts.
//!
//! Plain data. Nothing here reads a file, a socket or a clock, and nothing here knows where facts come from.

pub mod assessment;
pub mod audit;
pub mod check;
pub mod facts;
pub mod finding;
pub mod need;
pub mod policy;
pub mod role;
pub mod version;

pub use assessment::{Assessment, CheckResult, Coverage, Scope, Status, Verdict};
pub use check::{CheckInfo, Group, Kind, Phase};
pub use facts::Facts;
pub use finding::{Breaks, Evidence, EvidenceKind, Finding, Fix, Severity, Subject};
pub use need::{Access, Missing, Need, Reason};
pub use policy::{ControlPlane, Policy, Rollout};
pub use role::Role;
pub use version::{Hop, KubeVersion, Minor, UpgradePath};
