//! SARIF against the schema of the standard, and what code scanning asks beyond it.

use airworthy_model::Assessment;
use airworthy_report::sarif;
use serde_json::{Value, json};

use super::samples::*;

const SCHEMA: &str = include_str!("../schemas/sarif-2.1.0.json");

fn log(assessment: &Assessment) -> Value {
    serde_json::from_str(&sarif::render(assessment, &CATALOGUE)).unwrap()
}

fn errors(validator: &jsonschema::Validator, log: &Value) -> Vec<String> {
    let errors = validator.iter_errors(log);
    errors
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect()
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
}

#[test]
fn logs_fit_the_schema_of_the_standard() {
    let validator = validator();
    for assessment in [
        ready(),
        not_ready_and_unknown(),
        cannot_determine(),
        partial(ready_with_risks()),
        after(not_ready()),
        uses(),
        files(),
        hostile(),
        saying("\u{fffe}%0A {0} ](x"),
    ] {
        assert_eq!(errors(&validator, &log(&assessment)), [""; 0]);
    }
}

#[test]
fn the_schema_is_one_that_refuses() {
    let validator = validator();
    let changes: [(&str, Value); 5] = [
        ("/version", json!("2.0.0")),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/kind", json!("found")),
        ("/runs/0/tool/driver/name", json!(1)),
        (
            "/runs/0/results/0/locations/0/physicalLocation/region/startLine",
            json!(0),
        ),
    ];
    for (pointer, value) in changes {
        let mut log = log(&files());
        *log.pointer_mut(pointer).expect(pointer) = value;
        assert!(!validator.is_valid(&log), "{pointer}");
    }
}

#[test]
fn every_result_names_a_rule_that_is_there() {
    for assessment in [uses(), not_ready_and_unknown(), hostile()] {
        let log = log(&assessment);
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(
                run["tool"]["driver"]["rules"][index]["id"],
                result["ruleId"]
            );
        }
    }
}

#[test]
fn a_result_has_its_file_its_object_its_level_and_its_fingerprint() {
    let assessment = not_ready();
    let log = log(&assessment);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let levels: Vec<_> = results.iter().map(|result| &result["level"]).collect();
    assert_eq!(levels, ["error", "error", "error", "warning", "note"]);
    let pod = &results[3];
    assert_eq!(
        pod["locations"],
        json!([{
            "physicalLocation": {
                "artifactLocation": {"uri": "charts/cart.yaml"},
                "region": {"startLine": 12, "startColumn": 3},
            },
            "logicalLocations": [{"name": "cart-0", "fullyQualifiedName": "shop/cart-0", "kind": "Pod"}],
        }])
    );
    let fingerprint = assessment.findings[3].fingerprint();
    assert_eq!(
        pod["partialFingerprints"],
        json!({"airworthy/v1": fingerprint})
    );
    assert_eq!(results[0]["locations"][0].get("physicalLocation"), None);
}

#[test]
fn all_objects_of_a_finding_are_there() {
    let assessment = uses();
    let log = log(&assessment);
    for (finding, result) in assessment
        .findings
        .iter()
        .zip(log["runs"][0]["results"].as_array().unwrap())
    {
        let places = result["locations"][0]["logicalLocations"]
            .as_array()
            .unwrap();
        assert_eq!(places.len(), 1 + finding.objects.len());
    }
}

#[test]
fn what_was_not_assessed_is_a_notification_and_an_open_result() {
    let log = log(&cannot_determine());
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let notifications = run["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    let levels: Vec<_> = notifications.iter().map(|told| &told["level"]).collect();
    assert_eq!(levels, ["error", "error", "warning"]);
    let results = run["results"].as_array().unwrap();
    let open = results
        .iter()
        .filter(|result| result["kind"] == "open" && result["level"] == "none");
    assert_eq!(open.count(), 3);
}

/// GitHub refuses a whole upload for one result without a file.
#[test]
fn every_result_of_a_run_on_files_has_a_file() {
    let log = log(&files());
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(uri, "deploy/flow%20schemas.yaml");
    }
    let told = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(told["associatedRule"]["id"], "ManifestDeprecatedApi");
}
