//! Where to go: the forms of a version, the default, and ways that are none.

use airworthy_model::Facts;
use serde_json::{Value, json};

use crate::common_cli::{
    Ended, Recordings, airworthy,
    facts::{healthy, running},
};

fn precheck(facts: &Facts, args: &[&str]) -> Ended {
    let recordings = Recordings::new();
    let file = recordings.of("facts.tar", facts);
    let file = file.to_str().expect("a path of ours");
    airworthy([&["precheck", "--from", file], args].concat()).run()
}

/// The findings of `UpgradePath`.
fn upgrade_path(report: &Value) -> Vec<&Value> {
    let findings = report["findings"].as_array().expect("findings").iter();
    findings
        .filter(|finding| finding["check"] == "UpgradePath")
        .collect()
}

#[test]
fn a_target_is_taken_in_each_of_its_forms() {
    for (text, shown) in [
        ("1.32", "1.32"),
        ("v1.32", "1.32"),
        ("1.32.4", "v1.32.4"),
        ("v1.32.4-r2", "v1.32.4-r2"),
        ("v1.32-r1", "v1.32-r1"),
        ("1.32.13-eks-1a2b3c4", "v1.32.13-eks-1a2b3c4"),
    ] {
        let table = precheck(&healthy(), &["--target", text]);
        table.exits(0);
        assert_eq!(table.sentence(), format!("Ready for {shown}."), "{table}");
        let report = precheck(&healthy(), &["--target", text, "-o", "json"]).json();
        assert_eq!(report["path"], json!([{ "from": "1.31", "to": "1.32" }]));
    }
}

#[test]
fn without_a_target_the_next_minor_of_the_server_is_it() {
    for (runs, next) in [
        ("v1.31.14", "1.32"),
        ("v1.36.3-eks-0a1b2c3", "1.37"),
        ("v1.24.17+k3s1", "1.25"),
    ] {
        let report = precheck(&running(runs), &["-o", "json"]);
        let report = report.exits(0).json();
        assert_eq!(report["path"].as_array().map(Vec::len), Some(1));
        assert_eq!(report["path"][0]["to"], next);
    }
}

#[test]
fn a_patch_of_the_running_minor_is_a_way_without_hops() {
    let report = precheck(&healthy(), &["--target", "1.31.15", "-o", "json"]);
    assert_eq!(report.exits(0).json()["path"], json!([]));
}

/// Nobody named a target, so none is said to be named.
#[test]
fn a_patch_without_a_newer_one_says_that_none_is_known() {
    let patch = ["--rollout", "patch"];
    let refused = precheck(&healthy(), &patch);
    refused.refuses(&["no newer patch than v1.31.14 is known", "--target"]);
    assert!(!refused.stderr.contains("nothing to upgrade"), "{refused}");
    precheck(&running("v1.31.13"), &patch).exits(0);
}

#[test]
fn the_version_that_runs_and_those_below_are_refused() {
    for (target, words) in [
        ("1.31", "the version that runs now (v1.31.14)"),
        ("v1.31.14", "nothing to upgrade"),
        ("1.31.13", "below the version that runs now (v1.31.14)"),
        ("1.30", "Kubernetes does not support downgrades"),
        ("1.19.16-r80", "target v1.19.16-r80 is below"),
    ] {
        precheck(&healthy(), &["--target", target]).refuses(&[words]);
    }
}

#[test]
fn a_text_that_is_no_version_is_refused_with_the_forms_that_are() {
    for text in [
        "", "latest", "1", "2.1", "1.x", "1.32.1.1", "1.32-", "v 1.32", "1.32;ls", "-1.32",
    ] {
        let target = format!("--target={text}");
        precheck(&healthy(), &[&target]).refuses(&[
            "--target",
            "accepted forms: 1.32, v1.32, 1.32.4, v1.32.4-r2",
        ]);
    }
}

#[test]
fn several_minors_are_one_hop_each_and_a_blocker() {
    let report = precheck(&healthy(), &["--target", "1.34", "-o", "json"]);
    let report = report.exits(1).json();
    let hop = |from: &str, to: &str| json!({ "from": from, "to": to });
    assert_eq!(
        report["path"],
        json!([
            hop("1.31", "1.32"),
            hop("1.32", "1.33"),
            hop("1.33", "1.34")
        ])
    );
    let [finding] = upgrade_path(&report)[..] else {
        panic!("{report:#}")
    };
    assert_eq!(finding["severity"], "blocker", "{finding:#}");
}

#[test]
fn a_jump_that_is_allowed_is_no_blocker_and_no_other_is() {
    for (jump, code) in [
        (&["--allow-jump", "1.31:1.34"][..], 0),
        (&["--allow-jump", "1.31-1.34"], 0),
        (
            &["--allow-jump", "1.31:1.33", "--allow-jump", "1.33:1.34"],
            0,
        ),
        (&["--allow-jump", "1.31:1.33"], 1),
        (&["--allow-jump", "1.30:1.34"], 1),
    ] {
        let args = [&["--target", "1.34", "-o", "json"], jump].concat();
        let report = precheck(&healthy(), &args);
        let json = report.exits(code).json();
        let found = upgrade_path(&json);
        let blocks = found.iter().any(|finding| finding["severity"] == "blocker");
        assert_eq!(blocks, code == 1, "{report}");
        assert_eq!(
            json["path"].as_array().map(Vec::len),
            Some(3),
            "each hop is judged"
        );
    }
}

#[test]
fn a_target_beyond_what_is_known_is_not_ready() {
    let report = precheck(&running("v1.37.0"), &["--target", "1.38", "-o", "json"]);
    let report = report.exits(1).json();
    let known = |finding: &Value| finding["check"] == "KnowledgeBaseCoverage";
    let findings = report["findings"].as_array().expect("findings");
    assert!(findings.iter().any(known), "{report:#}");
}
