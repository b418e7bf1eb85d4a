//! Who uses which version of an API: writers of live objects, deployed Helm releases, GitOps sources, callers of the audit log,
//! files. Names and versions only: no value of any field is kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::workload::WorkloadKind;
use crate::{
    finding::{Location, Owner},
    need::Missing,
    version::Minor,
};

/// A kind of which the server serves a version whose end is known, and those of its objects that somebody wrote, or will apply
/// again, at such a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WrittenKind {
    /// API group; empty for the core group.
    pub group: String,
    /// Version at which its metadata was listed: one that the server does not call deprecated.
    pub read_at: String,
    /// Plural resource.
    pub resource: String,
    /// Kind.
    pub kind: String,
    /// Objects listed.
    #[serde(default)]
    pub objects: u64,
    /// Objects of which nothing tells who wrote them: somebody stripped their `managedFields`, and nobody applied them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub untold: u64,
    /// Objects that belong into `watched` and are beyond the bound on it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncounted: u64,
    /// Objects with a writer, or an annotation, at a version whose end is known; bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<WrittenObject>,
    /// Why it could not be listed; then all else tells nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Missing>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A live object that somebody wrote, or will apply again, at an API version whose end is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WrittenObject {
    /// Namespace, for namespaced objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Every entry of `managedFields`, in the server's order. Empty: somebody stripped them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writers: Vec<Writer>,
    /// `apiVersion` inside the annotation `kubectl.kubernetes.io/last-applied-configuration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_applied: Option<String>,
    /// Who says, by label, annotation or owner reference, that the object is theirs; the most specific first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<Owner>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_false(value: &bool) -> bool {
    !value
}

/// One entry of `managedFields`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Writer {
    /// Field manager, such as `kubectl-client-side-apply`.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// Subresource that was written, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subresource: String,
    /// Group and version at which the manager last wrote.
    pub api_version: String,
    /// When the manager last wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// How many fields outside `metadata` and `status` the manager set itself (what its last apply named, where that is known).
    #[serde(default)]
    pub fields: u32,
    /// Whether it is the manager that wrote the annotation which `last_applied` was read from.
    #[serde(default, skip_serializing_if = "is_false")]
    pub applies: bool,
    /// How many of those each entry of the object owns too, in the order of the entries; its own place holds `fields`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<u32>,
}

/// The revision of a Helm release that Helm builds its next upgrade on: the newest deployed one, or the newest where none is
/// deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmRelease {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Revision.
    pub revision: u32,
    /// Status, `deployed` as a rule. The payload of an `uninstalled` one is not read: nothing of it is built again.
    pub status: String,
    /// `Secret` or `ConfigMap`.
    pub stored_in: String,
    /// Name of that object.
    pub record: String,
    /// Chart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub chart: String,
    /// Version of the chart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub chart_version: String,
    /// `appVersion` of the chart: the version of what it installs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    /// `kubeVersion` of the chart: the constraint that Helm checks before it installs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kube_version: Option<String>,
    /// When it was deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<Timestamp>,
    /// When Helm last wrote the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
    /// How many objects its manifest and its hooks hold.
    #[serde(default)]
    pub objects: u32,
    /// Those at an API version, or with a field, whose end is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<DesiredObject>,
    /// Its workloads, as its manifest has them; bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<ReleaseWorkload>,
    /// Its Corefiles, as its manifest has them; bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corefiles: Vec<ReleaseCorefile>,
    /// How its values stand to the schema of its chart, where that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<ValuesVerdict>,
    /// The newest revision, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<NewestRevision>,
    /// Why its payload, or a part of it, could not be read; `watched` holds what could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How the values of a release, over those of its chart, stand to the chart's schema: what Helm holds against one another before it
/// renders. No value is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValuesVerdict {
    /// What the schema does not allow; the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<ValuesFault>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more: u32,
    /// Why nothing can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_none(number: &u32) -> bool {
    *number == 0
}

/// A place in values at which a schema does not allow what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValuesFault {
    /// JSON pointer; empty for the values as a whole.
    pub pointer: String,
    /// The keyword of the schema, such as `type` or `required`.
    pub keyword: String,
}

/// A workload in the manifest of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseWorkload {
    /// Kind.
    pub kind: WorkloadKind,
    /// Namespace; that of the release where the manifest names none.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Images of its pod template, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// How pods are replaced, such as `OnDelete`; empty where the manifest does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub strategy: String,
}

/// A Corefile in the manifest of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseCorefile {
    /// Namespace of its ConfigMap; that of the release where the manifest names none.
    pub namespace: String,
    /// Name of its ConfigMap.
    pub name: String,
    /// The digest of a Corefile, to be held against that of the live one.
    pub digest: String,
}

/// The newest revision of a release that is not the one which Helm builds upon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewestRevision {
    /// Revision.
    pub revision: u32,
    /// Status, such as `failed` or `pending-upgrade`.
    pub status: String,
    /// When Helm last wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
}

/// An object that somebody will send again, as its text has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredObject {
    /// Group and version, as written.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace, where the text names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name; empty where only `generateName` is given.
    pub name: String,
    /// Field paths whose end or beginning is known, in the dotted form of JSON names without list indexes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<DesiredField>,
    /// Where it stands, for objects from files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// A hook of its Helm release, such as `pre-upgrade`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
}

/// A field in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredField {
    /// Dotted JSON names without list indexes, such as `spec.resourceClaims.source`.
    pub path: String,
    /// Line in its file, from 1; 0 where it has none.
    #[serde(default)]
    pub line: u32,
    /// Column, from 1; 0 where it has none.
    #[serde(default)]
    pub column: u32,
}

/// What Argo CD or Flux keeps applying, as its own status tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitOpsSource {
    /// Group and version of the source object, such as `argoproj.io/v1alpha1`.
    pub api_version: String,
    /// `Application`, `Kustomization`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Where the manifests come from: repository and path, credentials removed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Revision that was last applied.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// When it was last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_at: Option<Timestamp>,
    /// Its objects at an API version whose end is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<DesiredObject>,
    /// Why not all that it applies is known; `watched` holds what is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What an audit log tells about calls at API versions whose end is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditLog {
    /// Files, or `webhook`.
    pub sources: Vec<String>,
    /// Events read.
    pub events: u64,
    /// Time of the earliest event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Time of the latest event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// One row an API version, resource, user and user agent; bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<ApiCaller>,
    /// Calls that were refused because nothing is served at their version, whose end is known: a row each like those above, where
    /// they do not count; bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<ApiCaller>,
    /// Calls by callers beyond the bound on rows.
    #[serde(default)]
    pub uncounted: u64,
    /// Client programs seen, whatever they called; bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientSeen>,
    /// Calls by clients beyond the bound on rows.
    #[serde(default)]
    pub uncounted_clients: u64,
    /// Lines and files that could not be read, the first of each kind with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Unreadable>,
    /// Lines that could not be read, all of them.
    #[serde(default)]
    pub unreadable: u64,
}

/// Calls of one client of one resource at one version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCaller {
    /// API group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Plural resource.
    pub resource: String,
    /// Subresource, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subresource: String,
    /// User name.
    pub user: String,
    /// User agent; empty when the client sent none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
    /// Calls by verb.
    pub verbs: BTreeMap<String, u64>,
    /// Calls.
    pub count: u64,
    /// Those of them that were answered with an error, such as 404 for an object that is not there.
    #[serde(default)]
    pub failed: u64,
    /// Earliest call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// Latest call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// First minor that does not serve it, as the server annotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_release: Option<Minor>,
}

/// A client program, as its user agent names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientSeen {
    /// User agent.
    pub user_agent: String,
    /// User name.
    pub user: String,
    /// Calls.
    pub count: u64,
    /// Latest call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

/// What the files hold that were given to be judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestTree {
    /// Paths as given; `-` for standard input.
    pub roots: Vec<String>,
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Objects found, list items counted one by one; those that were passed over without parsing are not among them.
    pub objects: u64,
    /// Objects at an API version, or with a field, whose end or beginning is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<DesiredObject>,
    /// What could not be read or was not rendered; each is something nobody looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Unreadable>,
    /// What was rendered before it was read, such as a chart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rendered: Vec<String>,
}

/// Something in a file that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreadable {
    /// Path as given.
    pub file: String,
    /// Line, from 1; 0 for the whole file.
    #[serde(default)]
    pub line: u64,
    /// Column, from 1; 0 for the whole line.
    #[serde(default)]
    pub column: u32,
    /// Why, for people.
    pub why: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}
