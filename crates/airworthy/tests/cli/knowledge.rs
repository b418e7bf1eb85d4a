//! `airworthy knowledge`, and `--knowledge FILE` in place of the tables that came with the program.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common_cli::airworthy;

fn show(name: &str) -> String {
    let shown = airworthy(["knowledge", "show", name]).run();
    shown.exits(0);
    shown.stdout
}

#[test]
fn a_kind_is_shown_whatever_way_it_is_written() {
    let full = show("policy/v1beta1/PodDisruptionBudget");
    for line in [
        "policy/v1beta1 PodDisruptionBudget",
        "served by default  1.19 to 1.24",
        "removed            1.25",
        "use instead        policy/v1 PodDisruptionBudget, there since 1.21",
        "source             k8s.io/api v0.37",
    ] {
        assert!(full.contains(line), "no {line:?} in {full}");
    }
    assert_eq!(show("poddisruptionbudgets.v1beta1.policy"), full);
    assert_eq!(show("POLICY/V1BETA1 poddisruptionbudget"), full);
    let words = airworthy(["knowledge", "show", "policy/v1beta1", "PodDisruptionBudget"]).run();
    assert_eq!(words.exits(0).stdout, full);
}

#[test]
fn a_bare_kind_lists_all_its_versions() {
    let all = show("HorizontalPodAutoscaler");
    for version in [
        "autoscaling/v1 ",
        "autoscaling/v2 ",
        "autoscaling/v2beta1 ",
        "autoscaling/v2beta2 ",
    ] {
        assert!(all.contains(version), "no {version} in {all}");
    }
}

#[test]
fn off_by_default_is_not_removed() {
    let off = show("admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy");
    assert!(
        off.contains("off by default   1.34 to 1.37") && off.contains("1.40 (planned)"),
        "{off}"
    );
}

#[test]
fn programs_get_the_rows() {
    let rows = airworthy(["knowledge", "show", "-o", "json", "v1/Endpoints"]).run();
    let row = &rows.exits(0).json()["apis"][0];
    assert_eq!(
        (&row["kind"], &row["deprecated"]),
        (&"Endpoints".into(), &"1.33".into())
    );
    assert_eq!(row["source"]["module"], "k8s.io/api");
}

#[test]
fn what_is_not_known_is_refused_with_what_is() {
    let refused = |name: &str, words: &[&str]| {
        airworthy(["knowledge", "show", name]).run().refuses(words);
    };
    refused(
        "policy/v7/PodDisruptionBudget",
        &["policy/v1/PodDisruptionBudget", "policy/v1beta1/"],
    );
    refused("Deploymnt", &["did you mean Deployment?"]);
    refused("Widget", &["\"Widget\""]);
}

#[test]
fn a_step_is_told_with_what_goes_first() {
    let step = airworthy(["knowledge", "diff", "1.31", "1.32"]).run();
    step.exits(0)
        .says("flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema");
    step.says("use flowcontrol.apiserver.k8s.io/v1 FlowSchema");
    let rows = airworthy(["knowledge", "diff", "1.32", "1.33", "-o", "json"])
        .run()
        .json();
    let apis = rows["apis"].as_array().expect("rows");
    let endpoints = apis
        .iter()
        .find(|row| row["name"] == "v1 Endpoints")
        .expect("a row");
    assert_eq!(endpoints["change"], "deprecated");
    airworthy(["knowledge", "diff", "1.32", "1.31"])
        .run()
        .refuses(&["1.32 is not below 1.31"]);
    airworthy(["knowledge", "diff", "1.31", "1.99"])
        .run()
        .refuses(&["nothing is known of 1.99"]);
}

/// The exported tables with one text replaced.
fn edited(from: &str, to: &str) -> (TempDir, PathBuf) {
    let exported = airworthy(["knowledge", "export"]).run();
    let text = &exported.exits(0).stdout;
    assert!(text.contains(from), "no {from:?} in the tables");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("own.json");
    std::fs::write(&file, text.replacen(from, to, 1)).expect("written");
    (folder, file)
}

fn with(file: &Path, args: &[&str]) -> crate::common_cli::Ended {
    let file = file.to_str().expect("UTF-8");
    airworthy([args, &["--knowledge", file]].concat()).run()
}

#[test]
fn a_file_takes_the_place_of_the_tables_and_the_report_names_it() {
    let (_folder, file) = edited(
        "\"kind\":\"PodDisruptionBudget\"",
        "\"kind\":\"PodDisruptionPurse\"",
    );
    with(&file, &["knowledge", "show", "PodDisruptionPurse"])
        .exits(0)
        .says("policy/v1");
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/recording.tar");
    let report = with(
        &file,
        &[
            "precheck",
            "--from",
            recording,
            "-o",
            "json",
            "--fail-on",
            "never",
        ],
    );
    let judged = report.exits(0).json()["knowledge"].to_string();
    assert!(
        judged.contains("1.19 to 1.37") && judged.contains("own.json"),
        "{judged}"
    );
    let environment =
        airworthy(["knowledge", "show", "PodDisruptionPurse"]).env("AIRWORTHY_KNOWLEDGE", &file);
    environment.run().exits(0);
    let exported = with(&file, &["knowledge", "export"]);
    assert_eq!(
        exported.exits(0).stdout,
        std::fs::read_to_string(&file).expect("the file")
    );
}

/// Who has longer support of a vendor, or an add-on of their own, writes it into the tables.
#[test]
fn rows_of_ones_own_are_judged_by() {
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/recording.tar");
    let support = [
        "precheck",
        "--from",
        recording,
        "--target",
        "1.32",
        "--fail-on",
        "never",
        "--check",
        "VersionEol",
        "-o",
        "wide",
    ];
    let usual = airworthy(support).run();
    usual.exits(0).says("ended on 2026-02-28");
    let (_folder, file) = edited(
        "\"minor\":\"1.32\",\"ends\":\"2026-02-28\"",
        "\"minor\":\"1.32\",\"ends\":\"2026-05-31\"",
    );
    with(&file, &support).exits(0).says("ended on 2026-05-31");
    // A row that contradicts another one is refused with its place.
    let (_folder, file) = edited("\"addon\":\"antrea\"", "\"addon\":\"amazon-vpc-cni\"");
    with(&file, &support).refuses(&["own.json", "the section \"addons\"", "row 2", "(line "]);
    for (section, from, to) in [
        (
            "corefile",
            "\"default\":{\"minor\"",
            "\"default\":{\"miner\"",
        ),
        (
            "configs",
            "\"component\":\"kubeadm\",\"api\"",
            "\"component\":\"kubeadmin\",\"api\"",
        ),
        ("runtimes", "\"containerd\":[\"", "\"containerd\":[\"x"),
        (
            "support",
            "\"ends\":\"2021-10-28\"",
            "\"ends\":\"2021-13-28\"",
        ),
    ] {
        let (_folder, file) = edited(from, to);
        with(&file, &support).refuses(&["own.json", section, "row 1", "(line "]);
    }
}

#[test]
fn a_broken_file_is_refused_where_it_is_broken() {
    let (_folder, file) = edited("\"resource\":\"poddisruptionbudgets\"", "\"resource\":7");
    with(&file, &["demo", "--once"]).refuses(&[
        "own.json",
        "the section \"apis\"",
        "row ",
        "(line ",
    ]);
    let (_folder, file) = edited("\"schema\": 2", "\"schema\": 3");
    with(&file, &["demo", "--once"]).refuses(&["own.json", "schema 3", "schema 2"]);
    let (_folder, file) = edited("\"gates\": ", "\"gaits\": ");
    with(&file, &["demo", "--once"]).refuses(&["own.json", "gaits"]);
    with(Path::new("/dev/null"), &["demo", "--once"]).refuses(&["/dev/null"]);
    with(Path::new("/no/such"), &["demo", "--once"]).refuses(&["/no/such"]);
    with(Path::new("/dev/zero"), &["demo", "--once"]).refuses(&["larger than 64 MiB"]);
}

#[test]
fn nothing_in_a_file_steers_a_terminal() {
    let (_folder, file) = edited(
        "\"kind\":\"PodDisruptionBudget\"",
        "\"kind\":\"Pod\\u001b[2J\"",
    );
    let shown = with(&file, &["knowledge", "show", "poddisruptionbudgets.policy"]);
    assert!(!shown.exits(0).stdout.contains('\u{1b}'));
}
