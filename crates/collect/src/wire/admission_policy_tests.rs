use serde_json::{Value, json};

use super::*;

const MADE: &str = "2026-01-01T00:00:00Z";

/// Reads the JSON, and demands that protobuf says the same.
fn wire<W: Wire + prost::Message + Default + PartialEq>(json: Value) -> W {
    let wire: W = serde_json::from_value(json).unwrap();
    let again = W::decode(&*wire.encode_to_vec());
    assert!(again.is_ok_and(|again| again == wire));
    wire
}

fn policy(spec: &Value) -> Option<AdmissionPolicy> {
    let metadata = json!({"name": "p", "generation": 1, "creationTimestamp": MADE});
    wire::<Policy>(json!({"metadata": metadata, "spec": spec}))
        .of_pods()
        .map(|(told, _)| told)
}

fn binding(spec: &Value) -> Option<AdmissionPolicy> {
    let metadata = json!({"name": "b", "generation": 1, "creationTimestamp": MADE});
    wire::<Binding>(json!({"metadata": metadata, "spec": spec}))
        .denies_pods()
        .map(|(told, _)| told)
}

fn rule(operation: &str, group: &str, resource: &str) -> Value {
    json!({"operations": [operation], "apiGroups": [group], "apiVersions": ["v1"], "resources": [resource]})
}

#[test]
fn a_policy_is_kept_when_its_rules_take_in_new_pods() {
    for (rule, kept) in [
        (rule("CREATE", "", "pods"), true),
        (rule("*", "*", "*"), true),
        (rule("CREATE", "", "*/*"), true),
        (rule("CREATE", "", "pods/*"), true),
        (rule("UPDATE", "", "pods"), false),
        (rule("CREATE", "apps", "*"), false),
        (rule("CREATE", "", "pods/exec"), false),
        (rule("CREATE", "", "services"), false),
    ] {
        let told = policy(&json!({"matchConstraints": {"resourceRules": [rule]}}));
        assert_eq!(told.is_some(), kept, "{rule}");
        let excluding =
            json!({"resourceRules": [self::rule("*", "*", "*")], "excludeResourceRules": [rule]});
        assert_eq!(
            policy(&json!({"matchConstraints": excluding})).is_none(),
            kept,
            "{rule}"
        );
    }
    let mut cluster = rule("*", "*", "*");
    cluster["scope"] = json!("Cluster");
    assert_eq!(
        policy(&json!({"matchConstraints": {"resourceRules": [cluster]}})),
        None
    );
    assert_eq!(policy(&json!({})), None);
}

#[test]
fn a_rule_for_some_names_excludes_no_pod_for_sure() {
    let mut named = rule("*", "*", "*");
    named["resourceNames"] = json!(["web-1"]);
    let constraints =
        json!({"resourceRules": [rule("CREATE", "", "pods")], "excludeResourceRules": [named]});
    assert!(policy(&json!({"matchConstraints": constraints})).is_some());
}

#[test]
fn selectors_and_conditions_are_kept() {
    let of = |conditions: Value| {
        let selector = json!({"matchLabels": {"team": "blue"}});
        let constraints = json!({"resourceRules": [rule("CREATE", "", "pods")], "namespaceSelector": selector, "objectSelector": {}});
        policy(&json!({"matchConstraints": constraints, "matchConditions": conditions}))
    };
    let told =
        of(json!([{"name": "a", "expression": "request.namespace != 'kube-system'"}])).unwrap();
    assert_eq!((told.namespaces.len(), told.pods.len()), (1, 0));
    assert_eq!(told.excepted_namespaces, ["kube-system"]);
    assert_eq!(told.since, Some(MADE.parse().unwrap()));
    assert_eq!(of(json!([{"name": "a", "expression": "false"}])), None);
}

#[test]
fn a_binding_counts_when_it_denies_and_takes_in_new_pods() {
    for (spec, kept) in [
        (
            json!({"policyName": "p", "validationActions": ["Deny"]}),
            true,
        ),
        (
            json!({"policyName": "p", "validationActions": ["Audit", "Deny"]}),
            true,
        ),
        (
            json!({"policyName": "p", "validationActions": ["Warn", "Audit"]}),
            false,
        ),
        (
            json!({"policyName": "p", "validationActions": ["Deny"], "matchResources": {"resourceRules": [rule("*", "apps", "*")]}}),
            false,
        ),
        (
            json!({"policyName": "p", "validationActions": ["Deny"], "matchResources": {"excludeResourceRules": [rule("*", "", "*")]}}),
            false,
        ),
        (json!({"policyName": "p", "validationActions": null}), false),
    ] {
        let told = binding(&spec);
        assert_eq!(told.is_some(), kept, "{spec}");
    }
}

#[test]
fn the_last_change_of_a_spec_is_the_last_write_that_is_no_status() {
    let write = |subresource: &str, time: &str| json!({"manager": "m", "operation": "Update", "time": time, "subresource": subresource});
    let changed = |generation: i64, writes: Value| {
        let metadata =
            json!({"generation": generation, "creationTimestamp": MADE, "managedFields": writes});
        serde_json::from_value::<Metadata>(metadata)
            .unwrap()
            .changed()
    };
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    let later = "2026-02-01T00:00:00Z";
    let status = write("status", "2026-03-01T00:00:00Z");
    assert_eq!(changed(1, json!([write("", later)])), at(MADE));
    assert_eq!(
        changed(2, json!([write("", MADE), write("", later), status])),
        at(later)
    );
    assert_eq!(changed(2, json!([status])), None);
    assert_eq!(changed(2, json!([{"manager": "m"}])), None);
    assert_eq!(changed(2, json!([])), None);
}
