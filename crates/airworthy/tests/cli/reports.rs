//! What is printed: the same report for programs and for people.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common_cli::{Ended, Recordings, airworthy, facts::*};

const SCHEMA: &str = include_str!("../../../report/schema/report.schema.json");

/// Recordings of all verdicts.
fn samples(recordings: &Recordings) -> Vec<PathBuf> {
    let all = [
        healthy(),
        with_note(with_risk(healthy())),
        with_blocker(with_risk(without_permissions(healthy()))),
        without_pdbs(healthy()),
    ];
    let name = |at: usize| format!("{at}.tar");
    let all = all.iter().enumerate();
    all.map(|(at, facts)| recordings.of(&name(at), facts))
        .collect()
}

fn run(command: &str, file: &Path, args: &[&str]) -> Ended {
    let file = file.to_str().expect("a path of ours");
    airworthy([&[command, "--from", file], args].concat()).run()
}

#[test]
fn json_reports_fit_the_published_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let recordings = Recordings::new();
    let baseline = recordings.of("baseline.tar", &running("v1.30.1"));
    let baseline = baseline.to_str().expect("a path of ours");
    for file in samples(&recordings) {
        for args in [
            &["precheck"][..],
            &["precheck", "--skip", "BarePod"],
            &["precheck", "--target", "1.34"],
            &["postcheck"],
            &["postcheck", "--baseline", baseline],
        ] {
            let whole = [&args[1..], &["-o", "json"]].concat();
            let report = run(args[0], &file, &whole);
            let json = report.json();
            let errors: Vec<_> = validator
                .iter_errors(&json)
                .map(|e| e.to_string())
                .collect();
            assert_eq!(errors, [""; 0], "{report}");
            assert!(report.stdout.ends_with("}\n"), "{report}");
        }
    }
}

#[test]
fn yaml_says_what_json_says() {
    let recordings = Recordings::new();
    for file in samples(&recordings) {
        let json = run("precheck", &file, &["-o", "json"]);
        let yaml = run("precheck", &file, &["-o", "yaml"]);
        let parsed: Value = serde_saphyr::from_str(&yaml.stdout).expect("YAML");
        assert_eq!(parsed, json.json());
        assert_eq!(yaml.code, json.code);
        assert!(yaml.stdout.lines().count() > 20 && !yaml.stdout.starts_with('{'));
    }
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    let recordings = Recordings::new();
    for file in samples(&recordings) {
        for format in ["table", "wide", "json", "yaml", "csv", "sarif", "html"] {
            let once = run("precheck", &file, &["-o", format]);
            assert_eq!(run("precheck", &file, &["-o", format]).stdout, once.stdout);
        }
    }
}

#[test]
fn tables_for_a_pipe_have_no_escape_codes() {
    let recordings = Recordings::new();
    for file in samples(&recordings) {
        for format in ["table", "wide"] {
            let table = run("precheck", &file, &["-o", format]);
            assert!(!table.stdout.contains('\x1b'), "{table}");
            assert_eq!(table.stderr, "");
        }
    }
}

#[test]
fn a_table_tells_the_verdict_first_then_what_it_rests_on() {
    let recordings = Recordings::new();
    let facts = with_blocker(with_risk(with_note(without_permissions(healthy()))));
    let file = recordings.of("facts.tar", &facts);
    let table = run("precheck", &file, &[]);
    let at = |text: &str| {
        let found = table.stdout.find(text);
        found.unwrap_or_else(|| panic!("no {text:?} in {table}"))
    };
    let places = [
        "Not ready for 1.32",
        "PdbBlocksDrain",
        "shop/web",
        "BarePod",
        "shop/import-once",
        "PermissionCoverage",
        " checks decided",
    ]
    .map(at);
    assert!(places.is_sorted(), "{table}");
    assert_eq!(places[0], 0);
}

#[test]
fn wide_adds_evidence_notes_and_every_check() {
    let recordings = Recordings::new();
    let file = recordings.of("facts.tar", &with_blocker(with_note(healthy())));
    let (table, wide) = (
        run("precheck", &file, &[]),
        run("precheck", &file, &["-o", "wide"]),
    );
    for text in ["fingerprint", "kube-system/names", "NodePressure"] {
        wide.says(text);
        assert!(!table.stdout.contains(text), "{table}");
    }
}
