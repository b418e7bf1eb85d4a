//! The list of checks.

use airworthy_report::{View, catalogue};
use serde_json::{Value, json};

use super::{committed::assert_committed, samples::CATALOGUE};

#[test]
fn json_has_exactly_the_members_of_the_outline() {
    let list: Value = serde_json::from_str(&catalogue::json(&CATALOGUE, &[])).unwrap();
    assert_eq!(list.as_array().unwrap().len(), CATALOGUE.len());
    let expected = json!({
        "name": "PdbBlocksDrain",
        "phase": "pre",
        "group": "LimitCheck",
        "kind": "Risk",
        "level": "blocker",
        "needs": ["pdbs", "pods"],
    });
    assert_eq!(list[0], expected);
}

#[test]
fn tables_read_as_committed() {
    let view = View::default();
    let table = catalogue::table(&CATALOGUE, &[], view);
    assert_committed("tests/report/expected/checks.txt", &table);
    let view = View {
        wide: true,
        width: Some(70),
        ..view
    };
    let table = catalogue::table(&CATALOGUE, &[], view);
    assert_committed("tests/report/expected/checks-wide.txt", &table);
    assert_eq!(catalogue::table(&[], &[], view), "");
}

#[test]
fn a_check_of_a_user_says_where_it_stands() {
    let origins = [("PdbBlocksDrain", "own.yaml:3")];
    let list: Value = serde_json::from_str(&catalogue::json(&CATALOGUE, &origins)).unwrap();
    assert_eq!(list[0]["origin"], "own.yaml:3");
    assert_eq!(list[1].get("origin"), None);
    let table = catalogue::table(&CATALOGUE, &origins, View::default());
    assert_eq!(table.matches("(own.yaml:3)").count(), 1, "{table}");
}
