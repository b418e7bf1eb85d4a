//! What APIs the server offers: built in, by definition, by aggregation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    certificate::CaBundle,
    common::{Condition, Deletion, ServiceRef},
};

/// Discovery: what is served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Served {
    /// Resources that can be addressed, subresources left out.
    pub resources: Vec<ServedResource>,
    /// Group-versions whose discovery failed or is stale.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
}

impl Served {
    /// A resource at a version of a group, where it is served.
    pub fn resource(&self, group: &str, version: &str, resource: &str) -> Option<&ServedResource> {
        self.resources
            .iter()
            .find(|r| r.group == group && r.version == version && r.resource == resource)
    }

    /// Whether a resource is served at a version of a group.
    pub fn serves(&self, group: &str, version: &str, resource: &str) -> bool {
        self.resource(group, version, resource).is_some()
    }
}

/// One resource at one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedResource {
    /// API group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Plural name.
    pub resource: String,
    /// Kind.
    pub kind: String,
    /// Whether objects have a namespace.
    pub namespaced: bool,
    /// Whether it can be listed.
    pub listable: bool,
}

/// A custom resource definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Crd {
    /// `plural.group`.
    pub name: String,
    /// Group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Plural.
    pub plural: String,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// `spec.versions`.
    pub versions: Vec<CrdVersion>,
    /// `status.storedVersions`.
    pub stored_versions: Vec<String>,
    /// Conditions.
    pub conditions: Vec<Condition>,
    /// How versions are converted.
    pub conversion: Conversion,
    /// What the API server trusts the webhook that converts by; absent for the roots of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion_ca: Option<CaBundle>,
    /// Since when it is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Box<Deletion>>,
    /// What one-object lists at served versions answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<CrdProbe>,
}

impl Crd {
    /// How many objects a list found, where one told.
    #[must_use]
    pub fn objects(&self) -> Option<u64> {
        self.probes.iter().find_map(|probe| probe.objects)
    }
}

/// One version of a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrdVersion {
    /// Name, such as `v1beta1`.
    pub name: String,
    /// Served.
    pub served: bool,
    /// The storage version.
    pub storage: bool,
    /// Marked deprecated by its author.
    #[serde(default)]
    pub deprecated: bool,
}

/// How a definition converts between versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Conversion {
    /// Only apiVersion changes.
    None,
    /// By a webhook; the Service, unless it is called by URL.
    Webhook(Option<ServiceRef>),
}

/// One list with limit 1 at a served version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrdProbe {
    /// Version asked for.
    pub version: String,
    /// HTTP status; 0 when there was no answer.
    pub status: u16,
    /// The server's message when it was not 200.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How many objects there are, as that list says: those on it and `metadata.remainingItemCount`. Absent where it does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
}

/// A registration of an aggregated API, or of a local group-version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiService {
    /// `version.group`.
    pub name: String,
    /// Group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Back end; absent for what the API server serves itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceRef>,
    /// Conditions, `Available` above all; as of the second sample where one was taken.
    pub conditions: Vec<Condition>,
    /// Whether a second sample was taken because the first was bad and young.
    #[serde(default)]
    pub resampled: bool,
}
