//! Real API servers are the judge: each tells in its metrics which feature gates it knows, at which stage, on or off.
//!
//! `cargo xtask knowledge discover` wrote the files, of servers with their default flags.

use std::collections::BTreeMap;

use airworthy_knowledge::{Component, GateState, Knowledge, Stage};
use airworthy_model::Minor;
use serde::Deserialize;

const SERVERS: [(u16, &str); 4] = [
    (31, include_str!("../data/discovery/gates-1.31.json")),
    (32, include_str!("../data/discovery/gates-1.32.json")),
    (36, include_str!("../data/discovery/gates-1.36.json")),
    (37, include_str!("../data/discovery/gates-1.37.json")),
];

#[derive(Deserialize)]
struct Server {
    server: String,
    gates: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    gate: String,
    stage: String,
    enabled: bool,
}

fn stage(told: &str) -> Stage {
    match told {
        "ALPHA" => Stage::Alpha,
        "BETA" => Stage::Beta,
        "" => Stage::Ga,
        "DEPRECATED" => Stage::Deprecated,
        other => panic!("a stage of metrics that nobody knows: {other}"),
    }
}

#[test]
fn servers_know_the_gates_that_the_table_says_they_know_and_no_others() {
    let knowledge = Knowledge::embedded();
    for (minor, text) in SERVERS {
        let server: Server = serde_json::from_str(text).unwrap();
        assert!(server.server.starts_with(&format!("1.{minor}.")));
        let told: BTreeMap<_, _> = server
            .gates
            .iter()
            .map(|told| (&*told.gate, (stage(&told.stage), told.enabled)))
            .collect();
        let state = |name| knowledge.gate(Component::KubeApiserver, name, Minor::v1(minor));
        let read: BTreeMap<_, _> = knowledge
            .gates()
            .iter()
            .filter_map(|gate| match state(&gate.gate) {
                GateState::Known(known) => Some((&*gate.gate, (known.stage, known.default))),
                _ => None,
            })
            .collect();
        let differ: Vec<_> = told
            .iter()
            .filter(|(name, told)| read.get(*name) != Some(told))
            .collect();
        assert_eq!(differ, [], "only the server of 1.{minor} says so");
        let more: Vec<_> = read
            .keys()
            .filter(|name| !told.contains_key(*name))
            .collect();
        assert_eq!(more, [&""; 0], "the server of 1.{minor} does not know them");
    }
}
