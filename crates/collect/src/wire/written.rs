//! The metadata of an object, with who wrote it. The texts of annotations are here only until a fact is made of them.

use airworthy_model::finding::Owner;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::{
    Wire,
    meta::{OwnerReference, Pair, Time, nullable, pairs},
};

/// What `kubectl apply` leaves behind.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object of any kind, by the part of its metadata that tells who writes it.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Written {
    #[prost(message, required, tag = "1")]
    pub metadata: Metadata,
}

impl Wire for Written {
    const LIST: &'static str = "PartialObjectMetadataList";
}

/// The part of `ObjectMeta` that tells who writes.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Metadata {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub namespace: String,
    #[prost(string, tag = "5")]
    pub uid: String,
    #[prost(message, repeated, tag = "11")]
    #[serde(deserialize_with = "pairs")]
    labels: Vec<Pair>,
    #[prost(message, repeated, tag = "12")]
    #[serde(deserialize_with = "pairs")]
    annotations: Vec<Pair>,
    #[prost(message, repeated, tag = "13")]
    #[serde(deserialize_with = "nullable")]
    owner_references: Vec<OwnerReference>,
    #[prost(message, repeated, tag = "17")]
    #[serde(deserialize_with = "nullable")]
    pub managed_fields: Vec<Entry>,
}

/// An entry of `managedFields`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Entry {
    #[prost(string, tag = "1")]
    pub manager: String,
    #[prost(string, tag = "2")]
    pub operation: String,
    #[prost(string, tag = "3")]
    pub api_version: String,
    #[prost(message, optional, tag = "4")]
    pub time: Option<Time>,
    #[prost(message, optional, tag = "7")]
    pub fields_v1: Option<Fields>,
    #[prost(string, tag = "8")]
    pub subresource: String,
}

/// `FieldsV1`: JSON, whatever the encoding around it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Fields {
    #[prost(bytes = "bytes", tag = "1")]
    pub raw: Bytes,
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let raw = serde_json::to_vec(&value).map_err(D::Error::custom)?;
        Ok(Self { raw: raw.into() })
    }
}

impl Metadata {
    /// The text of the annotation of `kubectl apply`.
    pub(crate) fn last_applied(&self) -> Option<&str> {
        value(&self.annotations, LAST_APPLIED)
    }

    /// Who says that the object is theirs, the most specific first.
    pub(crate) fn owners(&self) -> Vec<Owner> {
        let (labels, annotations) = (&self.labels, &self.annotations);
        let helm = owner(
            "HelmRelease",
            value(annotations, "meta.helm.sh/release-namespace"),
            value(annotations, "meta.helm.sh/release-name"),
        );
        let flux = |kind, base: &str| {
            let label = |part| value(labels, &format!("{base}/{part}"));
            owner(kind, label("namespace"), label("name"))
        };
        let flux_helm = helm
            .is_none()
            .then(|| flux("HelmRelease", "helm.toolkit.fluxcd.io"))
            .flatten();
        let controller = self
            .owner_references
            .iter()
            .find(|owner| owner.controller == Some(true));
        let namespace = (!self.namespace.is_empty()).then_some(&*self.namespace);
        let controller = controller.and_then(|by| owner(&by.kind, namespace, Some(&by.name)));
        let all = [
            helm,
            flux_helm,
            self.application(),
            flux("Kustomization", "kustomize.toolkit.fluxcd.io"),
            controller,
        ];
        all.into_iter().flatten().collect()
    }

    /// Argo CD tells its application as `name:group/kind:namespace/name`, or `namespace_name:…` where applications may live in any
    /// namespace.
    fn application(&self) -> Option<Owner> {
        let tracked = value(&self.annotations, "argocd.argoproj.io/tracking-id");
        let tracked = tracked.and_then(|id| Some(id.split_once(':')?.0));
        let name = tracked.or_else(|| value(&self.labels, "argocd.argoproj.io/instance"))?;
        match name.split_once('_') {
            Some((namespace, name)) => owner("Application", Some(namespace), Some(name)),
            None => owner("Application", None, Some(name)),
        }
    }
}

fn value<'a>(pairs: &'a [Pair], key: &str) -> Option<&'a str> {
    let pair = pairs.iter().find(|pair| pair.key == key)?;
    (!pair.value.is_empty()).then_some(&*pair.value)
}

/// Longest name that is one: more comes from somebody who means harm.
const MOST_CHARS: usize = 253;

fn owner(kind: &str, namespace: Option<&str>, name: Option<&str>) -> Option<Owner> {
    let fits = |text: &str| text.len() <= MOST_CHARS;
    let name = name.filter(|name| fits(name) && fits(kind))?;
    Some(Owner {
        kind: kind.to_owned(),
        namespace: namespace
            .filter(|namespace| fits(namespace))
            .map(str::to_owned),
        name: name.to_owned(),
    })
}
