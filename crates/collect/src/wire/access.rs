//! Roles, bindings, service accounts, and the metadata of Secrets that hold their tokens.

use airworthy_model::facts::{self, RoleRule};
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, Pair, Time, nullable, pairs},
};

/// Defines a kind with metadata and one list beside it.
macro_rules! role_kind {
    ($($kind:ident: $list:literal),*) => { $(
        #[derive(Clone, PartialEq, prost::Message, Deserialize)]
        #[serde(default)]
        pub(crate) struct $kind {
            #[prost(message, required, tag = "1")]
            pub metadata: ObjectMeta,
            #[prost(message, repeated, tag = "2")]
            #[serde(deserialize_with = "nullable")]
            pub rules: Vec<PolicyRule>,
        }

        impl Wire for $kind {
            const LIST: &'static str = $list;
        }

        impl From<$kind> for facts::Role {
            fn from(wire: $kind) -> Self {
                role(wire.metadata, wire.rules)
            }
        }
    )* };
}

role_kind!(Role: "RoleList", ClusterRole: "ClusterRoleList");

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PolicyRule {
    #[prost(string, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub verbs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub api_groups: Vec<String>,
    #[prost(string, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub resources: Vec<String>,
}

/// Resources, with their subresources, of which rules are kept.
const WATCHED: [&str; 6] = [
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "resourceclaims/status",
    "resourceclaims/driver",
    "resourceclaims/binding",
];

impl PolicyRule {
    fn counts(&self) -> bool {
        self.resources.iter().any(|named| {
            named == "*"
                || WATCHED.contains(&named.as_str())
                || named.strip_prefix("*/").is_some_and(|sub| {
                    sub == "*" || WATCHED.iter().any(|one| one.ends_with(&format!("/{sub}")))
                })
        })
    }
}

fn role(metadata: ObjectMeta, rules: Vec<PolicyRule>) -> facts::Role {
    let mut labels = metadata.labels.iter();
    let built_in =
        |one: &Pair| one.key == "kubernetes.io/bootstrapping" && one.value == "rbac-defaults";
    let rules = rules.into_iter().filter(PolicyRule::counts);
    facts::Role {
        built_in: labels.any(built_in),
        namespace: metadata.namespace,
        name: metadata.name,
        rules: rules
            .map(|rule| RoleRule {
                verbs: rule.verbs,
                groups: rule.api_groups,
                resources: rule.resources,
            })
            .collect(),
        bound: Vec::new(),
    }
}

macro_rules! binding_kind {
    ($($kind:ident: $list:literal),*) => { $(
        #[derive(Clone, PartialEq, prost::Message, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub(crate) struct $kind {
            #[prost(message, required, tag = "1")]
            pub metadata: ObjectMeta,
            #[prost(message, repeated, tag = "2")]
            #[serde(deserialize_with = "nullable")]
            pub subjects: Vec<Subject>,
            #[prost(message, required, tag = "3")]
            pub role_ref: RoleRef,
        }

        impl Wire for $kind {
            const LIST: &'static str = $list;
        }

        impl From<$kind> for Binding {
            fn from(wire: $kind) -> Self {
                let namespaced = wire.role_ref.kind == "Role";
                Self {
                    namespace: if namespaced { wire.metadata.namespace } else { String::new() },
                    role: wire.role_ref.name,
                    subjects: wire.subjects.into_iter().map(Subject::text).collect(),
                }
            }
        }
    )* };
}

binding_kind!(RoleBinding: "RoleBindingList", ClusterRoleBinding: "ClusterRoleBindingList");

/// Who is bound to a role.
#[derive(Clone, Debug, Default)]
pub(crate) struct Binding {
    /// Namespace of the role; empty for a cluster role.
    pub namespace: String,
    /// Name of the role.
    pub role: String,
    /// Such as `ServiceAccount shop/web`.
    pub subjects: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Subject {
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub namespace: String,
}

impl Subject {
    fn text(self) -> String {
        let Self {
            kind,
            name,
            namespace,
        } = self;
        if namespace.is_empty() {
            format!("{kind} {name}")
        } else {
            format!("{kind} {namespace}/{name}")
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct RoleRef {
    #[prost(string, tag = "2")]
    pub kind: String,
    #[prost(string, tag = "3")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct ServiceAccount {
    #[prost(message, required, tag = "1")]
    pub metadata: ObjectMeta,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub secrets: Vec<Reference>,
}

impl Wire for ServiceAccount {
    const LIST: &'static str = "ServiceAccountList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Reference {
    #[prost(string, tag = "3")]
    pub name: String,
}

impl From<ServiceAccount> for facts::ServiceAccount {
    fn from(wire: ServiceAccount) -> Self {
        Self {
            namespace: wire.metadata.namespace,
            name: wire.metadata.name,
            secrets: wire.secrets.into_iter().map(|one| one.name).collect(),
        }
    }
}

const ACCOUNT: &str = "kubernetes.io/service-account.name";
const LAST_USED: &str = "kubernetes.io/legacy-token-last-used";
const INVALID_SINCE: &str = "kubernetes.io/legacy-token-invalid-since";

/// The metadata of a Secret: nothing else is asked for.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct TokenSecret {
    #[prost(message, required, tag = "1")]
    pub metadata: TokenMeta,
}

impl Wire for TokenSecret {
    const LIST: &'static str = "PartialObjectMetadataList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TokenMeta {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub namespace: String,
    #[prost(message, required, tag = "8")]
    #[serde(deserialize_with = "nullable")]
    pub creation_timestamp: Time,
    #[prost(message, repeated, tag = "11")]
    #[serde(deserialize_with = "pairs")]
    pub labels: Vec<Pair>,
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "pairs")]
    pub annotations: Vec<Pair>,
}

fn value(pairs: &[Pair], key: &str) -> Option<String> {
    let found = pairs.iter().find(|one| one.key == key)?;
    Some(found.value.clone())
}

impl From<TokenSecret> for facts::TokenSecret {
    fn from(wire: TokenSecret) -> Self {
        let meta = wire.metadata;
        Self {
            created: meta.creation_timestamp.instant(),
            account: value(&meta.annotations, ACCOUNT).unwrap_or_default(),
            last_used: value(&meta.labels, LAST_USED),
            invalid_since: value(&meta.labels, INVALID_SINCE),
            namespace: meta.namespace,
            name: meta.name,
        }
    }
}
