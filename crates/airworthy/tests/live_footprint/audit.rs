//! An audit log, and what every request of ours has to look like in it.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

/// Kinds that hold secrets.
const SECRETIVE: [&str; 2] = ["secrets", "configmaps"];
/// What chooses those of them that Helm made.
const HELMS: &str = "labelSelector=owner%3Dhelm";

/// What chooses the Secrets that hold tokens of service accounts, of which only the metadata is asked for.
const TOKENS: &str = "fieldSelector=type%3Dkubernetes.io%2Fservice-account-token";
/// `ConfigMaps` of `kube-system` that hold settings, by name: no other one may be fetched.
const SETTINGS: [&str; 9] = [
    "airworthy-freeze",
    "coredns",
    "coredns-custom",
    "kube-proxy",
    "kube-proxy-config",
    "kubeadm-config",
    "kubelet-config",
    "node-local-dns",
    "rke2-coredns-rke2-coredns",
];

/// Whether settings are fetched by a name that is known. Up to 1.24 one of them bears the minor.
fn is_settings(uri: &str) -> bool {
    let name = uri.strip_prefix("/api/v1/namespaces/kube-system/configmaps/");
    name.is_some_and(|name| SETTINGS.contains(&name) || name == "kubelet-config-1.24")
}

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

/// The objects of which more than the metadata was sent, as paths; without settings of known names.
pub(super) fn fetched(events: &[Value]) -> BTreeSet<&str> {
    let gets = events
        .iter()
        .filter(|event| event["verb"] == "get" && !resource(event).is_empty());
    gets.map(|event| event["requestURI"].as_str().unwrap())
        .filter(|uri| !is_settings(uri))
        .collect()
}

/// Kinds that every minor, or some, calls deprecated at their only version.
const DEPRECATED: [&str; 3] = ["endpoints", "componentstatuses", "podsecuritypolicies"];
/// They store nothing: they answer what we may do.
const REVIEWS: [&str; 2] = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
/// Collections of a fixed size, which may be asked for whole. There are none: whatever is listed is listed in pages.
const FIXED: [&str; 0] = [];

/// Demands that a request harms nobody.
pub(super) fn demand_harmless(event: &Value) {
    if let Some(harm) = harm(event) {
        panic!("{harm}: {event:#}");
    }
}

/// What is harmful about a request of ours, if anything is.
pub(super) fn harm(event: &Value) -> Option<&'static str> {
    let text = |member: &str| event[member].as_str().unwrap_or_default();
    if !text("userAgent").starts_with("airworthy/") {
        return Some("it does not say who asks");
    }
    let annotated = event["annotations"]["k8s.io/deprecated"] == "true";
    if annotated || DEPRECATED.contains(&resource(event)) {
        return Some("deprecated");
    }
    match text("verb") {
        "create" => (!REVIEWS.contains(&resource(event))).then_some("a write"),
        "list" => harm_of_list(resource(event), text("requestURI")),
        // Paths such as /version; of objects none but those that hold a Helm release, which `fetched` names one by one.
        "get" => {
            let allowed = resource(event).is_empty() || SECRETIVE.contains(&resource(event));
            (!allowed).then_some("one object")
        }
        _ => Some("neither a read nor a review"),
    }
}

/// The cache of older servers does not know pages: who accepts any version gets everything.
fn harm_of_list(resource: &str, uri: &str) -> Option<&'static str> {
    let paged = uri.contains("limit=") && !uri.contains("resourceVersion=0");
    if !paged && !FIXED.contains(&resource) {
        return Some("not in pages");
    }
    let chosen = !SECRETIVE.contains(&resource) || uri.contains(HELMS) || uri.contains(TOKENS);
    (!chosen).then_some("secrets that nobody asked for")
}

/// Demands that nothing was asked of kinds that hold secrets but settings of known names and the metadata of tokens.
pub(super) fn demand_no_secretive(events: &[Value]) {
    for event in events {
        let uri = event["requestURI"].as_str().unwrap();
        let harmless = is_settings(uri) || uri.contains(TOKENS);
        assert!(
            harmless || !SECRETIVE.contains(&resource(event)),
            "{event:#}"
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(verb: &str, resource: &str, uri: &str) -> Value {
        json!({
            "verb": verb, "requestURI": uri, "userAgent": "airworthy/0.1.0",
            "objectRef": { "resource": resource },
        })
    }

    #[test]
    fn what_we_ask_is_harmless() {
        let pods = event("list", "pods", "/api/v1/pods?limit=500");
        let helm = "/api/v1/secrets?limit=500&labelSelector=owner%3Dhelm";
        let review = event(
            "create",
            "selfsubjectaccessreviews",
            "/apis/authorization.k8s.io/v1",
        );
        for good in [
            pods,
            event("list", "secrets", helm),
            event(
                "list",
                "secrets",
                "/api/v1/secrets?limit=500&fieldSelector=type%3Dkubernetes.io%2Fservice-account-token",
            ),
            event("get", "", "/version"),
            review,
        ] {
            assert_eq!(harm(&good), None, "{good:#}");
        }
    }

    /// One line among a thousand is enough.
    #[test]
    fn one_deprecated_request_is_harmful() {
        let mut called = event(
            "list",
            "flowschemas",
            "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas?limit=500",
        );
        assert_eq!(harm(&called), None);
        called["annotations"] =
            json!({ "k8s.io/deprecated": "true", "k8s.io/removed-release": "1.32" });
        assert_eq!(harm(&called), Some("deprecated"));
    }

    #[test]
    fn each_harm_is_seen() {
        let named = |verb, resource, uri| harm(&event(verb, resource, uri));
        assert_eq!(named("list", "pods", "/api/v1/pods"), Some("not in pages"));
        let cached = "/api/v1/pods?limit=500&resourceVersion=0";
        assert_eq!(named("list", "pods", cached), Some("not in pages"));
        let secrets = "/api/v1/secrets?limit=500";
        assert_eq!(
            named("list", "secrets", secrets),
            Some("secrets that nobody asked for")
        );
        assert_eq!(
            named("get", "pods", "/api/v1/namespaces/a/pods/b"),
            Some("one object")
        );
        assert_eq!(named("create", "pods", "/api/v1/pods"), Some("a write"));
        assert_eq!(
            named("watch", "pods", "/api/v1/pods?watch=1"),
            Some("neither a read nor a review")
        );
        assert_eq!(
            named("list", "endpoints", "/api/v1/endpoints?limit=5"),
            Some("deprecated")
        );
        let mut nameless = event("list", "pods", "/api/v1/pods?limit=500");
        nameless["userAgent"] = json!("curl/8");
        assert_eq!(harm(&nameless), Some("it does not say who asks"));
    }
}
