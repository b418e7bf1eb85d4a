//! Ingresses and their classes.

use airworthy_model::facts::{self, Deletion};
use serde::Deserialize;

use super::{
    Wire,
    meta::{Pair, Time, nullable, pairs},
    network::loose,
};

const CLASS: &str = "kubernetes.io/ingress.class";
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";
const SNIPPET: &str = "-snippet";

/// Metadata with the values of annotations, of which a few are looked at and one is kept.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AnnotatedMeta {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub namespace: String,
    #[prost(message, required, tag = "8")]
    #[serde(deserialize_with = "nullable")]
    pub creation_timestamp: Time,
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "pairs")]
    pub annotations: Vec<Pair>,
    #[prost(message, optional, tag = "9")]
    pub deletion_timestamp: Option<Time>,
    #[prost(string, repeated, tag = "14")]
    #[serde(deserialize_with = "nullable")]
    pub finalizers: Vec<String>,
}

impl AnnotatedMeta {
    /// Since when it is to go, and who holds it.
    pub(crate) fn take_deletion(&mut self) -> Option<Box<Deletion>> {
        let due = self.deletion_timestamp.and_then(Time::instant)?;
        let finalizers = std::mem::take(&mut self.finalizers);
        Some(Box::new(Deletion { due, finalizers }))
    }

    /// The value of an annotation.
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        let mut annotations = self.annotations.iter();
        let found = annotations.find(|one| one.key == key)?;
        Some(&found.value)
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Ingress {
    #[prost(message, required, tag = "1")]
    pub metadata: AnnotatedMeta,
    #[prost(message, required, tag = "2")]
    pub spec: IngressSpec,
    #[prost(message, required, tag = "3")]
    pub status: LoadBalanced,
}

impl Wire for Ingress {
    const LIST: &'static str = "IngressList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct IngressSpec {
    #[prost(message, optional, tag = "1")]
    pub default_backend: Option<BackEnd>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub tls: Vec<Tls>,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub rules: Vec<Rule>,
    #[prost(string, optional, tag = "4")]
    pub ingress_class_name: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BackEnd {
    #[prost(message, optional, tag = "4")]
    pub service: Option<Named>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Named {
    #[prost(string, tag = "1")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Tls {
    #[prost(string, tag = "2")]
    pub secret_name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Rule {
    #[prost(message, optional, tag = "2")]
    #[serde(flatten)]
    pub value: Option<RuleValue>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct RuleValue {
    #[prost(message, optional, tag = "1")]
    pub http: Option<Http>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Http {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub paths: Vec<HttpPath>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct HttpPath {
    #[prost(message, required, tag = "2")]
    pub backend: BackEnd,
}

/// A status with a load balancer: of an Ingress, and of a Service.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LoadBalanced {
    #[prost(message, optional, tag = "1")]
    pub load_balancer: Option<LoadBalancer>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct LoadBalancer {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub ingress: Vec<Point>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Point {
    #[prost(string, tag = "1")]
    pub ip: String,
    #[prost(string, tag = "2")]
    pub hostname: String,
}

impl LoadBalanced {
    /// Addresses, or host names where there is none.
    pub(crate) fn addresses(self) -> Vec<String> {
        let points = self.load_balancer.map(|one| one.ingress);
        let points = points.unwrap_or_default().into_iter();
        let address = |Point { ip, hostname }: Point| if ip.is_empty() { hostname } else { ip };
        points
            .map(address)
            .filter(|address| !address.is_empty())
            .collect()
    }
}

impl IngressSpec {
    fn services(&self) -> Vec<String> {
        let values = self.rules.iter().filter_map(|rule| rule.value.as_ref());
        let paths = values
            .filter_map(|value| value.http.as_ref())
            .flat_map(|http| &http.paths);
        let back_ends = self
            .default_backend
            .iter()
            .chain(paths.map(|path| &path.backend));
        let mut services: Vec<_> = back_ends
            .filter_map(|back_end| Some(back_end.service.as_ref()?.name.clone()))
            .collect();
        services.sort_unstable();
        services.dedup();
        services
    }
}

impl From<Ingress> for facts::Ingress {
    fn from(wire: Ingress) -> Self {
        let (mut meta, spec) = (wire.metadata, wire.spec);
        let deletion = meta.take_deletion();
        let addresses = wire.status.addresses();
        let keys = meta.annotations.iter().map(|one| &one.key);
        Self {
            created: meta.creation_timestamp.instant(),
            class_annotation: meta.annotation(CLASS).map(str::to_owned),
            snippets: keys.filter(|key| key.ends_with(SNIPPET)).cloned().collect(),
            services: spec.services(),
            tls_secrets: spec.tls.into_iter().map(|tls| tls.secret_name).collect(),
            class: spec.ingress_class_name,
            loose_addresses: loose("status.loadBalancer.ingress", &addresses).collect(),
            addresses,
            deletion,
            namespace: meta.namespace,
            name: meta.name,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct IngressClass {
    #[prost(message, required, tag = "1")]
    pub metadata: AnnotatedMeta,
    #[prost(message, required, tag = "2")]
    pub spec: IngressClassSpec,
}

impl Wire for IngressClass {
    const LIST: &'static str = "IngressClassList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct IngressClassSpec {
    #[prost(string, tag = "1")]
    pub controller: String,
}

impl From<IngressClass> for facts::IngressClass {
    fn from(wire: IngressClass) -> Self {
        Self {
            is_default: wire.metadata.annotation(DEFAULT_CLASS) == Some("true"),
            name: wire.metadata.name,
            controller: wire.spec.controller,
        }
    }
}
