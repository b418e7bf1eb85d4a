//! Which fields of an object come or go between two minors.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use airworthy_knowledge::{Api, Effect, Knowledge};
use airworthy_model::{Minor, facts::DesiredField};

use crate::{Node, Object};

/// The fields that one end of a span of minors has and the other has not, of every kind that both have.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// By group and version, and kind.
    kinds: BTreeMap<String, BTreeMap<String, Branch>>,
}

/// A field, and those below it.
#[derive(Debug, Default)]
struct Branch {
    /// Whether it is one that comes or goes.
    told: bool,
    below: BTreeMap<String, Branch>,
}

impl Fields {
    /// Walks the types of every kind: this takes some hundredths of a second.
    pub(crate) fn of<'k>(
        knowledge: &'k Knowledge,
        kinds: impl Iterator<Item = &'k Api>,
        minors: &RangeInclusive<Minor>,
    ) -> Self {
        let mut fields = Self::default();
        for api in kinds {
            let mut root = Branch::default();
            for path in changed(knowledge, api, minors) {
                root.plant(&path);
            }
            if !root.below.is_empty() {
                let versions = fields.kinds.entry(api.api_version()).or_default();
                versions.insert(api.kind.clone(), root);
            }
        }
        fields
    }

    /// Those of them that an object has, each once.
    pub(crate) fn found(&self, object: Object<'_>) -> Vec<DesiredField> {
        let root = || self.kinds.get(object.api_version()?)?.get(object.kind()?);
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        if let Some(root) = root() {
            root.look(object.node, &mut Vec::new(), &mut |path, node| {
                if seen.insert(path.to_owned()) {
                    found.push(DesiredField {
                        path: path.to_owned(),
                        line: node.line(),
                        column: node.column(),
                    });
                }
            });
        }
        found
    }
}

/// Without those that only a feature gate which is off makes a field.
fn changed(knowledge: &Knowledge, api: &Api, minors: &RangeInclusive<Minor>) -> Vec<String> {
    let kind = (&*api.group, &*api.version, &*api.kind);
    let (from, to) = (*minors.start(), *minors.end());
    let removed = knowledge.fields_removed(kind, from, to);
    let added = knowledge.fields_added(kind, from, to);
    let added = added
        .into_iter()
        .filter(|field| !matches!(field.effect, Effect::NewBehind(_)));
    let removed = removed.into_iter().map(|field| field.path);
    removed.chain(added.map(|field| field.path)).collect()
}

impl Branch {
    /// Adds a path such as `spec.resourceClaims[].source`.
    fn plant(&mut self, path: &str) {
        let mut branch = self;
        for segment in path.split('.') {
            branch = branch.below.entry(segment.to_owned()).or_default();
        }
        branch.told = true;
    }

    /// Tells every field at or below a node, by its path without marks of lists and maps.
    fn look<'n, 'd>(
        &'n self,
        node: Node<'d>,
        path: &mut Vec<&'n str>,
        tell: &mut dyn FnMut(&str, Node<'d>),
    ) {
        for (segment, branch) in &self.below {
            let name = segment.trim_end_matches(['[', ']', '{', '}']);
            let Some((key, value)) = node.entry_of(name) else {
                continue;
            };
            if value.is_null() {
                continue;
            }
            path.push(name);
            if branch.told {
                tell(&path.join("."), key);
            }
            for value in reached(value, &segment[name.len()..]) {
                branch.look(value, path, tell);
            }
            path.pop();
        }
    }
}

/// The values behind the marks of maps and lists.
fn reached<'d>(value: Node<'d>, marks: &str) -> Vec<Node<'d>> {
    if let Some(marks) = marks.strip_prefix("{}") {
        let values = value.entries().map(|(_, value)| value);
        return values.flat_map(|value| reached(value, marks)).collect();
    }
    if let Some(marks) = marks.strip_prefix("[]") {
        return value
            .items()
            .flat_map(|value| reached(value, marks))
            .collect();
    }
    vec![value]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{objects, parse};

    fn fields(paths: &[&str]) -> Fields {
        let mut root = Branch::default();
        for path in paths {
            root.plant(path);
        }
        let kinds = BTreeMap::from([("Pod".to_owned(), root)]);
        Fields {
            kinds: BTreeMap::from([("v1".to_owned(), kinds)]),
        }
    }

    fn found(fields: &Fields, text: &str) -> Vec<(String, u32)> {
        let documents = parse(text.as_bytes()).unwrap();
        let object = objects(documents[0].root())[0];
        let found = fields.found(object).into_iter();
        found.map(|field| (field.path, field.line)).collect()
    }

    #[test]
    fn fields_are_found_behind_lists_and_maps_once() {
        let fields = fields(&[
            "spec.containers[].lifecycle.stopSignal",
            "spec.sizes{}.old",
            "spec.gone",
        ]);
        let text = "apiVersion: v1
kind: Pod
spec:
  gone: null
  containers:
  - {name: a, lifecycle: {stopSignal: SIGHUP}}
  - {name: b, lifecycle: {stopSignal: SIGHUP}}
  sizes:
    one: {old: 1}
";
        let expected = [
            ("spec.containers.lifecycle.stopSignal", 6),
            ("spec.sizes.old", 9),
        ];
        assert_eq!(
            found(&fields, text),
            expected.map(|(path, line)| (path.to_owned(), line))
        );
        assert!(found(&fields, &text.replace("Pod", "Node")).is_empty());
        assert!(
            found(
                &fields,
                "{apiVersion: v1, kind: Pod, spec: {containers: 7, sizes: []}}"
            )
            .is_empty()
        );
    }

    #[test]
    fn the_tables_know_what_is_new() {
        let knowledge = Knowledge::embedded();
        let kinds = knowledge.apis().filter(|api| api.kind == "Pod");
        let fields = Fields::of(knowledge, kinds, &(Minor::v1(31)..=Minor::v1(37)));
        let text = "{apiVersion: v1, kind: Pod, spec: {nodeName: a, containers: [{name: a, lifecycle: {stopSignal: SIGHUP}}]}}";
        let found = found(&fields, text);
        assert_eq!(
            found,
            [("spec.containers.lifecycle.stopSignal".to_owned(), 1)]
        );
    }
}
