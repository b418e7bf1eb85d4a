//! `--audit-log` beside a recording: what is read, what a wrong name does, and what its lack means.

use std::fs;

use serde_json::{Value, json};

use crate::common_cli::{Recordings, airworthy, facts::healthy};

fn event(user_agent: &str) -> String {
    let event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "a", "stage": "ResponseComplete",
        "requestURI": "/api/v1/pods", "verb": "list", "user": {"username": "jane"}, "userAgent": user_agent,
        "objectRef": {"resource": "pods", "apiVersion": "v1"}, "responseStatus": {"code": 200},
        "requestReceivedTimestamp": "2026-11-22T11:00:00.000000Z", "stageTimestamp": "2026-11-22T11:00:00.000000Z",
    });
    format!("{event}\n")
}

const OLD: &str = "kubectl/v1.24.3 (linux/amd64) kubernetes/aef86a9";

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    checks
        .iter()
        .find(|check| check["check"] == name)
        .expect("the check")
}

#[test]
fn a_log_beside_a_recording_tells_of_clients_and_its_gaps_count() {
    let folder = Recordings::new();
    let recording = folder.of("healthy.tar", &healthy());
    let log = folder.path().join("audit.log");
    let run = |args: &[&str]| {
        let base = [
            "precheck",
            "-o",
            "json",
            "--target",
            "1.32",
            "--from",
            recording.to_str().expect("a path"),
        ];
        airworthy([&base[..], args].concat()).run()
    };
    let path = log.to_str().expect("a path");
    fs::write(&log, event(OLD)).expect("it writes");
    let ended = run(&["--audit-log", path]);
    ended.exits(0);
    let report = ended.json();
    assert_eq!(check(&report, "ClientSkew")["status"], "found");
    assert_eq!(
        (&report["verdict"], &report["scope"]),
        (&json!("ready"), &json!("full"))
    );

    // Nobody gave a log: that is no gap, and the scope of the run is still full.
    let ended = run(&[]);
    ended.exits(0);
    let report = ended.json();
    assert_eq!(check(&report, "ClientSkew")["status"], "notApplicable");
    assert_eq!(
        (&report["verdict"], &report["scope"]),
        (&json!("ready"), &json!("full"))
    );

    // A log of which a part cannot be read may hide a client.
    fs::write(&log, format!("{}banana\n", event("curl/8"))).expect("it writes");
    let ended = run(&["--audit-log", path]);
    ended.exits(3);
    let report = ended.json();
    assert_eq!(report["verdict"], "cannotDetermine");
    let missing = check(&report, "DeprecatedApiCheck")["missing"].to_string();
    assert!(
        missing.contains(":2") && missing.contains("not JSON"),
        "{missing}"
    );
}

#[test]
fn a_wrong_name_is_a_usage_error_before_anything_is_read() {
    let folder = Recordings::new();
    let absent = folder.path().join("audti.log");
    let absent = absent.to_str().expect("a path");
    for from in [
        &["--from", "/nowhere.tar"][..],
        &["--kubeconfig", "/nowhere"],
    ] {
        let args = [&["precheck", "--audit-log", absent], from].concat();
        airworthy(args).run().refuses(&["audti.log"]);
    }
    let empty = folder.path().to_str().expect("a path");
    airworthy(["precheck", "--audit-log", empty])
        .run()
        .refuses(&["no file that is named like an audit log"]);
    airworthy(["precheck", "--audit-log", "-", "--audit-log", "-"])
        .run()
        .refuses(&["once"]);
}
