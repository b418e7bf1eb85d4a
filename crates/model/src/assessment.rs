//! The outcome of a run: what each check said, and the verdict that follows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    check::Phase,
    facts::ClusterIdentity,
    finding::{Finding, Severity},
    need::Missing,
    steps::Step,
    version::{KubeVersion, UpgradePath},
    waiver::{Waived, WaiverNote},
};

/// The answer. Ordered from best to worst: unknown outranks ready, a blocker outranks unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing stands in the way.
    Ready,
    /// Risks that somebody must accept.
    ReadyWithRisks,
    /// Something that could be a blocker could not be looked at.
    CannotDetermine,
    /// A blocker.
    NotReady,
}

/// What a check concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It found something (possibly beside evidence that lacks).
    Found,
    /// It looked and found nothing.
    Clear,
    /// It could not look.
    Unknown,
    /// It has no meaning on this path or cluster.
    NotApplicable,
    /// The caller left it out.
    Skipped,
    /// All its findings are accepted.
    Waived,
}

/// What one check said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckResult {
    /// Name of the check.
    pub check: String,
    /// Conclusion.
    pub status: Status,
    /// Evidence that lacks; may stand beside findings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// Whether the check can reach a blocker on this path: then its unknown makes the verdict *cannot determine*.
    pub can_block: bool,
    /// Why it has no meaning here, or why it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Whether everything that applies was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// All checks that apply.
    Full,
    /// Something was left out by choice; the verdict never says the bare word *ready*.
    Partial,
}

/// How many checks reached a conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Checks that decided: found or clear, with nothing missing.
    pub decided: usize,
    /// Checks that were to decide: all but skipped and not applicable.
    pub applicable: usize,
}

/// Everything there is to say about one run on one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    /// Before or after the upgrade.
    pub phase: Phase,
    /// The answer.
    pub verdict: Verdict,
    /// Whether everything that applies was looked at.
    pub scope: Scope,
    /// Which cluster.
    pub cluster: ClusterIdentity,
    /// Version that runs; absent when files were judged and no cluster.
    pub version: Option<KubeVersion>,
    /// When the facts were read.
    pub observed_at: Timestamp,
    /// The way that was judged; a post-check has the way that was gone, where the baseline tells it.
    pub path: Option<UpgradePath>,
    /// Which knowledge judged: its version text.
    pub knowledge: String,
    /// What each check said, in catalogue order.
    pub checks: Vec<CheckResult>,
    /// What was found and counts, worst first.
    pub findings: Vec<Finding>,
    /// What was found, or lacks, and does not count because it is accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<Waived>,
    /// What is to be said of waivers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiver_notes: Vec<WaiverNote>,
    /// The steps of the upgrade, in order, of a pre-check whose beginning is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Step>,
}

impl Assessment {
    /// Findings of one severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.severity == severity)
    }

    /// Checks that lack evidence, whether or not they found something beside.
    pub fn undecided(&self) -> impl Iterator<Item = &CheckResult> {
        self.checks
            .iter()
            .filter(|check| !check.missing.is_empty() || check.status == Status::Unknown)
    }

    /// How many checks reached a conclusion.
    pub fn coverage(&self) -> Coverage {
        let applies =
            |c: &&CheckResult| !matches!(c.status, Status::Skipped | Status::NotApplicable);
        let applicable = self.checks.iter().filter(applies).count();
        let undecided = self.undecided().filter(applies).count();
        Coverage {
            decided: applicable - undecided,
            applicable,
        }
    }

    /// Names of the checks that the caller left out.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.checks
            .iter()
            .filter(|c| c.status == Status::Skipped)
            .map(|c| c.check.as_str())
    }
}
