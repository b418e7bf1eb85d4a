//! Which fields a manager set, as `FieldsV1` tells: a tree whose keys name a field (`f:`), an element of a list by its keys (`k:`),
//! its value (`v:`) or its place (`i:`).

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde_json::{Map, Value};

use crate::wire::written::LAST_APPLIED;

/// Most bytes of a set of fields, or of what was applied, that are looked into. An API server takes objects of 1.5 MiB.
pub(crate) const MOST_BYTES: usize = 2 << 20;

/// The fields of one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owned {
    /// Leaves outside metadata and status, each by a hash of its path.
    pub leaves: HashSet<u64>,
    /// Whether the annotation of `kubectl apply` is among them.
    pub annotation: bool,
}

/// What stands in the applied text where the walk is.
#[derive(Clone, Copy)]
enum Applied<'a> {
    /// No text limits what counts.
    Everything,
    At(&'a Value),
    Nothing,
}

/// Reads the fields of an entry; nothing when they are not what the API promises. With `applied`, fields that it does not name are
/// defaults and do not count.
pub(crate) fn owned(raw: &[u8], applied: Option<&Value>) -> Option<Owned> {
    if raw.len() > MOST_BYTES {
        return None;
    }
    // The parser refuses what is nested more than 128 deep.
    let Value::Object(root) = serde_json::from_slice(raw).ok()? else {
        return None;
    };
    let mut owned = Owned {
        annotation: has_annotation(&root),
        ..Owned::default()
    };
    let top = applied.map_or(Applied::Everything, Applied::At);
    for (key, node) in &root {
        if !matches!(
            key.as_str(),
            "f:metadata" | "f:status" | "f:apiVersion" | "f:kind" | "."
        ) {
            walk(
                node,
                DefaultHasher::new(),
                key,
                top.child(key),
                &mut owned.leaves,
            );
        }
    }
    Some(owned)
}

/// Whether an entry owns the annotation of `kubectl apply`.
fn has_annotation(root: &Map<String, Value>) -> bool {
    let annotations = root
        .get("f:metadata")
        .and_then(|metadata| metadata.get("f:annotations"));
    annotations.is_some_and(|all| all.get(format!("f:{LAST_APPLIED}")).is_some())
}

fn walk(
    node: &Value,
    mut path: DefaultHasher,
    key: &str,
    applied: Applied<'_>,
    leaves: &mut HashSet<u64>,
) {
    if matches!(applied, Applied::Nothing) {
        return;
    }
    key.hash(&mut path);
    let children = node
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != ".");
    let mut is_leaf = true;
    for (key, child) in children {
        is_leaf = false;
        walk(child, path.clone(), key, applied.child(key), leaves);
    }
    if is_leaf {
        leaves.insert(path.finish());
    }
}

impl<'a> Applied<'a> {
    fn child(self, key: &str) -> Self {
        let Self::At(value) = self else {
            return self;
        };
        Self::find(value, key).map_or(Self::Nothing, Self::At)
    }

    fn find(value: &'a Value, key: &str) -> Option<&'a Value> {
        let (sort, rest) = key.split_once(':')?;
        match sort {
            "f" => value.get(rest),
            "i" => value.get(rest.parse::<usize>().ok()?),
            "v" => {
                let wanted: Value = serde_json::from_str(rest).ok()?;
                value.as_array()?.iter().find(|element| **element == wanted)
            }
            "k" => {
                let wanted: Map<String, Value> = serde_json::from_str(rest).ok()?;
                value
                    .as_array()?
                    .iter()
                    .find(|element| has_keys(element, &wanted))
            }
            _ => None,
        }
    }
}

/// Whether an element has these keys. One that it does not name was defaulted, as `protocol` of a port.
fn has_keys(element: &Value, wanted: &Map<String, Value>) -> bool {
    let same = |(key, value)| element.get(key).is_none_or(|has: &Value| has == value);
    element.is_object() && wanted.iter().all(same)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn leaves(fields: &Value, applied: Option<&Value>) -> usize {
        owned(fields.to_string().as_bytes(), applied)
            .expect("fields")
            .leaves
            .len()
    }

    fn job() -> Value {
        json!({
            "f:metadata": {"f:annotations": {".": {}, (format!("f:{LAST_APPLIED}")): {}}},
            "f:spec": {
                "f:schedule": {},
                "f:suspend": {},
                "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:protocol": {}}},
                "f:modes": {"v:\"a\"": {}, "v:\"b\"": {}},
            },
            "f:status": {"f:active": {}},
        })
    }

    #[test]
    fn leaves_outside_metadata_and_status_count() {
        assert_eq!(leaves(&job(), None), 6);
        assert!(
            owned(job().to_string().as_bytes(), None)
                .unwrap()
                .annotation
        );
        assert_eq!(leaves(&json!({"f:spec": {}}), None), 1);
        assert_eq!(
            leaves(&json!({"f:metadata": {"f:labels": {"f:a": {}}}}), None),
            0
        );
    }

    #[test]
    fn defaults_do_not_count_where_the_applied_text_is_known() {
        let applied =
            json!({"spec": {"schedule": "@daily", "ports": [{"port": 80}], "modes": ["b"]}});
        assert_eq!(leaves(&job(), Some(&applied)), 3);
        assert_eq!(leaves(&job(), Some(&json!({}))), 0);
    }

    #[test]
    fn the_same_path_is_the_same_leaf() {
        let set = |fields: Value| owned(fields.to_string().as_bytes(), None).unwrap().leaves;
        let one = set(json!({"f:spec": {"f:a": {"f:b": {}}, "f:c": {}}}));
        let other = set(json!({"f:spec": {"f:a": {"f:c": {}}, "f:c": {}}}));
        assert_eq!(one.intersection(&other).count(), 1);
    }

    #[test]
    fn what_is_no_set_of_fields_is_refused() {
        for text in ["", "[]", "{", "null", &"{\"f:a\":".repeat(5000)] {
            assert_eq!(
                owned(text.as_bytes(), None),
                None,
                "{}",
                &text[..text.len().min(20)]
            );
        }
        assert_eq!(owned(&vec![b' '; MOST_BYTES + 1], None), None);
    }
}
