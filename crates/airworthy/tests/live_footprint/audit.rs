//! An audit log, and what every request of ours has to look like in it.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

/// Kinds that hold secrets.
const SECRETIVE: [&str; 2] = ["secrets", "configmaps"];
/// What chooses those of them that Helm made.
const HELMS: &str = "labelSelector=owner%3Dhelm";

/// The requests of one user, in order.
pub(super) fn requests_of(user: &str, log: &Path) -> Vec<Value> {
    let log = std::fs::read_to_string(log).unwrap();
    let events = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    events
        .filter(|event| event["user"]["username"] == user)
        .collect()
}

fn resource(event: &Value) -> &str {
    event["objectRef"]["resource"].as_str().unwrap_or_default()
}

/// What was listed.
pub(super) fn listed(events: &[Value]) -> BTreeSet<&str> {
    let lists = events.iter().filter(|event| event["verb"] == "list");
    lists.map(resource).collect()
}

/// The objects of which more than the metadata was sent, as paths.
pub(super) fn fetched(events: &[Value]) -> BTreeSet<&str> {
    let gets = events
        .iter()
        .filter(|event| event["verb"] == "get" && !resource(event).is_empty());
    gets.map(|event| event["requestURI"].as_str().unwrap())
        .collect()
}

/// Demands that a request harms nobody.
pub(super) fn demand_harmless(event: &Value) {
    let uri = event["requestURI"].as_str().unwrap();
    let agent = event["userAgent"].as_str().unwrap();
    assert!(agent.starts_with("airworthy/"), "{event:#}");
    assert_ne!(
        event["annotations"]["k8s.io/deprecated"], "true",
        "{event:#}"
    );
    match event["verb"].as_str().unwrap() {
        // They store nothing: they answer what we may do.
        "create" => {
            let reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
            assert!(reviews.contains(&resource(event)), "{event:#}");
        }
        "list" => {
            assert!(uri.contains("limit="), "{event:#}");
            let chosen = !SECRETIVE.contains(&resource(event)) || uri.contains(HELMS);
            assert!(chosen, "{event:#}");
        }
        // Paths such as /version; of objects none but those that hold a Helm release, which `fetched` names one by one.
        "get" => assert!(
            resource(event).is_empty() || SECRETIVE.contains(&resource(event)),
            "{event:#}"
        ),
        _ => panic!("{event:#}"),
    }
    let deprecated = ["endpoints", "componentstatuses"];
    assert!(!deprecated.contains(&resource(event)), "{event:#}");
}

/// Demands that nothing was asked of kinds that hold secrets.
pub(super) fn demand_no_secretive(events: &[Value]) {
    for event in events {
        assert!(!SECRETIVE.contains(&resource(event)), "{event:#}");
    }
}
