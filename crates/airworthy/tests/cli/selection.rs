//! Choosing checks: a run that leaves one out is partial, and never says that the cluster is ready.

use airworthy_model::Facts;
use serde_json::Value;

use crate::common_cli::{Ended, Recordings, airworthy, facts::*};

fn run(command: &str, facts: &Facts, args: &[&str]) -> Ended {
    let recordings = Recordings::new();
    let file = recordings.of("facts.tar", facts);
    let file = file.to_str().expect("a path of ours");
    airworthy([&[command, "--from", file], args].concat()).run()
}

/// Demands that the sentence does not say that the cluster is ready.
#[track_caller]
fn does_not_say_ready(table: &Ended) {
    let words = table.sentence().split(|c: char| !c.is_alphabetic());
    for word in words {
        assert!(!word.eq_ignore_ascii_case("ready"), "{table}");
    }
}

fn names(phase: &str) -> Vec<String> {
    let list = airworthy(["checks", "list", "-o", "json"]).run().json();
    let list = list.as_array().expect("a list").iter();
    list.filter(|check| check["phase"] == phase)
        .map(|check| check["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn count(report: &Value, status: &str) -> usize {
    let checks = report["checks"].as_array().expect("checks").iter();
    checks.filter(|check| check["status"] == status).count()
}

#[test]
fn any_check_alone_is_partial_and_does_not_say_ready() {
    let all = names("pre");
    for name in &all {
        let report = run("precheck", &healthy(), &["--check", name, "-o", "json"]);
        let json = report.exits(0).json();
        assert_eq!(json["scope"], "partial", "{report}");
        assert_eq!(count(&json, "skipped"), all.len() - 1, "{report}");
        let table = run("precheck", &healthy(), &["--check", name]);
        does_not_say_ready(table.exits(0));
        table.says("left out");
    }
}

#[test]
fn any_check_left_out_is_partial_and_does_not_say_ready() {
    for name in names("pre") {
        let report = run("precheck", &healthy(), &["--skip", &name, "-o", "json"]);
        let json = report.exits(0).json();
        assert_eq!(
            (&json["scope"], count(&json, "skipped")),
            (&"partial".into(), 1)
        );
        let table = run("precheck", &healthy(), &["--skip", &name]);
        does_not_say_ready(table.exits(0));
        table.says(&name);
    }
}

#[test]
fn a_partial_run_still_finds_what_it_looks_for() {
    let found = with_blocker(with_risk(healthy()));
    run("precheck", &found, &["--check", "PdbBlocksDrain"]).exits(1);
    run("precheck", &found, &["--check", "BarePod"]).exits(0);
    run(
        "precheck",
        &found,
        &["--check", "BarePod", "--fail-on", "risk"],
    )
    .exits(1);
    run("precheck", &found, &["--skip", "PdbBlocksDrain"]).exits(0);
    let unknown = without_pdbs(healthy());
    let table = run("precheck", &unknown, &["--check", "PdbBlocksDrain"]);
    does_not_say_ready(table.exits(3));
    let both = ["--skip", "PdbBlocksDrain", "--skip", "PdbOverlap"];
    run("precheck", &unknown, &both).exits(0);
}

#[test]
fn several_names_may_follow_one_flag() {
    let two = ["BarePod", "PdbBlocksDrain"];
    let whole = |args: &[&str]| run("precheck", &with_blocker(healthy()), args).stdout;
    for flag in ["--check", "--skip"] {
        let apart = whole(&[flag, two[0], flag, two[1]]);
        assert_eq!(whole(&[flag, two[0], two[1]]), apart);
        assert_eq!(whole(&[flag, "BarePod,PdbBlocksDrain"]), apart);
        assert_ne!(whole(&[flag, two[0]]), apart);
        let typo = run("precheck", &healthy(), &[flag, "BarePod,PdbBlockDrain"]);
        typo.refuses(&["\"PdbBlockDrain\""]);
    }
}

#[test]
fn all_checks_named_one_by_one_are_a_full_run() {
    let names = names("pre");
    let args: Vec<&str> = names.iter().flat_map(|name| ["--check", name]).collect();
    let table = run("precheck", &healthy(), &args);
    assert_eq!(table.exits(0).sentence(), "Ready for 1.32.");
}

/// Nothing looked at is nothing found: that must not end like a check that passed.
#[test]
fn leaving_out_everything_is_a_usage_error() {
    let same = ["--check", "BarePod", "--skip", "BarePod"];
    run("precheck", &healthy(), &same).refuses(&["no check"]);
    let names = names("post");
    let all: Vec<&str> = names.iter().flat_map(|name| ["--skip", name]).collect();
    run("postcheck", &healthy(), &all).refuses(&["no check"]);
}

#[test]
fn a_name_that_no_check_has_is_refused_and_a_near_one_is_suggested() {
    for flag in ["--check", "--skip"] {
        for (name, near) in [
            ("pdbblocksdrain", "did you mean PdbBlocksDrain?"),
            ("PdbBlockDrain", "did you mean PdbBlocksDrain?"),
            ("NodeRedy", "did you mean NodeReady?"),
            ("Overlap", "did you mean PdbOverlap?"),
            ("WebhookBackend", "did you mean WebhookBackendDown?"),
            ("NoSuchCheck", "airworthy checks list shows them"),
            ("", "airworthy checks list shows them"),
        ] {
            let quoted = format!("there is no check named {name:?}");
            run("precheck", &healthy(), &[flag, name]).refuses(&[&quoted, near]);
        }
    }
}

#[test]
fn a_check_of_the_other_phase_is_refused() {
    for flag in ["--check", "--skip"] {
        let post = run("precheck", &healthy(), &[flag, "PostWebhooks"]);
        post.refuses(&["PostWebhooks is a post-check"]);
        let pre = run("postcheck", &healthy(), &[flag, "PdbBlocksDrain"]);
        pre.refuses(&["PdbBlocksDrain is a pre-check"]);
    }
}

#[test]
fn a_wrong_name_is_refused_before_anything_is_read() {
    let args = [
        "precheck",
        "--kubeconfig",
        "absent",
        "--check",
        "NoSuchCheck",
    ];
    airworthy(args).run().refuses(&["NoSuchCheck"]);
}
