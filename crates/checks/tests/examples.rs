//! The examples on the checks' pages are their tests.

mod common;

use std::collections::BTreeSet;

use airworthy_checks::Check;
use airworthy_model::Need;
use common::{World, chosen, examples, unread_members};

#[test]
fn every_example_says_what_its_check_says() {
    let mut wrong = Vec::new();
    for check in chosen() {
        for example in examples(check) {
            let (said, _) = World::of(&example.facts).run(check);
            if said != example.expected {
                wrong.push(format!(
                    "{} ({})\n  page: {:#?}\n  code: {said:#?}",
                    check.info.name, example.title, example.expected
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_member_of_an_example_is_a_fact() {
    let mut unread = Vec::new();
    for check in chosen() {
        for example in examples(check) {
            let both = [Some(&example.facts), example.facts.get("baseline")];
            let members = both.into_iter().flatten().flat_map(unread_members);
            let name = check.info.name;
            unread.extend(members.map(|member| format!("{name} ({}): {member}", example.title)));
        }
    }
    assert!(unread.is_empty(), "{}", unread.join("\n"));
}

/// What a check says it reads is what it reads: nothing else in any example, and all of it in all of them together.
#[test]
fn declared_needs_are_the_needs_read() {
    for check in chosen() {
        let mut read = BTreeSet::new();
        for example in examples(check) {
            read.extend(World::of(&example.facts).run(check).1);
        }
        let declared: BTreeSet<Need> = check.info.needs.iter().copied().collect();
        assert_eq!(
            read, declared,
            "{}: read on its examples (left), declared (right)",
            check.info.name
        );
    }
}

#[test]
fn every_page_has_an_example_of_each_sort() {
    for check in chosen() {
        let titles: Vec<_> = examples(check)
            .into_iter()
            .map(|example| example.title)
            .collect();
        for sort in sorts(check) {
            assert!(
                titles.iter().any(|title| title.starts_with(sort)),
                "{}: no example titled {sort}…: {titles:?}",
                check.info.name
            );
        }
    }
}

/// A check without needs cannot lack evidence; findings of `InternalError` and its twin are made by the engine, not by its function.
fn sorts(check: &Check) -> &'static [&'static str] {
    if ["InternalError", "PostInternalError"].contains(&check.info.name) {
        &["Clear"]
    } else if check.info.needs.is_empty() {
        &["Found", "Clear"]
    } else {
        &["Found", "Clear", "Unknown"]
    }
}

/// "Could not look" never becomes "nothing found": with any of its needs missing, a check that was clear is not clear.
#[test]
fn no_check_is_clear_without_what_it_needs() {
    for check in chosen() {
        for example in examples(check)
            .iter()
            .filter(|example| example.title.starts_with("Clear"))
        {
            for need in check
                .info
                .needs
                .iter()
                .filter(|need| **need != Need::Baseline)
            {
                let mut facts = example.facts.clone();
                let name = serde_json::to_value(need).unwrap();
                let reads = World::of(&facts).run(check).1;
                facts["missing"] = serde_json::json!({name.as_str().unwrap(): "forbidden"});
                let (said, _) = World::of(&facts).run(check);
                let needed = reads.contains(need);
                assert!(
                    !needed || said != ["clear"],
                    "{} ({}): clear without {need}",
                    check.info.name,
                    example.title
                );
            }
        }
    }
}

/// The order in which a server lists objects is no evidence.
#[test]
fn findings_do_not_depend_on_the_order_of_facts() {
    for check in chosen() {
        for example in examples(check) {
            let mut reversed = example.facts.clone();
            for rows in reversed.as_object_mut().unwrap().values_mut() {
                if let Some(rows) = rows.as_array_mut() {
                    rows.reverse();
                }
            }
            let (mut one, mut other) = (
                World::of(&example.facts).run(check).0,
                World::of(&reversed).run(check).0,
            );
            one.sort();
            other.sort();
            assert_eq!(one, other, "{} ({})", check.info.name, example.title);
        }
    }
}
