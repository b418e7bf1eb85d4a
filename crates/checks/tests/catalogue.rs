//! What holds for every check.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use airworthy_checks::CATALOGUE;
use airworthy_model::{Need, Phase};
use common::{World, chosen};

const HEADINGS: [&str; 8] = [
    "## What it finds",
    "## Why it matters",
    "## How to fix",
    "## How to confirm",
    "## When to ignore it",
    "## Limits",
    "## Examples",
    "## References",
];

#[test]
fn names_are_unique_and_name_the_files() {
    let mut seen = BTreeSet::new();
    for check in CATALOGUE {
        let name = check.info.name;
        assert!(seen.insert(name), "{name} is listed twice");
        assert!(
            name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric()),
            "{name}"
        );
        assert!(
            check.info.page.starts_with(&format!("# {name}\n")),
            "{name}: its page has another title"
        );
        assert_eq!(
            check.info.phase == Phase::Post,
            name.starts_with("Post"),
            "{name}: prefix and phase disagree"
        );
    }
}

/// `checks.lock` holds every name ever issued, so that none comes back with another meaning.
#[test]
fn every_name_is_in_the_lock_file() {
    let lock = include_str!("../checks.lock");
    let locked: BTreeMap<_, _> = lock
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once(' '))
        .collect();
    for check in CATALOGUE {
        assert_eq!(
            locked.get(check.info.name),
            Some(&"live"),
            "{} must be in checks.lock as live",
            check.info.name
        );
    }
    let live: BTreeSet<_> = CATALOGUE.iter().map(|check| check.info.name).collect();
    for (name, state) in locked {
        assert_eq!(
            state == "live",
            live.contains(name),
            "{name} is {state} in checks.lock"
        );
    }
}

#[test]
fn summaries_are_one_short_clause() {
    for check in chosen() {
        let summary = check.info.summary;
        assert!(
            summary.chars().count() <= 90 && !summary.ends_with('.'),
            "{}: {summary}",
            check.info.name
        );
    }
}

#[test]
fn pages_have_all_headings_in_order_and_an_official_reference() {
    for check in chosen() {
        let page = check.info.page;
        let headings: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("## "))
            .collect();
        assert_eq!(headings, HEADINGS, "{}", check.info.name);
        let references = page.split("## References").nth(1).unwrap_or_default();
        let official = [
            "https://kubernetes.io/",
            "https://github.com/kubernetes/",
            "https://kep.k8s.io/",
            "https://support.huaweicloud.com/",
        ];
        assert!(
            official.iter().any(|site| references.contains(site)),
            "{}: no official reference",
            check.info.name
        );
    }
}

#[test]
fn findings_are_short_say_what_to_do_and_show_evidence() {
    for check in chosen() {
        for example in common::examples(check) {
            for finding in World::of(&example.facts).findings(check) {
                let what = format!("{} ({})", check.info.name, example.title);
                assert!(
                    finding.message.chars().count() <= 200,
                    "{what}: {}",
                    finding.message
                );
                assert!(
                    !finding.message.ends_with('.'),
                    "{what}: {}",
                    finding.message
                );
                assert!(!finding.fix.is_empty(), "{what}: no fix");
                assert!(!finding.evidence.is_empty(), "{what}: no evidence");
                assert!(
                    finding.severity <= check.info.level,
                    "{what}: worse than its level"
                );
            }
        }
    }
}

/// Where a check says that it cannot block, it must not block.
#[test]
fn no_check_blocks_where_it_says_it_cannot() {
    for check in chosen() {
        for example in common::examples(check) {
            let world = World::of(&example.facts);
            let blocks = world
                .findings(check)
                .iter()
                .any(|f| f.severity == airworthy_model::Severity::Blocker);
            assert!(
                !blocks || world.blocks(check),
                "{} ({})",
                check.info.name,
                example.title
            );
        }
    }
}

#[test]
fn fingerprints_tell_findings_of_one_run_apart() {
    for check in chosen() {
        for example in common::examples(check) {
            let findings = World::of(&example.facts).findings(check);
            let prints: BTreeSet<_> = findings
                .iter()
                .map(airworthy_model::Finding::fingerprint)
                .collect();
            assert_eq!(
                prints.len(),
                findings.len(),
                "{} ({}): two findings share a fingerprint",
                check.info.name,
                example.title
            );
        }
    }
}

/// With nothing read at all, no check may be clear; checks of the evidence itself have something to say instead.
#[test]
fn nothing_read_is_never_clear() {
    for check in chosen().filter(|check| !check.info.needs.is_empty()) {
        let missing: serde_json::Map<_, _> = Need::ALL
            .iter()
            .filter(|need| **need != Need::Baseline)
            .map(|need| {
                (
                    serde_json::to_value(need)
                        .unwrap()
                        .as_str()
                        .unwrap()
                        .to_owned(),
                    "unreachable".into(),
                )
            })
            .collect();
        let facts = serde_json::json!({"missing": missing});
        let (said, _) = World::of(&facts).run(check);
        assert_ne!(said, ["clear"], "{}", check.info.name);
    }
}
