//! Webhook configurations.

use airworthy_model::facts::{self, FailurePolicy, ServiceRef, WebhookKind, WebhookRule};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer};

use super::{
    Wire,
    condition::{excepted_namespaces, is_never, is_opaque},
    meta::{LabelSelector, ObjectMeta, SelectorRequirement, nullable},
};

use crate::certificate;

/// The API server's default for a Service that names no port.
const HTTPS: i32 = 443;

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Validating {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub webhooks: Vec<ValidatingWebhook>,
}

impl Wire for Validating {
    const LIST: &'static str = "ValidatingWebhookConfigurationList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Mutating {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub webhooks: Vec<MutatingWebhook>,
}

impl Wire for Mutating {
    const LIST: &'static str = "MutatingWebhookConfigurationList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ValidatingWebhook {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, required, tag = "2")]
    pub client_config: ClientConfig,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub rules: Vec<RuleWithOperations>,
    #[prost(string, optional, tag = "4")]
    pub failure_policy: Option<String>,
    #[prost(message, optional, tag = "5")]
    pub namespace_selector: Option<LabelSelector>,
    #[prost(message, optional, tag = "10")]
    pub object_selector: Option<LabelSelector>,
    #[prost(int32, optional, tag = "7")]
    pub timeout_seconds: Option<i32>,
    #[prost(string, optional, tag = "9")]
    pub match_policy: Option<String>,
    #[prost(message, repeated, tag = "11")]
    #[serde(deserialize_with = "nullable")]
    pub match_conditions: Vec<MatchCondition>,
}

/// Like a validating one, but for the number of one member.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MutatingWebhook {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, required, tag = "2")]
    pub client_config: ClientConfig,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub rules: Vec<RuleWithOperations>,
    #[prost(string, optional, tag = "4")]
    pub failure_policy: Option<String>,
    #[prost(message, optional, tag = "5")]
    pub namespace_selector: Option<LabelSelector>,
    #[prost(message, optional, tag = "11")]
    pub object_selector: Option<LabelSelector>,
    #[prost(int32, optional, tag = "7")]
    pub timeout_seconds: Option<i32>,
    #[prost(string, optional, tag = "9")]
    pub match_policy: Option<String>,
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "nullable")]
    pub match_conditions: Vec<MatchCondition>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ClientConfig {
    #[prost(message, optional, tag = "1")]
    pub service: Option<ServiceReference>,
    /// PEM, in base64 when it comes as JSON.
    #[prost(bytes = "vec", tag = "2")]
    #[serde(deserialize_with = "base64")]
    pub ca_bundle: Vec<u8>,
}

/// Undoes what JSON needs for bytes; what is no base64 is kept as it came, and is no certificate then.
fn base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text: String = nullable(deserializer)?;
    Ok(STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes()))
}

/// A CEL expression that narrows a webhook.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct MatchCondition {
    #[prost(string, tag = "2")]
    pub expression: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ServiceReference {
    #[prost(string, tag = "1")]
    pub namespace: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(int32, optional, tag = "4")]
    pub port: Option<i32>,
}

impl From<ServiceReference> for ServiceRef {
    fn from(wire: ServiceReference) -> Self {
        Self {
            namespace: wire.namespace,
            name: wire.name,
            port: wire.port.unwrap_or(HTTPS),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RuleWithOperations {
    #[prost(string, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub operations: Vec<String>,
    #[prost(message, required, tag = "2")]
    #[serde(flatten)]
    pub rule: Rule,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Rule {
    #[prost(string, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub api_groups: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub api_versions: Vec<String>,
    #[prost(string, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub resources: Vec<String>,
    #[prost(string, optional, tag = "4")]
    pub scope: Option<String>,
}

impl From<RuleWithOperations> for WebhookRule {
    fn from(wire: RuleWithOperations) -> Self {
        Self {
            operations: wire.operations,
            groups: wire.rule.api_groups,
            versions: wire.rule.api_versions,
            resources: wire.rule.resources,
            scope: wire.rule.scope.unwrap_or_else(|| "*".into()),
        }
    }
}

/// An absent policy is `Fail`, and so is one that this program does not know: the strict reading warns.
pub(crate) fn failure_policy(wire: Option<&str>) -> FailurePolicy {
    match wire {
        Some("Ignore") => FailurePolicy::Ignore,
        _ => FailurePolicy::Fail,
    }
}

const OPERATORS: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];

/// The selector without requirements that nobody knows. They leave nothing out: the API server refuses what it cannot weigh.
pub(super) fn strictly(wire: Option<LabelSelector>) -> facts::LabelSelector {
    let mut selector = wire.unwrap_or_default();
    let known = |one: &SelectorRequirement| OPERATORS.contains(&one.operator.as_str());
    selector.match_expressions.retain(known);
    selector.into()
}

/// Namespaces that conditions leave out. All conditions must hold, so each may leave out some.
pub(super) fn excepted(conditions: &[MatchCondition]) -> Vec<String> {
    let expressions = conditions.iter().map(|one| one.expression.as_str());
    let mut names: Vec<_> = expressions.flat_map(excepted_namespaces).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// How many conditions do more than leave out namespaces.
fn opaque(conditions: &[MatchCondition]) -> u32 {
    let opaque = conditions.iter().filter(|one| is_opaque(&one.expression));
    number(opaque.count())
}

fn number(conditions: usize) -> u32 {
    u32::try_from(conditions).unwrap_or(u32::MAX)
}

macro_rules! webhooks_of {
    ($($configuration:ident: $kind:ident),*) => { $(
        impl $configuration {
            /// One fact a webhook.
            pub(crate) fn into_webhooks(self) -> impl Iterator<Item = facts::Webhook> {
                let configuration = self.metadata.name;
                self.webhooks.into_iter().map(move |wire| facts::Webhook {
                    configuration_kind: WebhookKind::$kind,
                    configuration: configuration.clone(),
                    name: wire.name,
                    failure_policy: failure_policy(wire.failure_policy.as_deref()),
                    service: wire.client_config.service.map(Into::into),
                    rules: wire.rules.into_iter().map(Into::into).collect(),
                    namespace_selector: strictly(wire.namespace_selector),
                    object_selector: strictly(wire.object_selector),
                    ca: certificate::bundle(&wire.client_config.ca_bundle),
                    timeout_seconds: wire.timeout_seconds,
                    match_policy: wire.match_policy.unwrap_or_default(),
                    match_conditions: number(wire.match_conditions.len()),
                    opaque_conditions: Some(opaque(&wire.match_conditions)),
                    excepted_namespaces: excepted(&wire.match_conditions),
                    never_called: wire.match_conditions.iter().any(|one| is_never(&one.expression)),
                })
            }
        }
    )* };
}

webhooks_of!(Validating: Validating, Mutating: Mutating);
