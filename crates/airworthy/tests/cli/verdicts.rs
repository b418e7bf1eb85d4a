//! From what is found to verdict and exit code, row by row of the architecture's table.

use airworthy_model::{Facts, Need};

use crate::common_cli::{Recordings, airworthy, facts::*};

const FAIL_ON: [&str; 4] = ["blocker", "risk", "unknown", "never"];

/// Facts, the verdict in JSON, how the sentence for people begins, and the exit code for each `--fail-on` in order.
struct Row {
    name: &'static str,
    facts: Facts,
    verdict: &'static str,
    sentence: &'static str,
    codes: [i32; 4],
}

fn row(
    name: &'static str,
    facts: Facts,
    (verdict, sentence): (&'static str, &'static str),
    codes: [i32; 4],
) -> Row {
    Row {
        name,
        facts,
        verdict,
        sentence,
        codes,
    }
}

const READY: (&str, &str) = ("ready", "Ready for 1.32.");
const RISKS: (&str, &str) = ("readyWithRisks", "Ready for 1.32 with ");
const NOT_READY: (&str, &str) = ("notReady", "Not ready for 1.32: 1 blocker");
const UNKNOWN: (&str, &str) = (
    "cannotDetermine",
    "Cannot determine whether the cluster is ready for 1.32: ",
);

fn rows() -> Vec<Row> {
    let unknown_and_risk = without_pdbs(with_risk(healthy()));
    let blocker_and_unknown = without_permissions(with_blocker(healthy()));
    let mut hidden = with_blocker(healthy());
    hidden.nodes = Err(forbidden(Need::Nodes));
    vec![
        row("nothing", healthy(), READY, [0, 0, 0, 0]),
        row("note", with_note(healthy()), READY, [0, 0, 0, 0]),
        row("risk", with_risk(healthy()), RISKS, [0, 1, 0, 0]),
        row("blocker", with_blocker(healthy()), NOT_READY, [1, 1, 1, 0]),
        row("may block", without_pdbs(healthy()), UNKNOWN, [3, 3, 3, 0]),
        row(
            "may block, and risk",
            unknown_and_risk,
            UNKNOWN,
            [3, 3, 3, 0],
        ),
        row(
            "cannot block",
            without_permissions(healthy()),
            RISKS,
            [0, 1, 3, 0],
        ),
        row(
            "blocker, and cannot block",
            blocker_and_unknown,
            NOT_READY,
            [1, 1, 1, 0],
        ),
        row("blocker, and may block", hidden, NOT_READY, [1, 1, 1, 0]),
    ]
}

#[test]
fn each_row_of_the_table_has_its_verdict_sentence_and_exit_codes() {
    let recordings = Recordings::new();
    for row in rows() {
        let file = recordings.of("facts.tar", &row.facts);
        let file = file.to_str().expect("a path of ours");
        let base = ["precheck", "--from", file];
        for (fail_on, code) in FAIL_ON.into_iter().zip(row.codes) {
            let args = [&base[..], &["-o", "json", "--fail-on", fail_on]].concat();
            let report = airworthy(args).run();
            assert_eq!(report.code, code, "{} with {fail_on}: {report}", row.name);
            assert_eq!(report.json()["verdict"], row.verdict, "{}", row.name);
            assert_eq!(report.stderr, "", "{report}");
        }
        let table = airworthy(base).run();
        assert_eq!(
            table.code, row.codes[0],
            "the default, {}: {table}",
            row.name
        );
        assert!(table.sentence().starts_with(row.sentence), "{table}");
    }
}

#[test]
fn never_forgives_what_is_found_but_no_usage_error_and_no_broken_run() {
    let recordings = Recordings::new();
    let file = recordings.of("facts.tar", &with_blocker(healthy()));
    let file = file.to_str().expect("a path of ours");
    let never = ["precheck", "--fail-on", "never", "--from"];
    airworthy(never.into_iter().chain([file])).run().exits(0);
    for broken in [
        &["absent.tar"][..],
        &[file, "--target", "1.31"],
        &[file, "--check", "NoSuchCheck"],
        &[file, "--no-such-flag"],
        &[file, "--fail-on", "sometimes"],
        &[file, "-o", "pdf"],
        &[file, "--context", "one"],
        &[file, "--allow-jump", "1.31"],
        &[file, "--allow-jump", "1.33:1.31"],
        &[file, "and more"],
    ] {
        let args = never.iter().chain(broken);
        airworthy(args).run().refuses(&[]);
    }
}

#[test]
fn facts_without_a_version_are_no_answer_at_all() {
    let recordings = Recordings::new();
    let mut facts = healthy();
    facts.version = Err(forbidden(Need::Version));
    let file = recordings.of("facts.tar", &facts);
    for command in ["precheck", "postcheck"] {
        let file = file.to_str().expect("a path of ours");
        airworthy([command, "--from", file])
            .run()
            .refuses(&["server version forbidden: GET /some/list answered 403"]);
    }
}

#[test]
fn unknowns_name_what_lacks_and_what_cures_it() {
    let recordings = Recordings::new();
    let file = recordings.of("facts.tar", &without_pdbs(healthy()));
    let file = file.to_str().expect("a path of ours");
    let table = airworthy(["precheck", "--from", file]).run();
    table
        .says("PdbBlocksDrain")
        .says("answered 403")
        .says("allow `list`");
    let report = airworthy(["precheck", "--from", file, "-o", "json"]).run();
    let report = report.json();
    let check = &report["checks"].as_array().expect("checks").iter();
    let check = check
        .clone()
        .find(|check| check["check"] == "PdbBlocksDrain");
    let check = check.expect("the check");
    assert_eq!(check["status"], "unknown");
    assert_eq!(check["missing"][0]["need"], "pdbs", "{check}");
}
