//! Who may do what, and by which credentials.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A role or cluster role of which some rule counts, with who is bound to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// Namespace; empty for a cluster role.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Label `kubernetes.io/bootstrapping` with the value `rbac-defaults`: the API server itself keeps it up.
    #[serde(default)]
    pub built_in: bool,
    /// Its rules on what checks ask for: subresources of pods, claims of devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RoleRule>,
    /// Who is bound to it, such as `ServiceAccount shop/web`, up to 20; each once, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bound: Vec<String>,
}

/// A rule of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleRule {
    /// Verbs, or `*`.
    #[serde(default)]
    pub verbs: Vec<String>,
    /// API groups, or `*`.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Resources with their subresources, or `*`.
    #[serde(default)]
    pub resources: Vec<String>,
}

/// A service account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Secrets that `secrets` names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// A Secret that holds a token of a service account: never its data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenSecret {
    /// Namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Annotation `kubernetes.io/service-account.name`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// Label `kubernetes.io/legacy-token-last-used`, a day such as `2026-10-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<String>,
    /// Label `kubernetes.io/legacy-token-invalid-since`, a day: since then the token is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid_since: Option<String>,
}

/// A request for a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Csr {
    /// Name.
    pub name: String,
    /// `spec.signerName`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signer: String,
    /// `spec.username`: who asks, `system:node:NAME` for kubelets that renew.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub requestor: String,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// It was approved or denied, or failed: nobody has to decide about it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decided: bool,
}
