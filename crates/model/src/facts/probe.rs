//! What pods on the nodes found out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The namespace in which everything of a probe is.
pub const PROBE_NAMESPACE: &str = "airworthy-probe";
/// The label that everything of a probe has, so that all of it is found again.
pub const PROBE_LABEL: (&str, &str) = ("app.kubernetes.io/managed-by", "airworthy");
/// The label of the namespace that says until when the probe may stand, in seconds since 1970.
pub const PROBE_EXPIRES: &str = "airworthy.dev/expires";

/// What was found out on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// Name of the node; empty while the pod has none.
    pub name: String,
    /// Name of the pod.
    pub pod: String,
    /// Creation of the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When its first container began to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it had looked at everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    /// Why its container waits, while it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub waiting: String,
    /// Whether the name of the API server's Service was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<bool>,
    /// Whether a name outside the cluster was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_dns: Option<bool>,
    /// Whether the API server's Service could be connected to, by its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<bool>,
    /// Whether a Service with pods on all nodes could be connected to, by its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<bool>,
    /// How many pods on nodes it tried to connect to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pods_tried: Option<u32>,
    /// How many of them answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pods_reached: Option<u32>,
}
