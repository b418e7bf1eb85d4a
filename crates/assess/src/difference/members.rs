//! What it means that a member of a row is another one.

use std::collections::BTreeMap;

use airworthy_model::{KubeVersion, Need, difference::Change};
use serde_json::Value;

/// Members that count what is well: fewer is worse.
const COUNTS: &[&str] = &[
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
        _ => (),
    }
    if PLANNED.contains(&member) {
        return vec![(Change::Planned, shown(member, old, new))];
    }
    if COUNTS.contains(&member) {
        let number = |value: Option<&Value>| value.and_then(Value::as_f64).unwrap_or(0.0);
        return vec![(worse(number(new) < number(old)), shown(member, old, new))];
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
        .map(|(key, _)| {
            let now = new.get(key).map_or("gone", |_| "another one");
            (Change::Other, format!("the label {} is {now}", cut(key)))
        })
        .collect()
}

fn shown(member: &str, old: Option<&Value>, new: Option<&Value>) -> String {
    match (value(old), value(new)) {
        (Some(old), Some(new)) => format!("{member} was {old} and is {new}"),
        _ => format!("{member} is another one"),
    }
}

/// A value that is short enough to be shown.
fn value(value: Option<&Value>) -> Option<String> {
    Some(match value {
        None | Some(Value::Null) => "not there".to_owned(),
        Some(Value::String(text)) => cut(text),
        Some(Value::Array(rows)) if rows.is_empty() => "empty".to_owned(),
        Some(Value::Array(rows)) if rows.iter().all(Value::is_string) => {
            let texts: Vec<_> = rows.iter().filter_map(Value::as_str).take(3).collect();
            cut(&texts.join(", "))
        }
        Some(Value::Array(_) | Value::Object(_)) => return None,
        Some(plain) => plain.to_string(),
    })
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MOST_TEXT {
        return text.to_owned();
    }
    text.chars().take(MOST_TEXT - 1).chain(['…']).collect()
}
