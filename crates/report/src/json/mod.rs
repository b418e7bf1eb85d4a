//! A report for machines: JSON of a fixed outline, and its JSON Schema. Members that have nothing to say are left out.

mod decided;
mod finding;
mod schema;
mod words;

use std::fmt::Write as _;

use airworthy_model::{self as model, Assessment};
use schemars::JsonSchema;
use serde::Serialize;

use crate::text::steers;

pub use decided::{Step, Waived, Waiver, WaiverNote};
pub use finding::{Api, Caller, Evidence, Finding, Fix, Location, Owner, Setting, Subject};
pub use schema::schema;
pub use words::{
    Breaks, EvidenceKind, Part, Phase, Reason, Scope, Severity, Status, Verdict, WaiverFault,
};

/// Whether a Kubernetes cluster is fit for an upgrade, or came out of one fit to serve, with the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "airworthy report")]
pub struct Report {
    /// The verdict as a sentence for people.
    pub message: String,
    /// The answer.
    pub verdict: Verdict,
    /// Whether everything that applies was looked at.
    pub scope: Scope,
    /// Before or after the upgrade.
    pub phase: Phase,
    /// The version to go to, as `v1.32` or `v1.32.4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The steps to the target, each judged by its own knowledge; a patch upgrade has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<Hop>>,
    /// Which cluster.
    pub cluster: Cluster,
    /// The version that runs; absent when files were judged and no cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When the facts were read.
    #[schemars(extend("format" = "date-time"))]
    pub observed_at: String,
    /// The version of the knowledge that judged.
    pub knowledge: String,
    /// How many checks reached a conclusion.
    pub coverage: Coverage,
    /// What each check said, in catalogue order.
    pub checks: Vec<Check>,
    /// What was found and counts, worst first.
    pub findings: Vec<Finding>,
    /// What was found, or lacks, and does not count because somebody accepted it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<Waived>,
    /// What is wrong with waivers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiver_notes: Vec<WaiverNote>,
    /// The steps of the upgrade, in the order in which they are to be taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Step>,
}

/// One step of the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hop {
    /// The minor that runs before it, such as `1.31`.
    pub from: String,
    /// The minor that runs after it.
    pub to: String,
}

/// Which cluster a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cluster {
    /// Context or registered name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address of the API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Uid of the namespace `kube-system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// How many checks reached a conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Coverage {
    /// Checks that decided, with nothing missing.
    pub decided: usize,
    /// Checks that were to decide: all but those skipped or not applicable.
    pub applicable: usize,
}

/// What one check said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Name of the check.
    pub check: String,
    /// Conclusion.
    pub status: Status,
    /// Whether it could have found a blocker on this path.
    pub can_block: bool,
    /// Evidence that lacks; may stand beside findings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// Why it has no meaning here, or why it was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Facts that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// Which facts, such as `pods`.
    pub need: String,
    /// The kind of obstacle.
    pub reason: Reason,
    /// What was asked and what was answered, for people.
    pub detail: String,
    /// What to do so that they can be read next time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

/// The report as indented JSON, with a line feed at its end.
pub fn render(assessment: &Assessment) -> String {
    to_text(&Report::from(assessment))
}

/// Indented JSON of data that has no way not to serialise.
pub(crate) fn to_text(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    escape(&text.expect("reports have only text keys and finite numbers")) + "\n"
}

/// JSON with escapes for the characters that JSON may hold raw and a terminal obeys. They stand only in strings, where an escape
/// means the same.
pub(crate) fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && (c.is_control() || steers(c)) {
            // Writing to a String cannot fail.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The name of a need in machine-readable output.
pub(crate) fn need_name(need: model::Need) -> String {
    match serde_json::to_value(need) {
        Ok(serde_json::Value::String(name)) => name,
        other => unreachable!("a need serialises to its name, not to {other:?}"),
    }
}

impl From<&Assessment> for Report {
    fn from(assessment: &Assessment) -> Self {
        let path = assessment.path.as_ref();
        let coverage = assessment.coverage();
        Self {
            message: crate::sentence(assessment),
            verdict: assessment.verdict.into(),
            scope: assessment.scope.into(),
            phase: assessment.phase.into(),
            target: path.map(|path| path.target.to_string()),
            path: path.map(|path| path.hops.iter().copied().map(Into::into).collect()),
            cluster: (&assessment.cluster).into(),
            version: assessment.version.as_ref().map(ToString::to_string),
            observed_at: assessment.observed_at.to_string(),
            knowledge: assessment.knowledge.clone(),
            coverage: Coverage {
                decided: coverage.decided,
                applicable: coverage.applicable,
            },
            checks: assessment.checks.iter().map(Into::into).collect(),
            findings: assessment.findings.iter().map(Into::into).collect(),
            waived: assessment.waived.iter().map(Into::into).collect(),
            waiver_notes: assessment.waiver_notes.iter().map(Into::into).collect(),
            plan: assessment.plan.iter().map(Into::into).collect(),
        }
    }
}

impl From<model::Hop> for Hop {
    fn from(hop: model::Hop) -> Self {
        Self {
            from: hop.from.to_string(),
            to: hop.to.to_string(),
        }
    }
}

impl From<&model::facts::ClusterIdentity> for Cluster {
    fn from(cluster: &model::facts::ClusterIdentity) -> Self {
        Self {
            name: cluster.name.clone(),
            server: cluster.server.clone(),
            uid: cluster.uid.clone(),
        }
    }
}

impl From<&model::CheckResult> for Check {
    fn from(result: &model::CheckResult) -> Self {
        Self {
            check: result.check.clone(),
            status: result.status.into(),
            can_block: result.can_block,
            missing: result.missing.iter().map(Into::into).collect(),
            why: result.why.clone(),
        }
    }
}

impl From<&model::Missing> for Missing {
    fn from(missing: &model::Missing) -> Self {
        Self {
            need: need_name(missing.need),
            reason: missing.reason.into(),
            detail: missing.detail.clone(),
            cure: missing.cure.clone(),
        }
    }
}
