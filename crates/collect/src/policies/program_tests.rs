use serde_json::{Value, json};

use super::*;

fn successor() -> Successor {
    let write =
        json!({ "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:containers": {}}} });
    let metadata = json!({ "creationTimestamp": "2026-01-01T00:00:00Z", "namespace": "shop", "managedFields": [write] });
    let pod = json!({ "metadata": metadata, "spec": {"hostNetwork": true} });
    Successor::of(&pod, &json!({})).unwrap()
}

fn judge(spec: Value) -> Word {
    let spec: PolicySpec = serde_json::from_value(spec).unwrap();
    Program::of(&spec).map_or(Word::NotJudged, |program| program.judge(&successor()))
}

fn demands(expression: &str) -> Value {
    json!({ "expression": expression, "message": "no" })
}

fn refused() -> Word {
    Word::Refused("no".to_owned())
}

const BREAKS: &str = "object.spec.hostPID";
const UNCLEAR: &str = "object.metadata.name == 'x'";

#[test]
fn one_validation_that_does_not_hold_is_enough() {
    assert_eq!(
        judge(json!({"validations": [demands("true")]})),
        Word::LetIn
    );
    assert_eq!(
        judge(json!({"validations": [demands("true"), demands("false")]})),
        refused()
    );
    assert_eq!(
        judge(json!({"validations": [demands(UNCLEAR), demands("false")]})),
        refused()
    );
    assert_eq!(
        judge(json!({"validations": [demands(UNCLEAR), demands("true")]})),
        Word::NotJudged
    );
    assert_eq!(
        judge(json!({"validations": [demands("true")], "auditAnnotations": [{"key": "a"}]})),
        Word::NotJudged
    );
    let told = judge(json!({"validations": [{"expression": "!object.spec.hostNetwork"}]}));
    assert_eq!(
        told,
        Word::Refused("failed expression: !object.spec.hostNetwork".to_owned())
    );
}

#[test]
fn what_breaks_is_refused_unless_failures_are_ignored() {
    assert_eq!(judge(json!({"validations": [demands(BREAKS)]})), refused());
    assert_eq!(
        judge(json!({"validations": [demands(BREAKS)], "failurePolicy": "Ignore"})),
        Word::LetIn
    );
    assert_eq!(
        judge(
            json!({"validations": [demands(BREAKS), demands("false")], "failurePolicy": "Ignore"})
        ),
        refused()
    );
}

#[test]
fn conditions_decide_whether_it_is_asked_at_all() {
    let with = |conditions: &[&str], policy: &str| {
        let conditions: Vec<_> = conditions
            .iter()
            .map(|one| json!({"name": "c", "expression": one}))
            .collect();
        judge(
            json!({"matchConditions": conditions, "validations": [demands("false")], "failurePolicy": policy}),
        )
    };
    assert_eq!(with(&["true"], "Fail"), refused());
    assert_eq!(
        with(&["true", UNCLEAR, BREAKS, "false"], "Fail"),
        Word::LetIn
    );
    assert_eq!(with(&["true", UNCLEAR, BREAKS], "Fail"), Word::NotJudged);
    assert_eq!(with(&[BREAKS], "Ignore"), Word::LetIn);
    assert!(
        matches!(with(&[BREAKS], "Fail"), Word::Refused(why) if why.contains("match condition"))
    );
}

#[test]
fn variables_stand_for_their_expressions() {
    let spec = |validation: &str| {
        json!({
            "variables": [
                {"name": "host", "expression": "object.spec.hostNetwork"},
                {"name": "closed", "expression": "!variables.host"},
                {"name": "broken", "expression": BREAKS},
                {"name": "odd", "expression": "quantity("},
            ],
            "validations": [demands(validation)],
        })
    };
    assert_eq!(judge(spec("variables.host")), Word::LetIn);
    assert_eq!(judge(spec("variables.closed")), refused());
    assert_eq!(
        judge(spec("variables.host || variables.broken")),
        Word::LetIn
    );
    assert_eq!(judge(spec("variables.broken")), refused());
    assert_eq!(judge(spec("variables.odd || true")), Word::NotJudged);
}

#[test]
fn what_has_parameters_is_not_judged() {
    let kind = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    assert_eq!(
        judge(json!({"paramKind": kind, "validations": [demands("false")]})),
        Word::NotJudged
    );
}
