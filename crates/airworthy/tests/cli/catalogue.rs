//! `airworthy checks`: what can be checked, for people and for programs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common_cli::airworthy;

fn list() -> Vec<Value> {
    let list = airworthy(["checks", "list", "-o", "json"]).run();
    list.exits(0);
    serde_json::from_value(list.json()).expect("a list")
}

fn text<'a>(check: &'a Value, member: &str) -> &'a str {
    let text = check[member].as_str();
    text.unwrap_or_else(|| panic!("{member} of {check}"))
}

#[test]
fn the_list_for_programs_has_its_shape() {
    let list = list();
    for check in &list {
        let members: BTreeSet<&str> = check
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        let expected = ["group", "kind", "level", "name", "needs", "phase"];
        assert_eq!(members, BTreeSet::from(expected), "{check}");
        for (member, words) in [
            ("phase", &["pre", "post"][..]),
            ("kind", &["Exception", "Risk"]),
            ("level", &["blocker", "risk", "note"]),
        ] {
            assert!(words.contains(&text(check, member)), "{check}");
        }
        let needs = check["needs"].as_array().expect("needs");
        assert!(needs.iter().all(Value::is_string), "{check}");
    }
    let names: BTreeSet<&str> = list.iter().map(|check| text(check, "name")).collect();
    assert_eq!(names.len(), list.len(), "a name twice");
    for name in [
        "UpgradePath",
        "PdbBlocksDrain",
        "InternalError",
        "PostVersionConverged",
        "PostEndpointsEmpty",
    ] {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
fn the_list_for_people_names_each_check_with_what_it_finds() {
    let table = airworthy(["checks", "list"]).run();
    table.exits(0);
    for check in list() {
        let name = text(&check, "name");
        let line = table
            .stdout
            .lines()
            .find(|line| line.trim_start().starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {table}"));
        assert!(line.trim_start().len() > name.len() + 10, "{line}");
    }
    assert!(!table.stdout.contains('\x1b'));
}

#[test]
fn each_check_has_a_page() {
    for check in list() {
        let name = text(&check, "name");
        let page = airworthy(["checks", "show", name]).run();
        page.exits(0);
        assert_eq!(page.sentence(), format!("# {name}"));
        page.says("## What it finds");
    }
    let small = airworthy(["checks", "show", "pdbblocksdrain"]).run();
    assert_eq!(small.exits(0).sentence(), "# PdbBlocksDrain");
}

#[test]
fn a_page_that_is_not_there_is_refused_with_the_nearest() {
    airworthy(["checks", "show", "PdbBlockDrain"])
        .run()
        .refuses(&["\"PdbBlockDrain\"", "did you mean PdbBlocksDrain?"]);
    airworthy(["checks", "show", "Nonsense"])
        .run()
        .refuses(&["\"Nonsense\"", "airworthy checks list"]);
}
