//! A large cluster out of the facts of an example.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Members whose texts name an object.
const NAMES: [&str; 8] = [
    "name",
    "namespace",
    "node",
    "uid",
    "volume",
    "record",
    "service",
    "claim",
];
/// What there is once in each cluster, however large.
const ONCE: [&str; 4] = ["kube-system", "kube-node-lease", "default", "kube-dns"];

/// The facts of an example that many times: each copy's objects have names of their own, and what belongs together still does.
pub(crate) fn copied(example: &Value, copies: usize) -> Value {
    let mut names = BTreeSet::new();
    collect(example, &mut names);
    groups(example, copies, &names)
}

fn groups(example: &Value, copies: usize, names: &BTreeSet<String>) -> Value {
    let members = example.as_object().into_iter().flatten();
    members
        .map(|(group, content)| {
            let content = match content {
                Value::Array(rows) => (0..copies)
                    .flat_map(|copy| rows.iter().map(move |row| renamed(row, copy, names)))
                    .collect(),
                Value::Object(_) if group == "baseline" => groups(content, copies, names),
                other => other.clone(),
            };
            (group.clone(), content)
        })
        .collect::<Map<_, _>>()
        .into()
}

/// The names of all objects.
fn collect(example: &Value, names: &mut BTreeSet<String>) {
    let members = example.as_object().into_iter().flatten();
    for (group, content) in members {
        match content {
            Value::Array(rows) => rows.iter().for_each(|row| collect_row(row, names)),
            Value::Object(_) if group == "baseline" => collect(content, names),
            _ => {}
        }
    }
}

fn collect_row(row: &Value, names: &mut BTreeSet<String>) {
    for name in NAMES {
        let name = row.get(name).and_then(Value::as_str);
        let name = name.filter(|name| !name.is_empty() && !ONCE.contains(name));
        names.extend(name.map(str::to_owned));
    }
}

/// A row whose texts that are names end with the number of the copy.
fn renamed(value: &Value, copy: usize, names: &BTreeSet<String>) -> Value {
    match value {
        Value::String(text) if copy > 0 && names.contains(text) => format!("{text}-{copy}").into(),
        Value::Array(list) => list.iter().map(|one| renamed(one, copy, names)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), renamed(member, copy, names)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
