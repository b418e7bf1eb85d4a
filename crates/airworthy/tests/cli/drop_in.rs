//! In the place of another tool: its output and its exit codes.

use serde_json::json;

use crate::common_cli::{Ended, Recordings, airworthy, facts::*};

fn run(recordings: &Recordings, facts: &airworthy_model::Facts, args: &[&str]) -> Ended {
    let file = recordings.of("facts.tar", facts);
    let from = file.to_str().expect("a path of ours");
    let checks = [
        "--check",
        "RemovedApiObjects,PdbBlocksDrain,BarePod,PermissionCoverage",
    ];
    airworthy([&["precheck", "--from", from], &checks[..], args].concat()).run()
}

#[test]
fn nothing_found_is_their_empty_output_and_their_zero() {
    let recordings = Recordings::new();
    for (tool, empty) in [
        ("pluto", json!({"target-versions": {"k8s": "v1.32.0"}})),
        ("kubent", json!([])),
    ] {
        let args = ["--format-as", tool, "--exit-codes", tool];
        let run = run(&recordings, &healthy(), &args);
        assert_eq!(run.exits(0).json(), empty);
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn what_could_not_be_assessed_is_their_error_and_is_said() {
    let recordings = Recordings::new();
    for tool in ["pluto", "kubent"] {
        let args = ["--format-as", tool, "--exit-codes", tool];
        for facts in [without_pdbs(healthy()), without_permissions(healthy())] {
            let run = run(&recordings, &facts, &args);
            run.exits(1).json();
            assert!(run.stderr.contains("was not assessed"), "{run}");
        }
    }
    // Without their codes, ours hold.
    let args = ["--format-as", "pluto"];
    run(&recordings, &without_pdbs(healthy()), &args).exits(3);
}

#[test]
fn what_is_not_about_api_versions_is_said_beside() {
    let recordings = Recordings::new();
    let facts = with_blocker(with_risk(healthy()));
    let run = run(&recordings, &facts, &["--exit-codes", "kubent"]);
    run.exits(0).says("Blockers (1)");
    assert!(
        run.stderr
            .contains("2 findings left out that are not about API versions: 1 blocker, 1 risk"),
        "{run}"
    );
}

#[test]
fn a_run_that_fails_ends_with_their_code_for_it() {
    for tool in ["pluto", "kubent"] {
        let codes = ["--exit-codes", tool];
        let absent = ["precheck", "--from", "no such recording"];
        airworthy([&absent[..], &codes].concat()).run().exits(1);
        airworthy([&absent[..], &["--format-as", tool]].concat())
            .run()
            .exits(2);
        let usage = airworthy([&absent[..], &codes, &["--no-such-flag"]].concat()).run();
        usage.exits(1);
        assert!(usage.stderr.contains("--no-such-flag"), "{usage}");
    }
    let both = ["precheck", "--exit-codes", "pluto", "--fail-on", "risk"];
    let both = airworthy(both).run();
    both.exits(1);
    assert!(both.stderr.contains("--fail-on"), "{both}");
    airworthy(["precheck", "--exit-codes=pluto", "--help"])
        .run()
        .exits(0);
}
