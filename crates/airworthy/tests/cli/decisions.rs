//! What callers decide: what the upgrade touches, who runs the control plane, what is accepted, and checks of their own.

use serde_json::{Value, json};

use crate::common_cli::{Ended, Recordings, airworthy, facts::*};

/// Runs a pre-check with these arguments of two checks on a cluster with a risk, beside files that the arguments name.
fn precheck(files: &[(&str, &str)], args: &[&str]) -> Ended {
    let recordings = Recordings::new();
    let facts = recordings.of("facts.tar", &with_risk(healthy()));
    for (name, text) in files {
        recordings.bytes(name, text.as_bytes());
    }
    let folder = facts.parent().expect("a folder").to_owned();
    let few = ["--check", "BarePod,UpgradePath"];
    airworthy([&["precheck", "--from", "facts.tar"], &few[..], args].concat())
        .within(&folder)
        .run()
}

fn first_finding(severity: &str) -> Value {
    let report = precheck(&[], &["-o", "json"]).exits(0).json();
    let findings = report["findings"].as_array().expect("findings").iter();
    let mut found = findings.filter(|finding| finding["severity"] == severity);
    found.next().expect("one").clone()
}

fn waiver(expires: &str) -> String {
    let risk = first_finding("risk");
    format!(
        "[[waiver]]\ncheck = {}\nfingerprint = {}\nowner = \"team-shop\"\nreason = \"known\"\nexpires = {expires}\n",
        risk["check"], risk["fingerprint"]
    )
}

#[test]
fn a_waived_risk_does_not_fail_and_is_shown() {
    precheck(&[], &["--fail-on", "risk"]).exits(1);
    let file = waiver("2099-12-31");
    let args = ["--waivers", "w.toml", "--fail-on", "risk"];
    let table = precheck(&[("w.toml", &file)], &args);
    table
        .exits(0)
        .says("Waived (1)")
        .says("team-shop until 2100-01-01")
        .says("w.toml:1");
    let json = precheck(&[("w.toml", &file)], &[&args[..], &["-o", "json"]].concat());
    let report = json.exits(0).json();
    assert_eq!(report["waived"][0]["waiver"]["owner"], "team-shop");
    let configured = "waivers = \"w.toml\"\n";
    let files = [("w.toml", file.as_str()), ("a.toml", configured)];
    precheck(&files, &["--config", "a.toml", "--fail-on", "risk"]).exits(0);
}

#[test]
fn a_batch_of_no_node_is_refused() {
    precheck(&[], &["--batch", "0"]).refuses(&["a batch of 0 moves no node", "surge"]);
    precheck(&[], &["--batch", "0%", "--surge", "0"]).refuses(&["a batch of 0 moves no node"]);
    precheck(&[], &["--batch", "0", "--surge", "1"]).exits(0);
    let file = [("a.toml", "[pace]\nbatch = 0\n")];
    precheck(&file, &["--config", "a.toml"]).refuses(&["a.toml: pace: a batch of 0"]);
}

#[test]
fn one_that_ended_counts_again_and_is_said() {
    let file = waiver("2020-01-31");
    let args = ["--waivers", "w.toml", "--fail-on", "risk"];
    precheck(&[("w.toml", &file)], &args)
        .exits(1)
        .says("counts again");
    let json = precheck(&[("w.toml", &file)], &[&args[..], &["-o", "json"]].concat());
    assert_eq!(json.exits(1).json()["waiverNotes"][0]["fault"], "expired");
    assert!(json.stderr.contains("warning: w.toml:1: "), "{json}");
}

#[test]
fn a_file_that_cannot_be_used_is_refused_before_anything_is_read() {
    let wrong = waiver("2099-12-31").replace("owner", "boss");
    let refused = precheck(&[("w.toml", &wrong)], &["--waivers", "w.toml"]);
    refused.refuses(&["w.toml:4", "boss"]);
    precheck(&[], &["--waivers", "gone.toml"]).refuses(&["gone.toml", "cannot be read"]);
    precheck(&[("w.txt", "")], &["--waivers", "w.txt"]).refuses(&["w.txt", ".toml"]);
}

#[test]
fn a_file_of_waivers_can_be_checked_alone() {
    let check = |text: &str| {
        let recordings = Recordings::new();
        let file = recordings.bytes("w.toml", text.as_bytes());
        airworthy(["waivers", "check", file.to_str().expect("a path")]).run()
    };
    check(&waiver("2099-12-31")).exits(0).says("1 can be used");
    check(&waiver("2020-01-31")).exits(1).says("ENDED");
    check(&waiver("2099-12-31").replace("known", "")).refuses(&["w.toml:5", "reason is empty"]);
    check("").exits(0).says("no waiver");
}

const OWN: &str = "
checks:
  - id: OldKernels
    summary: a node runs a kernel that we do not support any more
    for: nodes
    when: item.name.startsWith('node')
    message: runs an old kernel
    level: risk
    fix: Replace the node
    examples:
      - {item: {name: node-1}, says: found}
      - {item: {name: other}, says: clear}
";

#[test]
fn checks_of_ones_own_run_beside_ours() {
    let files = [("own.yaml", OWN)];
    let own = ["--checks", "own.yaml"];
    let json = precheck(
        &files,
        &[&own[..], &["--check", "OldKernels", "-o", "json"]].concat(),
    )
    .exits(0)
    .json();
    let checks = json["checks"].as_array().expect("checks");
    assert!(
        checks.iter().any(|it| it["check"] == "OldKernels"),
        "{json}"
    );
    let alone = ["--check", "OldKernels", "-o", "sarif"];
    let log = precheck(&files, &[&own[..], &alone].concat())
        .exits(0)
        .json();
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .expect("rules");
    let rule = rules.iter().find(|rule| rule["id"] == "OldKernels");
    let text = "a node runs a kernel that we do not support any more";
    assert_eq!(
        rule.expect("a rule")["shortDescription"],
        json!({"text": text})
    );
    // Without the file the name is nobody's.
    precheck(&files, &["--check", "OldKernels"]).refuses(&["OldKernels"]);
}

#[test]
fn checks_of_ones_own_are_listed_shown_and_tested() {
    let recordings = Recordings::new();
    let file = recordings.bytes("own.yaml", OWN.as_bytes());
    let file = file.to_str().expect("a path of ours");
    let run = |args: &[&str]| airworthy(args).run();
    run(&["checks", "list", "--checks", file])
        .exits(0)
        .says("OldKernels")
        .says("own.yaml:3");
    run(&["checks", "show", "OldKernels", "--checks", file])
        .exits(0)
        .says("item.name.startsWith");
    run(&["checks", "test", file])
        .exits(0)
        .says("2 examples judged rightly");
    let wrong = recordings.bytes(
        "wrong.yaml",
        OWN.replace("says: clear", "says: found").as_bytes(),
    );
    run(&["checks", "test", wrong.to_str().expect("a path")])
        .exits(1)
        .says("example 2 says clear");
    let taken = recordings.bytes(
        "taken.yaml",
        OWN.replace("OldKernels", "BarePod").as_bytes(),
    );
    run(&["checks", "test", taken.to_str().expect("a path")]).refuses(&["BarePod is the name"]);
}

#[test]
fn a_patch_is_of_the_same_minor() {
    precheck(&[], &["--rollout", "patch", "--target", "1.32"])
        .exits(1)
        .says("the rollout is a patch");
    // The newest patch that is known is what runs.
    precheck(&[], &["--rollout", "patch"]).refuses(&["no newer patch than v1.31.14"]);
}

/// Several steps are told in order.
#[test]
fn a_long_way_is_a_plan() {
    let args = [
        "--target",
        "1.33",
        "--allow-jump",
        "1.32:1.33",
        "--allow-jump",
        "1.31:1.32",
    ];
    precheck(&[], &args)
        .says("1. before the first step: 1 risk")
        .says("2. control plane 1.31 → 1.32")
        .says("5. control plane 1.32 → 1.33");
}

/// The check that the document shows: its examples hold, and of a real cluster it is decided.
#[test]
fn the_check_in_the_document_is_one() {
    let document = include_str!("../../../../docs/own-checks.md");
    let block = document.split("```yaml\n").nth(1).expect("a block");
    let own = block.split("```").next().expect("its end");
    let recordings = Recordings::new();
    let file = recordings.bytes("own.yaml", own.as_bytes());
    let file = file.to_str().expect("a path");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/recording.tar");
    airworthy(["checks", "test", file]).run().exits(0);
    let of = [
        "precheck",
        "--from",
        demo,
        "--check",
        "RestartingContainers",
    ];
    let report = airworthy([&of[..], &["--checks", file, "-o", "json"]].concat());
    let report = report.run().exits(0).json();
    let mut checks = report["checks"].as_array().expect("checks").iter();
    let ran = checks.find(|check| check["check"] == "RestartingContainers");
    assert_eq!(ran.expect("ours")["status"], "clear");
}
