//! How much work a schema is, before anything is held against it.

use std::{collections::HashMap, ptr};

use serde_json::Value;

/// Most schemas within one another, references followed.
const DEEPEST: usize = 150;
/// References whose aim depends on the way there, or on a name that is given elsewhere.
const ELSEWHERE: [&str; 4] = ["$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor"];
/// Names by which a part of a schema would become a root of its own.
const IDS: [&str; 2] = ["$id", "id"];

/// The number of places in a schema with every reference followed, each place counted as often as it is come to. Nothing where it comes
/// back to itself, leads out of the text, or is nested beyond reason.
pub(super) fn of(schema: &Value) -> Option<u64> {
    let mut scales = Scales {
        root: schema,
        known: HashMap::new(),
    };
    scales.weigh(schema, 0)
}

struct Scales<'a> {
    root: &'a Value,
    /// What was weighed; nothing for what is still on the scales.
    known: HashMap<*const Value, Option<u64>>,
}

impl<'a> Scales<'a> {
    fn weigh(&mut self, part: &'a Value, depth: usize) -> Option<u64> {
        if !part.is_object() && !part.is_array() {
            return Some(1);
        }
        let place = ptr::from_ref(part);
        if let Some(known) = self.known.get(&place) {
            return *known;
        }
        if depth > DEEPEST {
            return None;
        }
        self.known.insert(place, None);
        let weight = self.weigh_members(part, depth)?;
        self.known.insert(place, Some(weight));
        Some(weight)
    }

    fn weigh_members(&mut self, part: &'a Value, depth: usize) -> Option<u64> {
        let mut sum: u64 = 1;
        for item in part.as_array().into_iter().flatten() {
            sum = sum.saturating_add(self.weigh(item, depth + 1)?);
        }
        for (name, member) in part.as_object().into_iter().flatten() {
            let leaves = IDS.contains(&&**name) && member.is_string() && depth > 0;
            if leaves || (ELSEWHERE.contains(&&**name) && member.is_string()) {
                return None;
            }
            let aim = match member.as_str().filter(|_| name == "$ref") {
                Some(reference) => self.aim(reference)?,
                None => member,
            };
            sum = sum.saturating_add(self.weigh(aim, depth + 1)?);
        }
        Some(sum)
    }

    /// What a reference within the text names.
    fn aim(&self, reference: &str) -> Option<&'a Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;

    #[test]
    fn each_way_to_a_place_counts() {
        assert_eq!(of(&json!(true)), Some(1));
        assert_eq!(of(&json!({"type": "object"})), Some(2));
        let twice = json!({"allOf": [{"$ref": "#/definitions/a"}, {"$ref": "#/definitions/a"}], "definitions": {"a": {"type": "object"}}});
        assert_eq!(of(&twice), Some(1 + (1 + 2 * 3) + (1 + 2)));
        assert_eq!(
            of(&json!({"$id": "http://example.com/root", "id": "x"})),
            Some(3)
        );
    }

    #[test]
    fn what_does_not_end_has_no_weight() {
        assert_eq!(of(&json!({"items": {"$ref": "#"}})), None);
        assert_eq!(of(&json!({"$ref": "other.json"})), None);
        assert_eq!(of(&json!({"$ref": "#/definitions/none"})), None);
    }
}
