//! What an API server of a minor can serve: the paths of its published OpenAPI document, made with every API and gate on.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Deserialize;

use super::register::{GroupVersion, Gvk};

#[derive(Deserialize)]
struct Document {
    paths: BTreeMap<String, Methods>,
}

#[derive(Deserialize)]
struct Methods {
    get: Option<Operation>,
    post: Option<Operation>,
    put: Option<Operation>,
    delete: Option<Operation>,
}

#[derive(Deserialize)]
struct Operation {
    #[serde(rename = "x-kubernetes-group-version-kind")]
    kind: Option<Named>,
    #[serde(rename = "x-kubernetes-action", default)]
    action: String,
}

#[derive(Deserialize)]
struct Named {
    group: String,
    version: String,
    #[serde(rename = "kind")]
    name: String,
}

/// Where a kind is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its collection, if it has one: plural and whether it lies in namespaces.
    pub(crate) collection: Option<Collection>,
    /// Where it is sent or answered below other resources.
    pub(crate) below: BTreeSet<Below>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collection {
    pub(crate) plural: String,
    pub(crate) namespaced: bool,
    /// It can only be created.
    pub(crate) create_only: bool,
}

/// A subresource of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Below {
    pub(crate) parent: GroupVersion,
    pub(crate) plural: String,
    pub(crate) name: String,
    pub(crate) namespaced: bool,
}

impl Below {
    /// `pods/eviction`, or with its group where that is another: `deployments.apps/scale`. The core group has no name.
    pub(crate) fn label(&self, group: &str) -> String {
        let (plural, name) = (&self.plural, &self.name);
        match &*self.parent.0 {
            "" => format!("{plural}/{name}"),
            own if own == group => format!("{plural}/{name}"),
            other => format!("{plural}.{other}/{name}"),
        }
    }
}

/// Reads `swagger.json`.
pub(crate) fn read(text: &str) -> Result<BTreeMap<Gvk, Place>> {
    let document: Document = serde_json::from_str(text)?;
    let mut places: BTreeMap<Gvk, Place> = BTreeMap::new();
    for (path, methods) in &document.paths {
        if let Some(found) = parse(path) {
            note(&mut places, &found, methods);
        }
    }
    Ok(places)
}

struct Path<'a> {
    version: GroupVersion,
    namespaced: bool,
    plural: &'a str,
    /// `pods/{name}` has an item, `pods` has none.
    item: bool,
    subresource: Option<&'a str>,
}

/// Reads `/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/{name}/status`.
fn parse(path: &str) -> Option<Path<'_>> {
    let (group, rest) = match path.strip_prefix("/apis/") {
        Some(rest) => rest.split_once('/')?,
        None => ("", path.strip_prefix("/api/")?),
    };
    let (version, rest) = rest.split_once('/')?;
    let inside = rest.strip_prefix("namespaces/{namespace}/");
    let mut parts = inside.unwrap_or(rest).split('/');
    let plural = parts
        .next()
        .filter(|plural| !plural.is_empty() && *plural != "watch")?;
    Some(Path {
        version: (group.to_owned(), version.to_owned()),
        namespaced: inside.is_some(),
        plural,
        item: parts.next().is_some(),
        subresource: parts.next(),
    })
}

fn note(places: &mut BTreeMap<Gvk, Place>, path: &Path<'_>, methods: &Methods) {
    let all = [&methods.get, &methods.post, &methods.put, &methods.delete];
    for operation in all.into_iter().flatten() {
        let Some(kind) = &operation.kind else {
            continue;
        };
        let place = places
            .entry(Gvk::new(&kind.group, &kind.version, &kind.name))
            .or_default();
        match path.subresource {
            Some(name) => {
                place.below.insert(Below {
                    parent: path.version.clone(),
                    plural: path.plural.to_owned(),
                    name: name.to_owned(),
                    namespaced: path.namespaced,
                });
            }
            None if !path.item && matches!(&*operation.action, "post" | "list") => {
                collect(place, path, methods);
            }
            None => {}
        }
    }
}

/// The collection of a namespaced kind stands in the document without its namespace too: for lists over all.
fn collect(place: &mut Place, path: &Path<'_>, methods: &Methods) {
    let namespaced = path.namespaced
        || place
            .collection
            .as_ref()
            .is_some_and(|known| known.namespaced);
    place.collection = Some(Collection {
        plural: path.plural.to_owned(),
        namespaced,
        create_only: methods.get.is_none(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_reviews_and_subresources_are_told_apart() {
        let operation = |action: &str, kind: &str| {
            format!(
                "{{\"x-kubernetes-action\": \"{action}\", \"x-kubernetes-group-version-kind\": {{\"group\": \"\", \"version\": \"v1\", \"kind\": \"{kind}\"}}}}"
            )
        };
        let text = format!(
            "{{\"paths\": {{
            \"/api/v1/pods\": {{\"get\": {list}}},
            \"/api/v1/namespaces/{{namespace}}/pods\": {{\"get\": {list}, \"parameters\": []}},
            \"/api/v1/watch/pods\": {{\"get\": {list}}},
            \"/api/v1/namespaces/{{name}}\": {{\"get\": {get}}},
            \"/api/v1/namespaces/{{namespace}}/bindings\": {{\"post\": {post}}},
            \"/api/v1/namespaces/{{namespace}}/pods/{{name}}/binding\": {{\"post\": {post}}},
            \"/version/\": {{\"get\": {{}}}}}}}}",
            list = operation("list", "Pod"),
            get = operation("get", "Namespace"),
            post = operation("post", "Binding"),
        );
        let places = read(&text).unwrap();
        let pods = places[&Gvk::new("", "v1", "Pod")]
            .collection
            .clone()
            .unwrap();
        assert_eq!(
            (&*pods.plural, pods.namespaced, pods.create_only),
            ("pods", true, false)
        );
        let binding = &places[&Gvk::new("", "v1", "Binding")];
        assert!(binding.collection.as_ref().unwrap().create_only);
        assert_eq!(binding.below.first().unwrap().name, "binding");
        assert_eq!(places[&Gvk::new("", "v1", "Namespace")], Place::default());
    }
}
