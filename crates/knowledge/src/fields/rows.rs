//! What stands in the file.

use airworthy_model::Minor;
use serde::{Deserialize, Serialize};

use crate::{
    api::{Provenance, Span},
    spans,
};

/// One Go type of an API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TypeRow {
    /// Import path of the package. Its last part is the version of the kinds in it.
    pub package: String,
    /// Name of the type.
    #[serde(rename = "type")]
    pub name: String,
    /// The API groups that the package registers its kinds in; nothing for packages that are only used by others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Objects of this type have apiVersion and kind.
    #[serde(default, skip_serializing_if = "is_false")]
    pub kind: bool,
    /// The minors that have it.
    pub spans: Vec<Span>,
    /// It reads JSON in a way of its own, so nothing is known of what may be below.
    #[serde(default, skip_serializing_if = "is_false")]
    pub opaque: bool,
    /// Another type under this name, such as `[]Container`, `string` or `any`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The minors that take no other values than those listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<Span>,
    /// The values of a closed type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Marked>,
    /// Its members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldRow>,
    /// The file that declares it in the newest minor that has it.
    pub source: Provenance,
}

/// One member of a type. There are two of one name where the type of the member changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FieldRow {
    /// Name in JSON; empty where the members of the type stand in its place.
    pub name: String,
    /// Its type: `[]` and `{}` stand for lists and maps of what follows; a name without a package is of the same package.
    #[serde(rename = "type")]
    pub of: String,
    /// The minors that have it; none are written where it is there as long as the type is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// Feature gates that it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Marked>,
    /// Since when its documentation calls it deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
    /// The minors whose sources mark it as one that must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<Span>,
    /// Rules of declarative validation, such as `k8s:maxItems=32`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Marked>,
}

/// A text that held during some minors; none are written where it held as long as what it marks was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Marked {
    /// The text.
    pub text: String,
    /// When it held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

/// What the documentation of a field says of its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deprecation {
    /// The first minor whose sources said so, as far as all later ones do; the first that was read may not be the first that did.
    pub since: Minor,
    /// The newest words, cut after a sentence.
    pub words: String,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_false(value: &bool) -> bool {
    !value
}

impl TypeRow {
    /// The version of the kinds in the package.
    pub fn version(&self) -> &str {
        self.package.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn there(&self, minor: Minor) -> bool {
        spans::contains(&self.spans, minor)
    }

    /// The values that a minor takes, where it takes no others.
    pub(super) fn closed_values(&self, minor: Minor) -> Option<Vec<&str>> {
        spans::contains(&self.closed, minor).then(|| held(&self.values, minor).collect())
    }
}

impl FieldRow {
    pub(super) fn there(&self, minor: Minor) -> bool {
        self.spans.is_empty() || spans::contains(&self.spans, minor)
    }

    pub(super) fn gates(&self, minor: Minor) -> impl Iterator<Item = &str> {
        held(&self.gates, minor)
    }

    pub(super) fn rules(&self, minor: Minor) -> impl Iterator<Item = &str> {
        held(&self.rules, minor)
    }

    pub(super) fn required(&self, minor: Minor) -> bool {
        spans::contains(&self.required, minor)
    }
}

fn held(all: &[Marked], minor: Minor) -> impl Iterator<Item = &str> {
    all.iter()
        .filter(move |one| one.spans.is_empty() || spans::contains(&one.spans, minor))
        .map(|one| &*one.text)
}
