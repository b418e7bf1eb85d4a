//! What it means that a member of a row is another one.

use std::collections::BTreeMap;

use airworthy_model::{KubeVersion, Need, difference::Change};
use serde_json::Value;

/// Members that count what is well: fewer is worse.
pub(super) const COUNTS: &[&str] = &[
    "ready",
    "available",
    "updated",
    "currentHealthy",
    "readyReplicas",
];
/// Members that say how something is, with the words that mean well.
const STATES: &[(&str, &[&str])] = &[
    (
        "phase",
        &["Active", "Bound", "Available", "Running", "Succeeded"],
    ),
    ("status", &["deployed", "superseded"]),
];
/// Members that an upgrade changes.
const PLANNED: &[&str] = &[
    "kubeletVersion",
    "runtimeVersion",
    "kernelVersion",
    "osImage",
    "emulation",
];
/// Conditions that are bad when they hold.
const BAD: &[&str] = &[
    "MemoryPressure",
    "DiskPressure",
    "PIDPressure",
    "NetworkUnavailable",
    "ReplicaFailure",
    "NonStructuralSchema",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "ScalingLimited",
];
/// Longest value that is shown.
const MOST_TEXT: usize = 60;

/// The differences of one member; none when it is the same, or differs in what changes by itself.
pub(super) fn judge(
    need: Need,
    member: &str,
    old: Option<&Value>,
    new: Option<&Value>,
) -> Vec<(Change, String)> {
    if old == new {
        return Vec::new();
    }
    match member {
        "conditions" => return conditions(old, new),
        "containers" | "annotations" => return Vec::new(),
        "version" if need == Need::Version => return vec![version(old, new)],
        "version" if need == Need::Components => {
            return vec![(Change::Planned, shown(member, old, new))];
        }
        "ok" => {
            return vec![(
                worse(old == Some(&Value::Bool(true))),
                shown(member, old, new),
            )];
        }
        "addresses" if emptied(old, new) => {
            return vec![(Change::Regression, shown(member, old, new))];
        }
        "labels" => return labels(old, new),
        "unschedulable" => return vec![cordoned(new)],
        _ => (),
    }
    if PLANNED.contains(&member) {
        return vec![(Change::Planned, shown(member, old, new))];
    }
    if COUNTS.contains(&member) {
        return vec![(worse(count(new) < count(old)), shown(member, old, new))];
    }
    if let Some((_, well)) = STATES.iter().find(|(name, _)| *name == member) {
        let is_well = |value: Option<&Value>| {
            value
                .and_then(Value::as_str)
                .is_some_and(|it| well.contains(&it))
        };
        return vec![(
            worse(is_well(old) && !is_well(new)),
            shown(member, old, new),
        )];
    }
    vec![(Change::Other, shown(member, old, new))]
}

/// How much of what is well there is; of a pod, whether it is.
fn count(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::Bool(well)) => f64::from(*well),
        value => value.and_then(Value::as_f64).unwrap_or(0.0),
    }
}

/// A node that takes no pods any more is not as well as before, whoever wanted that.
fn cordoned(now: Option<&Value>) -> (Change, String) {
    if now == Some(&Value::Bool(true)) {
        (Change::Regression, "is cordoned".to_owned())
    } else {
        (Change::Other, "is not cordoned any more".to_owned())
    }
}

fn worse(is_worse: bool) -> Change {
    if is_worse {
        Change::Regression
    } else {
        Change::Other
    }
}

fn version(old: Option<&Value>, new: Option<&Value>) -> (Change, String) {
    let parse = |value: Option<&Value>| value.and_then(Value::as_str)?.parse::<KubeVersion>().ok();
    let back = parse(old)
        .zip(parse(new))
        .is_some_and(|(old, new)| new < old);
    let change = if back {
        Change::Regression
    } else {
        Change::Planned
    };
    (change, shown("version", old, new))
}

fn emptied(old: Option<&Value>, new: Option<&Value>) -> bool {
    let filled = |value: Option<&Value>| {
        value
            .and_then(Value::as_array)
            .is_some_and(|it| !it.is_empty())
    };
    filled(old) && !filled(new)
}

/// Conditions by their type: status and reason.
fn by_type(conditions: Option<&Value>) -> BTreeMap<&str, (&str, &str)> {
    let rows = conditions.and_then(Value::as_array).into_iter().flatten();
    rows.filter_map(|row| {
        let text = |member: &str| row.get(member).and_then(Value::as_str);
        Some((
            text("type")?,
            (text("status")?, text("reason").unwrap_or_default()),
        ))
    })
    .collect()
}

/// Conditions that tell of another state now. Their texts and times change by themselves.
fn conditions(old: Option<&Value>, new: Option<&Value>) -> Vec<(Change, String)> {
    let (old, new) = (by_type(old), by_type(new));
    let states = old.iter().filter_map(|(kind, (was, _))| {
        let (is, reason) = new.get(kind).copied().unwrap_or(("gone", ""));
        let good = if BAD.contains(kind) { "False" } else { "True" };
        let reason = if reason.is_empty() {
            String::new()
        } else {
            format!(" ({reason})")
        };
        (*was != is).then(|| {
            (
                worse(*was == good),
                format!("{kind} was {was} and is {is}{reason}"),
            )
        })
    });
    let bad = new
        .iter()
        .filter(|(kind, (is, _))| BAD.contains(kind) && *is == "True" && !old.contains_key(*kind));
    let bad = bad.map(|(kind, _)| (Change::Regression, format!("{kind} is True")));
    states.chain(bad).collect()
}

/// Labels that are gone or have other values, but for those that name versions.
fn labels(old: Option<&Value>, new: Option<&Value>) -> Vec<(Change, String)> {
    let pairs = |value: Option<&Value>| -> BTreeMap<String, String> {
        let rows = value.and_then(Value::as_array).into_iter().flatten();
        rows.filter_map(|pair| {
            Some((
                pair.get(0)?.as_str()?.to_owned(),
                pair.get(1)?.as_str()?.to_owned(),
            ))
        })
        .collect()
    };
    let (old, new) = (pairs(old), pairs(new));
    let says = |key: &str| !key.to_ascii_lowercase().contains("version");
    old.iter()
        .filter(|(key, value)| says(key) && new.get(*key) != Some(value))
        .map(|(key, was)| {
            let now = new.get(key).map_or_else(
                || "is gone".to_owned(),
                |is| format!("was {} and is {}", cut(was), cut(is)),
            );
            (Change::Other, format!("the label {} {now}", cut(key)))
        })
        .collect()
}

fn shown(member: &str, old: Option<&Value>, new: Option<&Value>) -> String {
    let (old, new) = (flat(old), flat(new));
    let same = old
        .chars()
        .zip(new.chars())
        .take_while(|(old, new)| old == new);
    let same = same.count();
    format!(
        "{member} was {} and is {}",
        from(&old, same),
        from(&new, same)
    )
}

/// A value as one line: members as `name=value`, rows after commas.
fn flat(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "not there".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(rows)) if rows.is_empty() => "empty".to_owned(),
        Some(Value::Array(rows)) => {
            let rows: Vec<_> = rows.iter().map(row).collect();
            rows.join(", ")
        }
        Some(Value::Object(members)) if members.is_empty() => "empty".to_owned(),
        Some(Value::Object(members)) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{name}={}", flat(Some(value))));
            members.collect::<Vec<_>>().join(" ")
        }
        Some(plain) => plain.to_string(),
    }
}

/// A row of a list; labels are pairs, and taints are written as kubectl writes them.
fn row(row: &Value) -> String {
    if let Some([Value::String(key), Value::String(value)]) = row.as_array().map(Vec::as_slice) {
        return format!("{key}={value}");
    }
    let text = |member: &str| row.get(member).and_then(Value::as_str);
    match (text("key"), text("effect")) {
        (Some(key), Some(effect)) => {
            let value = text("value").map(|value| format!("={value}"));
            format!("{key}{}:{effect}", value.unwrap_or_default())
        }
        _ => flat(Some(row)),
    }
}

/// A text as far as it is shown: from its beginning, or from where two long ones begin to differ.
fn from(text: &str, same: usize) -> String {
    if same < MOST_TEXT - 1 {
        return cut(text);
    }
    // A little of what is the same says where it is.
    let rest: String = text.chars().skip(same - MOST_TEXT / 4).collect();
    cut(&format!("…{rest}"))
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MOST_TEXT {
        return text.to_owned();
    }
    text.chars().take(MOST_TEXT - 1).chain(['…']).collect()
}
