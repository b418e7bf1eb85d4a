//! What a check found: one type for all checks, with the evidence by name.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::version::{Hop, Minor};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Worth knowing, changes nothing. `Info` on the wire.
    Note,
    /// Somebody must accept it. `Warning` on the wire.
    Risk,
    /// The upgrade must not start. `Fatal` on the wire.
    Blocker,
}

/// The object that a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Group and version, such as `policy/v1`.
    pub api_version: String,
    /// Kind, such as `PodDisruptionBudget`.
    pub kind: String,
    /// Namespace, for namespaced objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid, where known; not part of the identity (a node that comes back has another).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

impl Subject {
    /// A subject without namespace.
    pub fn cluster(api_version: &str, kind: &str, name: &str) -> Self {
        Self {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: None,
            name: name.into(),
            uid: None,
        }
    }

    /// A namespaced subject.
    pub fn namespaced(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            namespace: Some(namespace.into()),
            ..Self::cluster(api_version, kind, name)
        }
    }

    /// The same subject with its uid.
    #[must_use]
    pub fn with_uid(self, uid: &str) -> Self {
        Self {
            uid: Some(uid.into()),
            ..self
        }
    }

    /// The API group, without version; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// `namespace/name`, or the name alone.
    pub fn path(&self) -> String {
        self.namespace.as_ref().map_or_else(
            || self.name.clone(),
            |namespace| format!("{namespace}/{}", self.name),
        )
    }
}

/// What a piece of evidence proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EvidenceKind {
    /// A client called an API.
    Call,
    /// A manager last wrote an object at a version.
    Writer,
    /// The next apply will send it.
    Reapply,
    /// It is stored and cannot be read at the target.
    Stored,
    /// The state of an object as the API server reports it.
    State,
}

/// One thing that was seen, where and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What it proves.
    pub kind: EvidenceKind,
    /// Where it was read: an API path or a file.
    pub source: String,
    /// When it was seen; absent where the source does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Timestamp>,
    /// What was seen, for people.
    pub detail: String,
}

impl Evidence {
    /// The state of an object, as read from `source`.
    pub fn state(
        source: impl Into<String>,
        observed_at: Timestamp,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: EvidenceKind::State,
            source: source.into(),
            observed_at: Some(observed_at),
            detail: detail.into(),
        }
    }
}

/// What stops working, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Breaks {
    /// A client that runs now.
    RunningClient,
    /// The next deploy.
    NextDeploy,
    /// Nothing: superseded since.
    Stale,
}

/// A client of the API, as an audit event names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// User name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// User agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// Who owns the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Kind of the owner.
    pub kind: String,
    /// Its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// One step that repairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// What to do, as a sentence.
    pub text: String,
    /// A command that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// A patch that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
}

/// A setting that is not what it should be; fills `configurationRisks` on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Field path, such as `spec.maxUnavailable`.
    pub field: String,
    /// What is there.
    pub value: String,
    /// What should be there, where that is one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// The API version that a finding is about; its URL fills `deprecatedAPIRisks` on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AffectedApi {
    /// Request path, such as `/apis/policy/v1beta1/podsecuritypolicies`.
    pub url: String,
    /// Group and version, such as `policy/v1beta1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Kind, where it is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// First minor that marks it deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Minor>,
    /// First minor that does not serve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Minor>,
    /// Group and version to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// First minor that serves the replacement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement_since: Option<Minor>,
}

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Name of the check. Filled by the engine.
    #[serde(default)]
    pub check: String,
    /// How bad.
    pub severity: Severity,
    /// The step of the path that meets it; absent when it does not depend on the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop: Option<Hop>,
    /// What it is about.
    pub subject: Subject,
    /// Where in a file, for findings from files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// One sentence without full stop, at most 200 characters.
    pub message: String,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<Breaks>,
    /// Who calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
    /// Who owns the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The setting at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting: Option<Setting>,
    /// The API at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<AffectedApi>,
    /// All objects it is about, where the subject is their owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Subject>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<Fix>,
    /// Tells two findings of one check on one subject apart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub discriminator: String,
}

/// Longest message of a finding, in characters. Names and texts of a cluster can be of any length.
const MESSAGE: usize = 200;

fn bounded(mut message: String) -> String {
    if message.chars().count() > MESSAGE {
        let end = message.char_indices().nth(MESSAGE - 1);
        message.truncate(end.map_or(0, |(end, _)| end));
        message.push('…');
    }
    message
}

impl Finding {
    /// A finding about `subject`. A message that is too long is cut, which an ellipsis says.
    pub fn new(severity: Severity, subject: Subject, message: impl Into<String>) -> Self {
        Self {
            check: String::new(),
            severity,
            hop: None,
            subject,
            location: None,
            message: bounded(message.into()),
            evidence: Vec::new(),
            breaks: None,
            caller: None,
            owner: None,
            setting: None,
            api: None,
            objects: Vec::new(),
            fix: Vec::new(),
            discriminator: String::new(),
        }
    }

    /// Adds evidence.
    #[must_use]
    pub fn because(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Adds a step of repair without a command.
    #[must_use]
    pub fn fix(mut self, text: impl Into<String>) -> Self {
        self.fix.push(Fix {
            text: text.into(),
            command: None,
            patch: None,
        });
        self
    }

    /// Adds a step of repair with its command.
    #[must_use]
    pub fn fix_with(mut self, text: impl Into<String>, command: impl Into<String>) -> Self {
        self.fix.push(Fix {
            text: text.into(),
            command: Some(command.into()),
            patch: None,
        });
        self
    }

    /// Names the setting at fault.
    #[must_use]
    pub fn setting(
        mut self,
        field: &str,
        value: impl Into<String>,
        expected: Option<&str>,
    ) -> Self {
        self.setting = Some(Setting {
            field: field.into(),
            value: value.into(),
            expected: expected.map(Into::into),
        });
        self
    }

    /// Names the step of the path.
    #[must_use]
    pub fn at(mut self, hop: Hop) -> Self {
        self.hop = Some(hop);
        self
    }

    /// Tells it apart from other findings of the same check on the same subject.
    #[must_use]
    pub fn telling_apart(mut self, discriminator: impl Into<String>) -> Self {
        self.discriminator = discriminator.into();
        self
    }

    /// An identity that survives rewording, other versions and other counts: a hash of check, subject and discriminator.
    pub fn fingerprint(&self) -> String {
        let subject = &self.subject;
        let namespace = subject.namespace.as_deref().unwrap_or_default();
        let parts = [
            &self.check,
            subject.group(),
            &subject.kind,
            namespace,
            &subject.name,
            &self.discriminator,
        ];
        let digest = Sha256::digest(parts.join("\u{1f}").as_bytes());
        digest
            .iter()
            .take(16)
            .fold(String::with_capacity(32), |mut text, byte| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        let subject =
            Subject::namespaced("policy/v1", "PodDisruptionBudget", "shop", "web").with_uid("u1");
        Finding {
            check: "PdbBlocksDrain".into(),
            ..Finding::new(Severity::Blocker, subject, "allows no eviction")
        }
    }

    #[test]
    fn fingerprint_ignores_what_may_change() {
        let mut other = finding();
        other.message = "reworded".into();
        other.severity = Severity::Note;
        other.subject.uid = Some("u2".into());
        other.subject.api_version = "policy/v1beta1".into();
        assert_eq!(other.fingerprint(), finding().fingerprint());
    }

    #[test]
    fn fingerprint_tells_subjects_apart() {
        let mut seen = std::collections::BTreeSet::from([finding().fingerprint()]);
        let changes: [fn(&mut Finding); 5] = [
            |f| f.check = "PdbOverlap".into(),
            |f| f.subject.api_version = "apps/v1".into(),
            |f| f.subject.namespace = None,
            |f| f.subject.name = "web2".into(),
            |f| f.discriminator = "x".into(),
        ];
        for change in changes {
            let mut other = finding();
            change(&mut other);
            assert!(seen.insert(other.fingerprint()));
        }
    }
}
