//! After the upgrade: with and without what was kept from before.

use airworthy_model::Facts;
use serde_json::Value;

use crate::common_cli::{Ended, Recordings, airworthy, facts::*};

fn postcheck(now: &Facts, before: Option<&Facts>, args: &[&str]) -> Ended {
    let recordings = Recordings::new();
    let now = recordings.of("now.tar", now);
    let mut whole = vec!["postcheck", "--from", now.to_str().expect("a path of ours")];
    let before = before.map(|facts| recordings.of("before.tar", facts));
    if let Some(before) = &before {
        whole.extend(["--baseline", before.to_str().expect("a path of ours")]);
    }
    whole.extend(args);
    airworthy(whole).run()
}

fn statuses<'a>(report: &'a Value, status: &str) -> Vec<&'a str> {
    let checks = report["checks"].as_array().expect("checks").iter();
    checks
        .filter(|check| check["status"] == status)
        .filter_map(|check| check["check"].as_str())
        .collect()
}

#[test]
fn without_a_baseline_it_cannot_be_determined() {
    let report = postcheck(&healthy(), None, &["-o", "json"]);
    let json = report.exits(3).json();
    assert_eq!(json["verdict"], "cannotDetermine");
    let unknown = statuses(&json, "unknown");
    for check in ["PostWorkloadBaseline", "PostObjectLoss", "PostCrds"] {
        assert!(unknown.contains(&check), "{unknown:?}");
    }
    let table = postcheck(&healthy(), None, &[]);
    table.exits(3).says("--baseline").says("airworthy record");
    let sentence = table.sentence();
    assert!(
        sentence.starts_with("Cannot determine whether the cluster is fit"),
        "{table}"
    );
    postcheck(&healthy(), None, &["--fail-on", "never"]).exits(0);
}

#[test]
fn an_upgrade_that_lost_nothing_is_fit_to_serve() {
    let (before, now) = (running("v1.31.14"), running("v1.32.13"));
    let table = postcheck(&now, Some(&before), &[]);
    assert_eq!(
        table.exits(0).sentence(),
        "Fit to serve after the upgrade to v1.32.13."
    );
    let report = postcheck(&now, Some(&before), &["-o", "json"]);
    assert_eq!(report.exits(0).json()["path"][0]["to"], "1.32");
}

#[test]
fn what_came_back_worse_is_a_regression() {
    let workload = |ready: i32| {
        let mut facts = with_note(running(if ready == 1 { "v1.31.14" } else { "v1.32.13" }));
        for workload in facts.deployments.as_mut().expect("deployments") {
            (workload.ready, workload.available) = (ready, ready);
        }
        facts
    };
    let report = postcheck(&workload(0), Some(&workload(1)), &["-o", "json"]);
    let json = report.exits(1).json();
    assert!(
        statuses(&json, "found").contains(&"PostWorkloadBaseline"),
        "{report}"
    );
}

#[test]
fn a_version_that_was_not_reached_is_a_blocker() {
    let (before, now) = (running("v1.31.14"), running("v1.32.13"));
    let report = postcheck(&now, Some(&before), &["--target", "1.33", "-o", "json"]);
    let json = report.exits(1).json();
    assert!(
        statuses(&json, "found").contains(&"PostVersionConverged"),
        "{report}"
    );
}

#[test]
fn a_patch_of_the_minor_that_is_named_was_an_upgrade() {
    let (before, now) = (running("v1.31.10"), running("v1.31.14"));
    let table = postcheck(&now, Some(&before), &["--target", "1.31"]);
    let sentence = table.exits(0).sentence();
    assert_eq!(sentence, "Fit to serve after the upgrade to v1.31.14.");
}

#[test]
fn a_minor_that_ran_already_says_nothing_of_an_upgrade() {
    let same = running("v1.31.14");
    let table = postcheck(&same, Some(&same), &["--target", "1.31"]);
    table
        .exits(3)
        .says("it is of v1.31.14, which runs now, and no version above is named")
        .says("give the recording from before the upgrade, or name the exact version");
    let other = postcheck(&running("v1.32.13"), Some(&same), &["--target", "1.31"]);
    other
        .exits(3)
        .says("it is of v1.31.14, v1.32.13 runs now, and no version above v1.31.14 is named");
}

#[test]
fn a_target_that_is_not_above_the_baseline_is_refused() {
    let (before, now) = (running("v1.32.13"), running("v1.32.13"));
    for target in ["1.31", "1.32.9", "1.32.13"] {
        postcheck(&now, Some(&before), &["--target", target]).refuses(&[
            &format!("the target v{target} is not above v1.32.13, of which the baseline is"),
            "--baseline",
        ]);
    }
}

#[test]
fn a_baseline_of_another_cluster_is_refused() {
    let mut before = running("v1.31.14");
    before.cluster.uid = Some("another-cluster".into());
    postcheck(&running("v1.32.13"), Some(&before), &[]).refuses(&[
        "the baseline is of another cluster",
        "another-cluster",
        UID,
    ]);
}

#[test]
fn a_baseline_that_cannot_be_read_is_refused() {
    let recordings = Recordings::new();
    let now = recordings.of("now.tar", &healthy());
    let now = now.to_str().expect("a path of ours");
    for (name, bytes) in [("empty", &b""[..]), ("text", b"no recording")] {
        let file = recordings.bytes(name, bytes);
        let file = file.to_str().expect("a path of ours");
        airworthy(["postcheck", "--from", now, "--baseline", file])
            .run()
            .refuses(&[file]);
    }
    let absent = ["postcheck", "--from", now, "--baseline", "absent.tar"];
    airworthy(absent).run().refuses(&["absent.tar"]);
}

#[test]
fn a_recording_does_not_settle() {
    postcheck(&healthy(), None, &["--settle"]).refuses(&["--settle", "--from"]);
    let span = ["postcheck", "--settle=0"];
    airworthy(span).run().refuses(&["--settle"]);
    airworthy(["postcheck", "--settle=86401"])
        .run()
        .refuses(&["--settle"]);
}
