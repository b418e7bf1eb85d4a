//! The API server itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use crate::version::{KubeVersion, Minor};

/// `/version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// `gitVersion`.
    pub version: KubeVersion,
    /// The minor it behaves as, where that differs from the binary (since 1.31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emulation: Option<Minor>,
}

/// `/readyz?verbose` and `/livez?verbose`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Checks of `/readyz`.
    pub ready: Vec<HealthCheck>,
    /// Checks of `/livez`.
    pub live: Vec<HealthCheck>,
    /// Certificates at its address; absent where they could not be looked at, such as behind a proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Box<ServerCertificates>>,
}

/// The certificates by which a client knows an API server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerCertificates {
    /// What the address shows: that of the API server, or of what stands in front of it.
    pub serving: Certificate,
    /// Of the authorities that our configuration trusts, the one that ends last; absent where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Certificate>,
    /// When our own client certificate ends, where we have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ours_ends: Option<Timestamp>,
}

/// One line of a verbose health answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheck {
    /// Name, such as `etcd`.
    pub name: String,
    /// `[+]` or `[-]`.
    pub ok: bool,
}

/// A lease of `coordination.k8s.io`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// Namespace.
    pub namespace: String,
    /// Name, such as `kube-scheduler`.
    pub name: String,
    /// Who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Last renewal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<Timestamp>,
    /// How long a renewal holds, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<i32>,
}

/// What the API server that answered counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// When that process started: counters and gauges tell of the time since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_started: Option<Timestamp>,
    /// Deprecated APIs requested since then.
    pub deprecated_requests: Vec<DeprecatedRequest>,
    /// Stored objects by `resource.group` (`resource` for the core group). Negative: the server does not know.
    pub object_counts: BTreeMap<String, i64>,
    /// Bytes that the databases below it take on disk, one entry each; empty where the server does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage_bytes: Vec<u64>,
    /// Requests to the store that ended with an error since the start; absent where the server does not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_errors: Option<u64>,
    /// Requests with a client certificate that was to end within so many seconds, each including the lesser ones; by seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub client_certificates: BTreeMap<u64, u64>,
    /// Calls of webhooks and aggregated APIs whose certificate has a fault, by the name of the metric; only what is not zero.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub certificate_faults: BTreeMap<String, u64>,
    /// Requests that it answered since then; absent of recordings of before it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    /// Admission webhooks that fail closed and could not always be called; by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhook_calls: Vec<WebhookCalls>,
}

/// Calls of an admission webhook by one API server process, some of which failed, so that what it guards was refused
/// (`apiserver_admission_webhook_rejection_count` with `calling_webhook_error`, and
/// `apiserver_admission_webhook_admission_duration_seconds`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WebhookCalls {
    /// Name of the webhook, not of its configuration.
    pub name: String,
    /// Calls that failed: nobody answered in time, or not as a webhook does.
    pub failed: u64,
    /// Calls that were answered, with a refusal or without.
    pub answered: u64,
}

/// Requests that an API server process answered, watches among them once they have ended. Errors and refusals are those of its own:
/// about kinds that it stores itself, without evictions, answers of kubelets and pods, and webhooks that could not be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answers {
    /// All of them.
    pub all: u64,
    /// Those with a status of 500 and above.
    pub errors: u64,
    /// Those with status 429: it had too much to do.
    pub throttled: u64,
}

/// One series of `apiserver_requested_deprecated_apis`, which stays 1 until that process ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeprecatedRequest {
    /// API group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Plural resource.
    pub resource: String,
    /// Subresource, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subresource: String,
    /// First minor that does not serve it, as the server says; absent where none is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_release: Option<Minor>,
    /// Requests by verb, where `apiserver_request_total` tells.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub verbs: BTreeMap<String, u64>,
}

/// Whether our identity may do one thing that a need asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// `list` or `get`.
    pub verb: String,
    /// API group, for resources.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Resource, or path when it begins with `/`.
    pub resource: String,
    /// The server's answer.
    pub allowed: bool,
}

/// How the reading itself went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CollectionReport {
    /// Requests sent.
    pub requests: u64,
    /// Body bytes received.
    pub bytes: u64,
    /// How many seconds the reading took, rounded up: what was read last is so much younger than the time of reading, which is when it
    /// began. 0 when nobody measured it.
    #[serde(default, skip_serializing_if = "super::usage::is_zero")]
    pub seconds: u64,
    /// What did not go as it should although facts came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<CollectionNote>,
}

/// Something that limits how far facts can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CollectionNote {
    /// What it concerns: a path.
    pub source: String,
    /// What happened, for people.
    pub detail: String,
    /// Whether facts may be incomplete because of it.
    pub incomplete: bool,
}
