//! The objects that files are made of: every kind that was ever served at every version, uses of fields, look-alikes.

use airworthy_knowledge::{Api, Class, Knowledge};
use airworthy_model::Minor;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// Where the namespaced objects are.
pub(super) const NAMESPACE: &str = "truth";

/// One object, with the path to which it is sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// The collection's path, whether or not a server knows it.
    pub(super) list: String,
    /// Only ever created, as reviews are.
    pub(super) create_only: bool,
    /// Of a field that nobody looks for in files: the first minor that has it, or none at all.
    pub(super) unsought: Unsought,
    pub(super) object: Value,
}

/// Up to which minor nobody looks for a field of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Unsought {
    /// All of it is looked for.
    #[default]
    Never,
    /// It comes with this minor, and what comes later is not told of files.
    Before(Minor),
    /// The server writes it.
    Always,
}

impl Item {
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    pub(super) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(super) fn api_version(&self) -> &str {
        self.text("/apiVersion")
    }

    /// Whether nobody looks for the field of it that a target does not know.
    pub(super) fn is_unsought(&self, target: Minor) -> bool {
        match self.unsought {
            Unsought::Never => false,
            Unsought::Before(since) => target < since,
            Unsought::Always => true,
        }
    }

    /// For people.
    pub(super) fn title(&self) -> String {
        format!("{} {} {}", self.api_version(), self.kind(), self.name())
    }

    /// The same under another name, where names are free.
    pub(super) fn named(&self, name: &str) -> Self {
        let mut item = self.clone();
        if self.name().starts_with("web") {
            item.object["metadata"]["name"] = json!(name);
        }
        item
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default)]
    group: String,
    version: Option<String>,
    kind: String,
    name: Option<String>,
    body: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FieldUse {
    title: String,
    since: Option<Minor>,
    #[serde(default)]
    unwritten: bool,
    api_version: String,
    kind: String,
    body: Value,
}

/// A definition of a kind that looks like one of Kubernetes' own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trap {
    group: String,
    version: String,
    kind: String,
    plural: String,
}

/// A kind at a version that the tables do not know.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Ancient {
    api_version: String,
    kind: String,
    plural: String,
}

/// Objects at versions that went long ago, or that never were.
pub(super) fn ancient() -> Result<Vec<Item>> {
    let all: Vec<Ancient> =
        serde_saphyr::from_str(include_str!("ancient.yaml")).context("ancient.yaml")?;
    Ok(all.iter().map(Ancient::item).collect())
}

impl Ancient {
    fn item(&self) -> Item {
        let mut object = json!({ "spec": {} });
        head(&mut object, &self.api_version, &self.kind, "web", true);
        Item {
            list: list(&self.api_version, &self.plural, true),
            create_only: false,
            unsought: Unsought::Never,
            object,
        }
    }
}

fn bodies() -> Result<Vec<Form>> {
    serde_saphyr::from_str(include_str!("bodies.yaml")).context("bodies.yaml")
}

pub(super) fn traps() -> Result<Vec<Trap>> {
    serde_saphyr::from_str(include_str!("traps.yaml")).context("traps.yaml")
}

/// Every kind of Kubernetes at every version.
pub(super) fn kinds() -> Result<Vec<Item>> {
    let bodies = bodies()?;
    let apis = Knowledge::embedded().apis();
    Ok(apis
        .filter(|api| is_written(api))
        .map(|api| item(api, &bodies))
        .collect())
}

/// What people write into files: not parts of others, nor what only the control plane makes, nor what must not have a name.
const UNWRITTEN: [&str; 6] = [
    "Binding",
    "PodCertificateRequest",
    "ComponentStatus",
    "LocalSubjectAccessReview",
    "SelfSubjectAccessReview",
    "SubjectAccessReview",
];

fn is_written(api: &Api) -> bool {
    let written = !api.resource.is_empty() && !UNWRITTEN.contains(&api.kind.as_str());
    written && matches!(api.class, Class::Resource | Class::Review)
}

fn item(api: &Api, bodies: &[Form]) -> Item {
    let of_kind = || {
        bodies
            .iter()
            .filter(|body| body.group == api.group && body.kind == api.kind)
    };
    let exact = of_kind().find(|body| body.version.as_ref() == Some(&api.version));
    let body = exact.or_else(|| of_kind().find(|body| body.version.is_none()));
    let mut object = body.map_or_else(|| json!({}), |body| body.body.clone());
    let name = body.and_then(|body| body.name.as_deref()).unwrap_or("web");
    head(
        &mut object,
        &api.api_version(),
        &api.kind,
        name,
        api.namespaced,
    );
    let create_only = api.class == Class::Review;
    Item {
        list: list(&api.api_version(), &api.resource, api.namespaced),
        create_only,
        unsought: Unsought::Never,
        object,
    }
}

/// As people write it: apiVersion, kind and metadata first.
fn head(object: &mut Value, api_version: &str, kind: &str, name: &str, namespaced: bool) {
    let mut metadata = json!({ "name": name });
    if namespaced {
        metadata["namespace"] = json!(NAMESPACE);
    }
    let mut whole = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
    merge(&mut whole, object);
    *object = whole;
}

fn list(api_version: &str, resource: &str, namespaced: bool) -> String {
    let root = if api_version.contains('/') {
        "apis"
    } else {
        "api"
    };
    if namespaced {
        format!("/{root}/{api_version}/namespaces/{NAMESPACE}/{resource}")
    } else {
        format!("/{root}/{api_version}/{resource}")
    }
}

/// Lays one value over another: maps are merged, all else is replaced.
fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}

/// Objects with fields that came or went, each with its title.
pub(super) fn fields() -> Result<Vec<(String, Item)>> {
    let uses: Vec<FieldUse> =
        serde_saphyr::from_str(include_str!("fields.yaml")).context("fields.yaml")?;
    let kinds = kinds()?;
    uses.into_iter().map(|one| use_of(one, &kinds)).collect()
}

fn use_of(one: FieldUse, kinds: &[Item]) -> Result<(String, Item)> {
    let base = kinds
        .iter()
        .find(|item| item.api_version() == one.api_version && item.kind() == one.kind);
    let mut item = base
        .with_context(|| format!("no {} {}", one.api_version, one.kind))?
        .clone();
    merge(&mut item.object, &one.body);
    item.unsought = match one.since {
        _ if one.unwritten => Unsought::Always,
        Some(since) => Unsought::Before(since),
        None => Unsought::Never,
    };
    Ok((one.title, item))
}

impl Trap {
    /// The definition, as Kubernetes wants it: groups below k8s.io name their approval.
    pub(super) fn definition(&self) -> Value {
        let Self {
            group,
            version,
            kind,
            plural,
        } = self;
        let name = format!("{plural}.{group}");
        let approval = json!({ "api-approved.kubernetes.io": "https://github.com/kubernetes/enhancements/pull/1111" });
        let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
        let singular = kind.to_lowercase();
        let spec = json!({
            "group": group,
            "names": { "kind": kind, "plural": plural, "singular": singular, "listKind": format!("{kind}List") },
            "scope": "Namespaced",
            "versions": [{ "name": version, "served": true, "storage": true, "schema": schema }],
        });
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": name, "annotations": approval },
            "spec": spec,
        })
    }

    /// An object of it.
    pub(super) fn item(&self) -> Item {
        let api_version = format!("{}/{}", self.group, self.version);
        let mut object = json!({ "spec": { "schedule": "0 4 * * *" } });
        head(&mut object, &api_version, &self.kind, "web", true);
        Item {
            list: list(&api_version, &self.plural, true),
            create_only: false,
            unsought: Unsought::Never,
            object,
        }
    }
}

/// An object of which every server thinks well.
pub(super) fn clean(name: &str) -> Item {
    let mut object = json!({ "data": { "colour": "blue" } });
    head(&mut object, "v1", "ConfigMap", name, true);
    Item {
        list: list("v1", "configmaps", true),
        create_only: false,
        unsought: Unsought::Never,
        object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_objects_of_every_kind() {
        let kinds = kinds().unwrap();
        assert!(kinds.len() > 150, "{}", kinds.len());
        let has = |version: &str, kind: &str| {
            kinds
                .iter()
                .any(|item| item.api_version() == version && item.kind() == kind)
        };
        assert!(
            has("batch/v1beta1", "CronJob")
                && has("v1", "Pod")
                && has("extensions/v1beta1", "Ingress")
        );
    }

    #[test]
    fn every_body_belongs_to_a_kind() {
        let kinds = kinds().unwrap();
        for body in bodies().unwrap() {
            let group = |item: &Item| {
                item.api_version()
                    .split_once('/')
                    .map_or(String::new(), |(group, _)| group.to_owned())
            };
            let known = kinds
                .iter()
                .any(|item| item.kind() == body.kind && group(item) == body.group);
            assert!(known, "{}/{}", body.group, body.kind);
        }
        assert!(fields().unwrap().len() > 30);
    }
}
