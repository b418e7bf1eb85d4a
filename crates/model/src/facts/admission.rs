//! Admission webhooks.

use serde::{Deserialize, Serialize};

use super::{
    certificate::CaBundle,
    common::{LabelSelector, Requirement, ServiceRef},
    node::Resources,
};

/// Which configuration a webhook stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WebhookKind {
    /// `ValidatingWebhookConfiguration`.
    Validating,
    /// `MutatingWebhookConfiguration`.
    Mutating,
}

impl WebhookKind {
    /// Kind of the configuration object.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Validating => "ValidatingWebhookConfiguration",
            Self::Mutating => "MutatingWebhookConfiguration",
        }
    }

    /// Plural resource.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Validating => "validatingwebhookconfigurations",
            Self::Mutating => "mutatingwebhookconfigurations",
        }
    }
}

/// What happens when a webhook cannot be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailurePolicy {
    /// The request is refused.
    Fail,
    /// The request passes unseen.
    Ignore,
}

/// One webhook of one configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Kind of its configuration.
    pub configuration_kind: WebhookKind,
    /// Name of its configuration.
    pub configuration: String,
    /// Its own name.
    pub name: String,
    /// What happens when it cannot be called.
    pub failure_policy: FailurePolicy,
    /// The Service it is called by; absent when it is called by URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceRef>,
    /// What it intercepts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<WebhookRule>,
    /// Which namespaces.
    #[serde(default)]
    pub namespace_selector: LabelSelector,
    /// Which objects.
    #[serde(default)]
    pub object_selector: LabelSelector,
    /// What the API server trusts its back end by; absent for the roots of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<CaBundle>,
    /// `timeoutSeconds`; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// `matchPolicy`; empty is `Equivalent`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub match_policy: String,
    /// How many match conditions (CEL) narrow it.
    #[serde(default)]
    pub match_conditions: u32,
    /// How many of them do more than leave out namespaces; absent in recordings of before that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque_conditions: Option<u32>,
    /// Namespaces that its match conditions leave out, as far as they are of the plain forms `request.namespace != "x"` and
    /// `!(request.namespace in ["x"])`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excepted_namespaces: Vec<String>,
    /// A match condition is the plain word `false`: it is never called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_called: bool,
}

/// What the API server lets new pods in by, beside webhooks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodAdmission {
    /// Names of priority classes.
    pub priority_classes: Vec<String>,
    /// Names of runtime classes.
    pub runtime_classes: Vec<String>,
    /// Quotas. Recordings of before scopes were read hold those without any.
    pub quotas: Vec<Quota>,
    /// What pods and containers have to keep to, and what is filled in for them.
    pub limit_ranges: Vec<LimitRange>,
}

/// What the containers and pods of a namespace have to keep to. What is for claims is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LimitRange {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The least request and limit of a container: `cpu` in thousandths, everything else in whole units, as all that follow.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub min: Resources,
    /// The highest limit, which a container must have then.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub max: Resources,
    /// The limit of a container that has none.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub limits: Resources,
    /// The request of a container that has none.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub requests: Resources,
    /// How many thousandths of its request a limit may be.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub ratio: Resources,
    /// What it holds against pods as a whole.
    #[serde(skip_serializing_if = "PodBounds::is_empty")]
    pub pods: PodBounds,
}

/// What the containers of one pod together have to keep to, in the units of [`LimitRange`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodBounds {
    /// The least request and limit.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub min: Resources,
    /// The highest limit, which there must be then.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub max: Resources,
    /// How many thousandths of the request the limit may be.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub ratio: Resources,
}

impl PodBounds {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.min.is_empty() && self.max.is_empty() && self.ratio.is_empty()
    }
}

/// A quota of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Quota {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `status.hard` and `status.used` of what pods use: `cpu` in thousandths, everything else in whole units.
    pub amounts: Vec<QuotaAmount>,
    /// Which pods it counts: those that meet all of these, by the name of the scope in `key`. `spec.scopes` and the expressions of
    /// `spec.scopeSelector`; empty for all pods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Requirement>,
}

/// How much of one resource there may be, and is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct QuotaAmount {
    /// Such as `pods`, `requests.cpu` or `count/pods`.
    pub resource: String,
    /// How much there may be.
    pub hard: u64,
    /// How much there is.
    pub used: u64,
}

/// A rule of a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRule {
    /// Operations, or `*`.
    pub operations: Vec<String>,
    /// API groups, or `*`.
    pub groups: Vec<String>,
    /// Versions, or `*`.
    pub versions: Vec<String>,
    /// Resources, or `*`.
    pub resources: Vec<String>,
    /// `Cluster`, `Namespaced` or `*`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
}
