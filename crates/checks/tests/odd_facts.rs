//! Every check on facts of clusters that lie or are half there: members that lack, numbers beyond sense, texts of any alphabet,
//! times far off, words of newer versions. Nothing panics, messages stay short, and what was found is not cleared by a word that
//! nobody knows.

mod common;

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
};

use airworthy_checks::Check;
use airworthy_model::Severity;
use common::{World, chosen, examples};
use serde_json::{Value, json};

/// How many odd values each place of an example gets.
const EACH: u64 = 3;

/// Values that facts should not have and may have: of every sort of member.
fn odd_values() -> Vec<Value> {
    let long = "ü".repeat(5000);
    vec![
        json!(null),
        json!(""),
        json!(" \u{202e}\u{0}\n\t\u{1f4a9}"),
        json!(long),
        json!("1e3Ki"),
        json!("-1"),
        json!("100%%"),
        json!("999999999999999999999%"),
        json!("v1.99999.99999-odd+odd"),
        json!("v2alpha99"),
        json!("../../etc/passwd"),
        json!("Unknown"),
        json!("Quiescing"),
        json!("-009999-01-01T00:00:00Z"),
        json!("9999-12-30T22:00:00Z"),
        json!("1970-01-01T00:00:00Z"),
        json!(0),
        json!(-1),
        json!(i32::MAX),
        json!(i32::MIN),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.5e300),
        json!(true),
        json!(false),
        json!([]),
        json!({}),
    ]
}

/// Pointers to every member and element below the groups of an example; what names versions belongs to the caller, not to a cluster.
fn places(facts: &Value) -> Vec<String> {
    let ours = [
        "target",
        "version",
        "rollout",
        "controlPlane",
        "allowedJumps",
        "missing",
        "now",
        "pace",
        "filesOnly",
    ];
    let mut places = Vec::new();
    for (group, rows) in facts.as_object().expect("groups") {
        if !ours.contains(&group.as_str()) {
            below(rows, &format!("/{group}"), &mut places);
        }
    }
    places
}

fn below(value: &Value, at: &str, places: &mut Vec<String>) {
    let mut one = |key: String, value: &Value| {
        let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        below(value, &at, places);
        places.push(at);
    };
    match value {
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(key, value)| one(key.to_string(), value)),
        Value::Object(members) => members
            .iter()
            .for_each(|(key, value)| one(key.clone(), value)),
        _ => {}
    }
}

/// The same facts without what is at a place.
fn without(facts: &Value, place: &str) -> Value {
    let mut odd = facts.clone();
    let (parent, key) = place.rsplit_once('/').expect("a place");
    let key = key.replace("~1", "/").replace("~0", "~");
    match odd.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(&key)),
        Some(Value::Array(list)) => drop(list.remove(key.parse().expect("an index"))),
        _ => panic!("{place}"),
    }
    odd
}

fn with(facts: &Value, place: &str, value: &Value) -> Value {
    let mut odd = facts.clone();
    *odd.pointer_mut(place).expect("a place") = value.clone();
    odd
}

/// A number that is the same in every run.
fn number(seed: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    hasher.finish()
}

/// All odd variants of an example that are tried.
fn variants(name: &str, facts: &Value) -> Vec<Value> {
    let values = odd_values();
    let mut variants = Vec::new();
    for place in places(facts) {
        variants.push(without(facts, &place));
        for round in 0..EACH {
            let at = number((name, &place, round)) % values.len() as u64;
            let value = &values[usize::try_from(at).expect("an index")];
            variants.push(with(facts, &place, value));
        }
    }
    let clock = |now: &str| {
        let mut odd = facts.clone();
        odd["now"] = now.into();
        odd
    };
    variants.extend(
        [
            "1970-01-01T00:00:00Z",
            "9999-12-30T22:00:00Z",
            "-009999-01-02T00:00:00Z",
        ]
        .map(clock),
    );
    variants
}

/// What a check did with facts that can be read; nothing where the reader of facts refuses them.
fn tried(check: &Check, facts: &Value) -> Option<Result<(), String>> {
    let world = catch_unwind(|| World::of(facts)).ok()?;
    let run = catch_unwind(AssertUnwindSafe(|| {
        let findings = world.findings(check);
        let blocks = world.blocks(check);
        let (said, _) = world.run(check);
        (findings, blocks, said)
    }));
    let Ok((findings, blocks, said)) = run else {
        return Some(Err("panicked".into()));
    };
    if said != world.run(check).0 {
        return Some(Err("said two things of the same facts".into()));
    }
    for finding in findings {
        if finding.message.chars().count() > 200 {
            return Some(Err(format!(
                "a message of {} characters",
                finding.message.chars().count()
            )));
        }
        if finding.severity == Severity::Blocker && !blocks {
            return Some(Err(format!(
                "blocks where it says it cannot: {}",
                finding.message
            )));
        }
    }
    Some(Ok(()))
}

#[test]
fn no_check_panics_or_raves_on_odd_facts() {
    let hook = take_hook();
    set_hook(Box::new(|_| ()));
    let mut faults = Vec::new();
    let mut read = 0;
    for check in chosen() {
        for example in examples(check) {
            for facts in variants(check.info.name, &example.facts) {
                match tried(check, &facts) {
                    None => {}
                    Some(Ok(())) => read += 1,
                    Some(Err(fault)) => faults.push(format!(
                        "{} ({}): {fault}\n  {facts}",
                        check.info.name, example.title
                    )),
                }
            }
        }
    }
    set_hook(hook);
    faults.dedup_by_key(|fault| fault.lines().next().map(str::to_owned));
    let shown: Vec<_> = faults
        .iter()
        .map(|fault| fault.chars().take(1500).collect::<String>())
        .collect();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        shown.join("\n")
    );
    assert!(read > 100, "only {read} variants could be read");
}

/// A condition that is not known to hold does not hold: what was found with `False` is not clear with `Unknown`.
#[test]
fn an_unknown_status_clears_nothing() {
    let mut cleared = Vec::new();
    for check in chosen() {
        let found = |title: &str| title.starts_with("Found");
        for example in examples(check).iter().filter(|one| found(&one.title)) {
            for place in places(&example.facts) {
                let holds_not = example.facts.pointer(&place) == Some(&json!("False"));
                if !place.ends_with("/status") || !holds_not {
                    continue;
                }
                let facts = with(&example.facts, &place, &json!("Unknown"));
                if World::of(&facts).run(check).0 == ["clear"] {
                    cleared.push(format!("{} ({}): {place}", check.info.name, example.title));
                }
            }
        }
    }
    assert!(cleared.is_empty(), "{cleared:#?}");
}
