//! An audit log, and what every request of ours has to look like in it.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

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
        "list" => assert!(uri.contains("limit="), "{event:#}"),
        // Paths such as /version, never an object.
        "get" => assert_eq!(resource(event), "", "{event:#}"),
        _ => panic!("{event:#}"),
    }
    let secretive = ["secrets", "configmaps"];
    let deprecated = ["endpoints", "componentstatuses"];
    assert!(!secretive.contains(&resource(event)), "{event:#}");
    assert!(!deprecated.contains(&resource(event)), "{event:#}");
}
