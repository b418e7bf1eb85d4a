//! How traffic gets in, and what may pass.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    common::{Condition, Deletion},
    network::LooseAddress,
};

/// An ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// Namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// `spec.ingressClassName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Annotation `kubernetes.io/ingress.class`, which came before the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_annotation: Option<String>,
    /// Names of annotations that put text into the configuration of a controller (`…-snippet`); never their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snippets: Vec<String>,
    /// Services that it leads to, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Secrets of its certificates, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tls_secrets: Vec<String>,
    /// Addresses or host names in `status.loadBalancer`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Addresses that are not written as strict validation wants them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loose_addresses: Vec<LooseAddress>,
    /// Since when it is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Box<Deletion>>,
}

/// An ingress class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressClass {
    /// Name.
    pub name: String,
    /// `spec.controller`, such as `k8s.io/ingress-nginx`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub controller: String,
    /// Annotation `ingressclass.kubernetes.io/is-default-class`, true.
    #[serde(default)]
    pub is_default: bool,
}

/// A gateway or an HTTP route of the Gateway API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// Namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `Gateway` or `HTTPRoute`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Class of a gateway, which names its controller.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// Addresses at which a gateway is reached: its status, sorted; at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Conditions: of a gateway its own; of a route the worst of each type over all gateways that it is attached to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// A network policy, of which only addresses count that strict validation refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicy {
    /// Namespace; empty for what has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Addresses that are not written as strict validation wants them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loose_addresses: Vec<LooseAddress>,
}
