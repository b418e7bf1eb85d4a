//! JSON reports and their schema.

use airworthy_model::Assessment;
use airworthy_report::json;
use serde_json::{Value, json};

use super::{committed::assert_committed, samples::*};

fn all() -> [Assessment; 12] {
    [
        ready(),
        ready_with_risks(),
        unknown_risk(),
        not_ready(),
        cannot_determine(),
        not_ready_and_unknown(),
        partial(ready()),
        partial(not_ready()),
        after(ready()),
        after(cannot_determine()),
        Assessment {
            path: None,
            ..after(ready())
        },
        hostile(),
    ]
}

fn report(assessment: &Assessment) -> Value {
    serde_json::from_str(&json::render(assessment)).unwrap()
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(json::schema().as_value()).unwrap()
}

#[test]
fn the_committed_schema_is_the_one_of_now() {
    let schema = serde_json::to_string_pretty(json::schema().as_value()).unwrap() + "\n";
    assert_committed("schema/report.schema.json", &schema);
}

#[test]
fn a_report_reads_as_committed() {
    let text = json::render(&not_ready_and_unknown());
    assert_committed("tests/report/expected/report.json", &text);
}

#[test]
fn reports_fit_their_schema() {
    let validator = validator();
    for assessment in all() {
        let report = report(&assessment);
        let errors: Vec<_> = validator
            .iter_errors(&report)
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, [""; 0], "{report:#}");
    }
}

#[test]
fn the_schema_refuses_what_no_report_says() {
    let validator = validator();
    let changes: [(&str, Value); 8] = [
        ("/verdict", json!("maybe")),
        ("/scope", json!(null)),
        ("/checks/0/status", json!("passed")),
        ("/findings/0/severity", json!("fatal")),
        ("/findings/0/fingerprint", json!(12)),
        ("/findings/0/subject/namespace", json!(null)),
        ("/findings/0/evidence/0/kind", json!("guess")),
        ("/path/0/from", json!(1.31)),
    ];
    for (pointer, value) in changes {
        let mut report = report(&not_ready());
        *report.pointer_mut(pointer).expect(pointer) = value;
        assert!(!validator.is_valid(&report), "{pointer}");
    }
    for member in [
        "verdict",
        "scope",
        "cluster",
        "knowledge",
        "checks",
        "findings",
    ] {
        let mut report = report(&not_ready());
        report.as_object_mut().unwrap().remove(member).unwrap();
        assert!(!validator.is_valid(&report), "{member}");
    }
}

#[test]
fn the_outline_is_kept() {
    let report = report(&not_ready_and_unknown());
    let outline = json!({
        "verdict": "notReady",
        "scope": "full",
        "target": "v1.32.4",
        "path": [{"from": "1.29", "to": "1.30"}, {"from": "1.30", "to": "1.31"}, {"from": "1.31", "to": "1.32"}],
        "cluster": {"name": "prod-eu", "server": "https://192.0.2.10:6443", "uid": "7c2f4a0e-0000-4000-8000-000000000001"},
        "knowledge": "2026.11",
    });
    for (member, value) in outline.as_object().unwrap() {
        assert_eq!(&report[member], value, "{member}");
    }
    let finding = &report["findings"][3];
    assert_eq!(finding["hop"], json!({"from": "1.31", "to": "1.32"}));
    assert_eq!(finding["breaks"], "runningClient");
    assert_eq!(
        finding["caller"],
        json!({"user": "system:serviceaccount:shop:cart", "userAgent": "cart/2.1"})
    );
    assert_eq!(
        finding["location"],
        json!({"file": "charts/cart.yaml", "line": 12, "column": 3, "document": 1})
    );
    assert_eq!(
        finding["evidence"],
        json!([{"kind": "call", "source": "audit log", "detail": "12 requests"}])
    );
    let fix = &report["findings"][2]["fix"][0];
    assert_eq!(
        fix.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["patch", "text"]
    );
    assert_eq!(
        report["findings"][2]["owner"],
        json!({"kind": "Deployment", "namespace": "policy", "name": "gate"})
    );
    let webhook = &report["checks"][2];
    assert_eq!(
        (&webhook["check"], &webhook["status"]),
        (&json!("WebhookBackendDown"), &json!("found"))
    );
    assert_eq!(
        webhook["missing"],
        json!([{"need": "services", "reason": "forbidden", "detail": "list services answered 403"}])
    );
}

#[test]
fn verdicts_and_scopes_have_their_words() {
    for (assessment, verdict, scope) in [
        (ready(), "ready", "full"),
        (ready_with_risks(), "readyWithRisks", "full"),
        (not_ready(), "notReady", "full"),
        (partial(cannot_determine()), "cannotDetermine", "partial"),
    ] {
        let report = report(&assessment);
        assert_eq!(
            (&report["verdict"], &report["scope"]),
            (&json!(verdict), &json!(scope))
        );
    }
}

#[test]
fn absent_members_are_left_out() {
    fn nulls(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(items) => items.iter().any(nulls),
            Value::Object(members) => members.values().any(nulls),
            _ => false,
        }
    }
    for assessment in all() {
        assert!(!nulls(&report(&assessment)));
    }
    let bare = report(&Assessment {
        path: None,
        ..after(ready())
    });
    assert_eq!((bare.get("path"), bare.get("target")), (None, None));
    assert_eq!(bare["findings"], json!([]));
    assert_eq!(bare["checks"][0].get("missing"), None);
}

#[test]
fn json_keeps_every_character_of_the_cluster() {
    let assessment = hostile();
    let report = report(&assessment);
    assert_eq!(
        report["findings"][0]["message"],
        assessment.findings[0].message.as_str()
    );
}
