//! One finding of a report.

use airworthy_model as model;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Hop,
    words::{Breaks, EvidenceKind, Severity},
};

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Name of the check.
    pub check: String,
    /// How bad.
    pub severity: Severity,
    /// The step of the path that meets it; absent when it does not depend on the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop: Option<Hop>,
    /// What it is about.
    pub subject: Subject,
    /// Where in a file, for findings from files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// One sentence without full stop.
    pub message: String,
    /// What was seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What stops working, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<Breaks>,
    /// The client that calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
    /// Who owns the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The setting at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<Setting>,
    /// The API version at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    /// All objects that it is about, where the subject is their owner.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Subject>,
    /// What to do, step by step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<Fix>,
    /// Stays the same when the same thing is found again: in another run, in other words, at another version.
    pub fingerprint: String,
}

/// The object that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Group and version, such as `policy/v1`.
    pub api_version: String,
    /// Kind, such as `PodDisruptionBudget`.
    pub kind: String,
    /// Namespace, for namespaced objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Path as given.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// Document in its file, from 0.
    pub document: u32,
}

/// One thing that was seen, where and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What it proves.
    pub kind: EvidenceKind,
    /// Where it was read: an API path or a file.
    pub source: String,
    /// When it was seen; absent where the source does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub observed_at: Option<String>,
    /// What was seen, for people.
    pub detail: String,
}

/// A client of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// User name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// User agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// Who owns the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Kind of the owner.
    pub kind: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A setting that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Field path, such as `spec.maxUnavailable`.
    pub field: String,
    /// What is there.
    pub value: String,
    /// What should be there, where that is one value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// An API version that a finding is about. Minors are written as `1.31`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Api {
    /// Request path, such as `/apis/policy/v1beta1/podsecuritypolicies`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Group and version, such as `policy/v1beta1`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Kind, where it is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// First minor that marks it deprecated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// First minor that does not serve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
    /// Group and version to use instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// First minor that serves the replacement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement_since: Option<String>,
}

/// One step that repairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// What to do, as a sentence.
    pub text: String,
    /// A command that does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// A patch that does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
}

impl From<&model::Finding> for Finding {
    fn from(finding: &model::Finding) -> Self {
        Self {
            check: finding.check.clone(),
            severity: finding.severity.into(),
            hop: finding.hop.map(Into::into),
            subject: (&finding.subject).into(),
            location: finding.location.as_ref().map(Into::into),
            message: finding.message.clone(),
            evidence: finding.evidence.iter().map(Into::into).collect(),
            breaks: finding.breaks.map(Into::into),
            caller: finding.caller.as_ref().map(Into::into),
            owner: finding.owner.as_ref().map(Into::into),
            setting: finding.setting.as_ref().map(Into::into),
            api: finding.api.as_ref().map(Into::into),
            objects: finding.objects.iter().map(Into::into).collect(),
            fix: finding.fix.iter().map(Into::into).collect(),
            fingerprint: finding.fingerprint(),
        }
    }
}

impl From<&model::Subject> for Subject {
    fn from(subject: &model::Subject) -> Self {
        Self {
            api_version: subject.api_version.clone(),
            kind: subject.kind.clone(),
            namespace: subject.namespace.clone(),
            name: subject.name.clone(),
        }
    }
}

impl From<&model::finding::Location> for Location {
    fn from(location: &model::finding::Location) -> Self {
        Self {
            file: location.file.clone(),
            line: location.line,
            column: location.column,
            document: location.document,
        }
    }
}

impl From<&model::Evidence> for Evidence {
    fn from(evidence: &model::Evidence) -> Self {
        Self {
            kind: evidence.kind.into(),
            source: evidence.source.clone(),
            observed_at: evidence.observed_at.map(|time| time.to_string()),
            detail: evidence.detail.clone(),
        }
    }
}

impl From<&model::finding::Caller> for Caller {
    fn from(caller: &model::finding::Caller) -> Self {
        Self {
            user: caller.user.clone(),
            user_agent: caller.user_agent.clone(),
        }
    }
}

impl From<&model::finding::Owner> for Owner {
    fn from(owner: &model::finding::Owner) -> Self {
        Self {
            kind: owner.kind.clone(),
            namespace: owner.namespace.clone(),
            name: owner.name.clone(),
        }
    }
}

impl From<&model::finding::Setting> for Setting {
    fn from(setting: &model::finding::Setting) -> Self {
        Self {
            field: setting.field.clone(),
            value: setting.value.clone(),
            expected: setting.expected.clone(),
        }
    }
}

impl From<&model::finding::AffectedApi> for Api {
    fn from(api: &model::finding::AffectedApi) -> Self {
        Self {
            url: api.url.clone(),
            api_version: api.api_version.clone(),
            kind: api.kind.clone(),
            deprecated: api.deprecated.map(|minor| minor.to_string()),
            removed: api.removed.map(|minor| minor.to_string()),
            replacement: api.replacement.clone(),
            replacement_since: api.replacement_since.map(|minor| minor.to_string()),
        }
    }
}

impl From<&model::Fix> for Fix {
    fn from(fix: &model::Fix) -> Self {
        Self {
            text: fix.text.clone(),
            command: fix.command.clone(),
            patch: fix.patch.clone(),
        }
    }
}
