//! Several outputs of one run: one is printed, the others are files.

use std::{fs, path::Path};

use serde_json::Value;

use crate::common_cli::{Ended, Recordings, airworthy, facts::*};

/// Every format, and a text that only it has, for a cluster with a blocker and without the right to list a thing.
const FORMATS: [(&str, &str); 10] = [
    ("table", "Blockers (1)"),
    ("wide", "fingerprint:"),
    ("json", "\"verdict\": \"notReady\""),
    ("yaml", "verdict: notReady"),
    ("csv", "verdict,,,not ready"),
    ("markdown", "## Not ready for 1.32"),
    ("html", "<!DOCTYPE html>"),
    ("sarif", "\"version\": \"2.1.0\""),
    ("junit", "<testsuites name=\"airworthy\""),
    ("github", "::error title=airworthy::Not ready for 1.32"),
];

const SARIF: &str = include_str!("../../../report/tests/schemas/sarif-2.1.0.json");

fn recording(recordings: &Recordings) -> String {
    let facts = with_blocker(with_risk(with_note(without_permissions(healthy()))));
    let file = recordings.of("facts.tar", &facts);
    file.to_str().expect("a path of ours").to_owned()
}

fn run(from: &str, args: &[&str]) -> Ended {
    airworthy([&["precheck", "--from", from], args].concat()).run()
}

fn to(format: &str, file: &Path) -> String {
    format!("{format}={}", file.display())
}

#[test]
fn each_format_is_printed_and_says_what_was_not_assessed() {
    let recordings = Recordings::new();
    let from = recording(&recordings);
    for (format, sign) in FORMATS {
        let printed = run(&from, &["-o", format]);
        printed.exits(1).says(sign).says("PermissionCoverage");
        assert_eq!(printed.stderr, "", "{format}");
        assert!(printed.stdout.ends_with('\n'), "{format}");
    }
    run(&from, &["-o", "md"]).exits(1).says("## Not ready");
}

#[test]
fn one_run_prints_one_and_writes_the_others() {
    let recordings = Recordings::new();
    let from = recording(&recordings);
    let file = |format: &str| recordings.path().join(format!("out.{format}"));
    let others = FORMATS.map(|(format, _)| to(format, &file(format)));
    let mut args = vec!["-o", "yaml"];
    for other in &others {
        args.extend(["-o", other]);
    }
    let printed = run(&from, &args);
    printed.exits(1).says("verdict: notReady");
    for (format, sign) in FORMATS {
        let written = fs::read_to_string(file(format)).expect("a file");
        assert!(written.contains(sign), "{format}");
        assert_eq!(written, run(&from, &["-o", format]).stdout, "{format}");
    }
}

#[test]
fn a_file_comes_beside_the_table() {
    let recordings = Recordings::new();
    let from = recording(&recordings);
    let file = recordings.path().join("out.sarif");
    run(&from, &["-o", &to("sarif", &file)])
        .exits(1)
        .says("Blockers (1)");
    let log: Value = serde_json::from_slice(&fs::read(&file).expect("a file")).expect("JSON");
    assert_eq!(log["runs"][0]["tool"]["driver"]["name"], "airworthy");
    let schema = serde_json::from_str(SARIF).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors = validator.iter_errors(&log).map(|error| error.to_string());
    assert_eq!(errors.collect::<Vec<_>>(), [""; 0]);
    // Rules come with the pages of the checks.
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array();
    let rule = rules.and_then(|rules| rules.iter().find(|r| r["id"] == "PdbBlocksDrain"));
    let help = rule.and_then(|rule| rule["help"]["markdown"].as_str());
    let help = help.expect("a page");
    assert!(help.contains("## How to fix") && !help.contains("## Examples"));
}

#[test]
fn a_dash_is_stdout_and_a_relative_file_stands_in_the_working_folder() {
    let recordings = Recordings::new();
    let from = recording(&recordings);
    let args = [
        "precheck",
        "--from",
        &from,
        "-o",
        "json=-",
        "-o",
        "csv=a=b.csv",
    ];
    let run = airworthy(args).within(recordings.path()).run();
    assert_eq!(run.exits(1).json()["verdict"], "notReady");
    assert!(recordings.path().join("a=b.csv").is_file());
}

#[test]
fn a_file_that_was_there_is_replaced_whole_and_nothing_else_is_left() {
    let recordings = Recordings::new();
    let from = recording(&recordings);
    let folder = recordings.path().join("out");
    fs::create_dir(&folder).expect("a folder");
    let file = folder.join("report.json");
    fs::write(&file, "x".repeat(1_000_000)).expect("a file");
    run(&from, &["-o", &to("json", &file)]).exits(1);
    let text = fs::read_to_string(&file).expect("a file");
    serde_json::from_str::<Value>(&text).expect("one JSON document");
    let names = fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(names, 1);
}

#[cfg(unix)]
#[test]
fn links_stay_links_and_pipes_stay_pipes() {
    let recordings = Recordings::new();
    let from = recording(&recordings);
    let (file, link) = (
        recordings.path().join("file"),
        recordings.path().join("link"),
    );
    fs::write(&file, "old").expect("a file");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    run(&from, &["-o", &to("csv", &link)]).exits(1);
    assert!(
        fs::read_to_string(&file)
            .expect("a file")
            .starts_with("record,")
    );
    assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
    let null = run(&from, &["-o", "sarif=/dev/null"]);
    null.exits(1).says("Blockers (1)");
}

#[test]
fn what_cannot_be_written_is_named_before_anything_is_read() {
    let recordings = Recordings::new();
    let from = recordings.path().join("no such recording");
    let from = from.to_str().expect("a path of ours");
    let nowhere = recordings.path().join("nowhere/out.csv");
    let nowhere = nowhere.to_str().expect("a path of ours");
    let folder = recordings.path().to_str().expect("a path of ours");
    run(from, &["-o", &format!("csv={nowhere}")]).refuses(&[nowhere, "no folder"]);
    run(from, &["-o", &format!("csv={folder}")]).refuses(&[folder, "it is a folder"]);
    run(from, &["-o", "csv=a", "-o", "json=a"]).refuses(&["a is given for two formats"]);
    run(from, &["-o", "csv", "-o", "json"]).refuses(&["csv and json", "json=FILE"]);
    run(from, &["-o", "csv", "--format-as", "pluto"]).refuses(&["csv and --format-as"]);
    run(from, &["-o", "sarif="]).refuses(&["\"sarif=\"", "no file"]);
    run(from, &["-o", "sarrif=x"]).refuses(&["sarrif", "sarif"]);
    run(from, &["-o", ""]).refuses(&["table"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_takes_nothing_is_an_error_with_its_name() {
    let recordings = Recordings::new();
    let from = recording(&recordings);
    let full = run(&from, &["-o", "csv=/dev/full"]);
    full.exits(2).says("Blockers (1)");
    assert!(full.stderr.contains("/dev/full"), "{full}");
}

#[test]
fn postcheck_has_the_same_outputs() {
    let recordings = Recordings::new();
    let from = recording(&recordings);
    let file = recordings.path().join("out.xml");
    let args = [
        "postcheck",
        "--from",
        &from,
        "-o",
        "github",
        "-o",
        &to("junit", &file),
    ];
    let run = airworthy(args).run();
    run.says("::").says("title=airworthy");
    let xml = fs::read_to_string(&file).expect("a file");
    assert!(xml.contains("airworthy.postcheck"), "{xml}");
}
