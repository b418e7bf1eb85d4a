//! Files judged for a target: whatever stands in a tree, it is judged or it is said that it was not.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Stdio,
};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;
use tempfile::TempDir;

use crate::common_cli::{Ended, Recordings, airworthy, facts::healthy};

const OLD: &str = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: old}\n";
const GOOD: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: good}\n";

fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn precheck(within: &Path, args: &[&str]) -> Ended {
    let args = ["precheck", "--target", "1.32", "--manifests"]
        .iter()
        .chain(args);
    airworthy(args).within(within).run()
}

/// `file:line:column apiVersion name` of each finding about a file.
fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    findings
        .filter(|finding| finding["check"] == "ManifestDeprecatedApi")
        .map(|finding| {
            let (place, subject) = (&finding["location"], &finding["subject"]);
            format!(
                "{}:{}:{} {} {}",
                text(&place["file"]),
                place["line"],
                place["column"],
                text(&subject["apiVersion"]),
                text(&subject["name"])
            )
        })
        .collect()
}

/// What could not be looked at for the check of versions.
fn unknown(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().expect("checks").iter();
    let missing = checks
        .filter(|check| check["check"] == "ManifestDeprecatedApi")
        .filter_map(|check| check["missing"].as_array())
        .flatten();
    missing
        .map(|one| one["detail"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn files_are_judged_without_a_cluster() {
    let tree = tree(&[
        ("deploy/b.yml", OLD),
        ("deploy/a.yaml", &format!("{GOOD}---\n{OLD}")),
        ("deploy/c.json", "{}"),
        ("deploy/README.md", OLD),
    ]);
    let args = [
        "precheck",
        "--target",
        "1.32",
        "-o",
        "json",
        "--manifests",
        "deploy",
    ];
    // A kubeconfig that is none would be an error if anybody read it.
    let ended = airworthy(args)
        .within(tree.path())
        .env("KUBECONFIG", "/no/such/file")
        .run();
    let report = ended.exits(1).json();
    assert_eq!(
        found(&report),
        [
            "deploy/a.yaml:5:13 batch/v1beta1 old",
            "deploy/b.yml:1:13 batch/v1beta1 old"
        ]
    );
    assert_eq!(report["scope"], "partial");
    let checks = report["checks"].as_array().expect("checks").iter();
    let ran: Vec<_> = checks
        .filter(|check| check["status"] != "skipped")
        .map(|check| check["check"].as_str().unwrap_or_default())
        .collect();
    assert!(ran.contains(&"ManifestDeprecatedApi"), "{ran:?}");
    assert!(!ran.contains(&"NodeReady"), "{ran:?}");
}

#[test]
fn files_that_are_fit_never_make_a_cluster_ready() {
    let tree = tree(&[("a.yaml", GOOD)]);
    let ended = precheck(tree.path(), &["a.yaml"]);
    let sentence = ended.exits(0).sentence();
    assert!(
        !sentence.contains("Ready") && !sentence.contains("cluster"),
        "{sentence}"
    );
}

#[test]
fn what_was_not_looked_at_is_no_pass() {
    let template =
        "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: {{ .Release.Name }} x}\n";
    let tree = tree(&[("a.yaml", GOOD), ("t.yaml", template)]);
    let ended = precheck(tree.path(), &[".", "-o", "json"]);
    let report = ended.exits(3).json();
    assert_eq!(
        unknown(&report),
        ["t.yaml:3:18: a template that is not rendered; apiVersion seen: batch/v1beta1"]
    );
    assert_eq!(found(&report), [""; 0]);
}

#[test]
fn standard_input_is_read() {
    let (mut command, _home) = airworthy([
        "precheck",
        "--target",
        "1.32",
        "-o",
        "json",
        "--manifests",
        "-",
    ])
    .into_parts();
    let mut child = command
        .as_std_mut()
        .stdin(Stdio::piped())
        .spawn()
        .expect("it starts");
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(OLD.as_bytes())
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found(&report), ["-:1:13 batch/v1beta1 old"]);
}

#[test]
fn runs_that_would_look_at_nothing_are_refused() {
    let tree = tree(&[
        ("a.yaml", OLD),
        ("empty/.hidden/b.yaml", OLD),
        ("empty/text.md", ""),
    ]);
    let run = |args: &[&str]| airworthy(args).within(tree.path()).run();
    run(&["precheck", "--manifests", "a.yaml"]).refuses(&["--target"]);
    run(&["precheck", "--manifests", "b.yaml", "--target", "1.32"])
        .refuses(&["b.yaml", "No such file"]);
    run(&["precheck", "--manifests", "empty", "--target", "1.32"])
        .refuses(&["no manifests under empty", ".yaml"]);
    run(&[
        "precheck",
        "--manifests",
        "a.yaml",
        "--target",
        "1.32",
        "--check",
        "NodeReady",
    ])
    .refuses(&["reads files"]);
    run(&[
        "precheck",
        "--manifests",
        "a.yaml",
        "--target",
        "1.32",
        "--skip",
        "ManifestDeprecatedApi,RemovedFieldUse",
    ])
    .refuses(&["reads files"]);
    run(&[
        "precheck",
        "--manifests",
        "a.yaml",
        "--target",
        "1.32",
        "--audit-log",
        "a.log",
    ])
    .refuses(&["--audit-log", "cluster"]);
}

#[test]
fn a_target_that_nobody_knows_is_a_blocker() {
    let tree = tree(&[("a.yaml", GOOD)]);
    let args = ["precheck", "--target", "1.99", "--manifests", "a.yaml"];
    airworthy(args)
        .within(tree.path())
        .run()
        .exits(1)
        .says("KnowledgeBaseCoverage");
}

#[test]
fn what_is_no_file_is_said_and_the_rest_is_read() {
    let tree = tree(&[
        ("t/a.yaml", OLD),
        ("t/in/b.yaml", OLD),
        ("t/nul.yaml", "a\0b"),
        ("other/c.yaml", OLD),
        ("t/.git/d.yaml", OLD),
    ]);
    let path = |name: &str| tree.path().join("t").join(name);
    mknodat(
        CWD,
        path("pipe.yaml"),
        FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .expect("a pipe");
    symlink("nowhere", path("broken.yaml")).expect("a link");
    symlink("self.yaml", path("self.yaml")).expect("a link");
    symlink("..", path("in/up")).expect("a link");
    symlink("../in", path("in/down")).expect("a link");
    symlink("../other", path("beside")).expect("a link");
    symlink("../other/c.yaml", path("link.yaml")).expect("a link");
    symlink("in", path("same")).expect("a link");
    let report = precheck(tree.path(), &["t", "-o", "json"]).exits(1).json();
    let files = ["t/a.yaml", "t/beside/c.yaml", "t/in/b.yaml", "t/link.yaml"];
    assert_eq!(
        found(&report),
        files.map(|file| format!("{file}:1:13 batch/v1beta1 old"))
    );
    let looped = "a link to a folder that it stands in: a loop, which is not followed";
    assert_eq!(
        unknown(&report),
        [
            "t/broken.yaml: a link that leads nowhere: No such file or directory (os error 2)".to_owned(),
            format!("t/in/down: {looped}"),
            format!("t/in/up: {looped}"),
            "t/nul.yaml:1:2: a NUL byte: this is no text".to_owned(),
            "t/pipe.yaml: a pipe, socket or device, which is not opened".to_owned(),
            "t/self.yaml: a link that leads nowhere: Too many levels of symbolic links (os error 40)".to_owned(),
        ]
    );
}

#[test]
fn there_is_an_end_to_what_is_listed() {
    let many = format!("{OLD}---\n").repeat(6_000);
    let tree = tree(&[("many.yaml", &many)]);
    let report = precheck(tree.path(), &["many.yaml", "-o", "json"])
        .exits(1)
        .json();
    assert_eq!(found(&report).len(), 5_000);
    assert_eq!(
        unknown(&report),
        ["many.yaml: 1000 more objects at API versions whose end is known are not listed"]
    );
}

/// A chart of which only the first template is YAML as it stands.
fn chart() -> TempDir {
    let template = "# {{ .Values.comment }}\napiVersion: {{ .Values.version }}\nkind: CronJob\n";
    tree(&[
        (
            "web/Chart.yaml",
            "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        ),
        ("web/values.yaml", "version: batch/v1beta1\n"),
        ("web/crds/old.yaml", OLD),
        ("web/templates/job.yaml", &format!("\n{OLD}")),
        ("web/templates/other.yaml", template),
        (
            "lib/Chart.yaml",
            "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n",
        ),
        ("lib/templates/x.yaml", template),
    ])
}

/// Runs with a program of this name on the PATH that is a script.
fn with_tool(tree: &TempDir, name: &str, script: &str, args: &[&str]) -> Ended {
    let bin = tempfile::tempdir().expect("a folder");
    let tool = bin.path().join(name);
    fs::write(&tool, format!("#!/bin/sh\n{script}\n")).expect("a script");
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("its owner sets them");
    let args = ["precheck", "--target", "1.32", "-o", "json", "--manifests"]
        .iter()
        .chain(args);
    let path = format!("{}:/usr/bin:/bin", bin.path().display());
    airworthy(args).within(tree.path()).env("PATH", path).run()
}

#[test]
fn a_chart_is_judged_by_what_helm_makes_of_it() {
    let chart = chart();
    let script = r#"case "$*" in
*"--kube-version 1.32.0"*"--api-versions policy/v1/PodDisruptionBudget"*"-- airworthy ./web") ;;
*) echo "unexpected: $*" >&2; exit 1 ;;
esac
[ "$KUBECONFIG" = /dev/null ] || exit 1
printf -- '---\n# Source: shop/templates/job.yaml\n\napiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: airworthy-old}\n'
printf -- '---\n# Source: shop/templates/other.yaml\napiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: other}\n'"#;
    let report = with_tool(&chart, "helm", script, &["."]).exits(1).json();
    assert_eq!(unknown(&report), [""; 0]);
    assert_eq!(
        found(&report),
        [
            "web/templates/job.yaml:2:13 batch/v1beta1 airworthy-old",
            "web/templates/other.yaml:1:1 batch/v1beta1 other"
        ]
    );
}

#[test]
fn what_stands_beside_a_chart_in_its_folder_is_read() {
    let chart = tree(&[
        ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("values-old.yaml", OLD),
        ("crds/old.yaml", OLD),
        ("charts/sub/old.yaml", OLD),
        ("templates/old.yaml", OLD),
        ("k8s/old.yaml", OLD),
        ("k8s/crds/old.yaml", OLD),
        (
            "deploy/api/Chart.yaml",
            "apiVersion: v2\nname: api\nversion: 1.0.0\n",
        ),
        ("deploy/api/templates/old.yaml", OLD),
    ]);
    let report = with_tool(&chart, "helm", "exit 0", &["."]).exits(1).json();
    assert_eq!(unknown(&report), [""; 0]);
    assert_eq!(
        found(&report),
        [
            "k8s/crds/old.yaml:1:13 batch/v1beta1 old",
            "k8s/old.yaml:1:13 batch/v1beta1 old",
        ]
    );
    let report = precheck(chart.path(), &[".", "-o", "json"]).exits(1).json();
    assert_eq!(
        found(&report)
            .iter()
            .filter(|row| row.starts_with("k8s/old"))
            .count(),
        1,
        "read once where helm is not there"
    );
}

#[test]
fn a_chart_that_is_not_rendered_is_unknown_and_its_plain_files_are_read() {
    let chart = chart();
    let plain = [
        "web/crds/old.yaml:1:13 batch/v1beta1 old",
        "web/templates/job.yaml:2:13 batch/v1beta1 old",
    ];
    let report = precheck(chart.path(), &["web", "-o", "json"])
        .exits(1)
        .json();
    assert_eq!(
        unknown(&report),
        ["web/Chart.yaml: a chart that is not rendered: helm is not on the PATH"]
    );
    assert_eq!(found(&report), plain);
    let failing =
        "echo ---; echo 'kind: x'; echo 'Error: missing in charts/ directory: redis' >&2; exit 1";
    let report = with_tool(&chart, "helm", failing, &["web"]).exits(1).json();
    assert_eq!(
        unknown(&report),
        [
            "web/Chart.yaml: a chart that is not rendered: Error: missing in charts/ directory: redis"
        ]
    );
    assert_eq!(found(&report), plain);
}

#[test]
fn kustomizations_are_rendered_where_that_can_change_anything() {
    let tree = tree(&[
        (
            "base/kustomization.yaml",
            "resources: [job.yaml]\nnamePrefix: x-\n",
        ),
        ("base/job.yaml", GOOD),
        (
            "over/kustomization.yaml",
            "resources: [../base]\nreplacements: []\n",
        ),
        (
            "far/kustomization.yaml",
            "resources:\n- https://example.org/x?ref=main\n",
        ),
    ]);
    let script = r#"[ "$*" = "build -- over" ] || exit 1
printf 'apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: x-good}\n'"#;
    let report = with_tool(&tree, "kustomize", script, &["base", "over", "far"])
        .exits(1)
        .json();
    assert_eq!(
        found(&report),
        ["over/kustomization.yaml:1:1 batch/v1beta1 x-good"]
    );
    let far = "far/kustomization.yaml: a kustomization that is not rendered: https://example.org/x?ref=main is not here, and nothing is fetched";
    assert_eq!(unknown(&report), [far]);
    let report = precheck(tree.path(), &["base", "over", "-o", "json"])
        .exits(3)
        .json();
    let none = "over/kustomization.yaml: a kustomization that is not rendered: neither kustomize nor kubectl is on the PATH";
    assert_eq!(unknown(&report), [none]);
}

/// The walk passes over hidden names, over what does not end as manifests do, and over what a chart is made of.
#[test]
fn kustomizations_are_rendered_where_nobody_reads_what_they_bring_in() {
    let hidden = [
        ("k/.generated/cron.yaml", ".generated/cron.yaml"),
        (".base/cron.yaml", "../.base"),
        ("k/cron.yaml.in", "cron.yaml.in"),
        ("web/templates/cron.yaml", "../web/templates/cron.yaml"),
    ];
    for (file, name) in hidden {
        let tree = tree(&[
            ("k/kustomization.yaml", &format!("resources: [{name}]\n")),
            (".base/kustomization.yaml", "resources: [cron.yaml]\n"),
            (
                "web/Chart.yaml",
                "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n",
            ),
            (file, OLD),
        ]);
        let report = with_tool(
            &tree,
            "kustomize",
            &format!("[ \"$*\" = 'build -- ./k' ] && cat {file}"),
            &["."],
        );
        let report = report.exits(1).json();
        assert_eq!(
            found(&report),
            ["k/kustomization.yaml:1:1 batch/v1beta1 old"]
        );
        let report = precheck(tree.path(), &[".", "-o", "json"]).exits(3).json();
        let none = "k/kustomization.yaml: a kustomization that is not rendered: neither kustomize nor kubectl is on the PATH";
        assert_eq!(unknown(&report), [none], "{name}");
    }
}

#[test]
fn a_kustomization_that_is_too_long_is_unknown() {
    let long = format!("resources: [job.yaml]\n{}", "#\n".repeat(1 << 19));
    let tree = tree(&[("k/kustomization.yaml", &long), ("k/job.yaml", GOOD)]);
    let report = precheck(tree.path(), &["k", "-o", "json"]).exits(3).json();
    let why = "k/kustomization.yaml: a kustomization that is not rendered: k/kustomization.yaml: it is longer than 1048576 bytes";
    assert_eq!(unknown(&report), [why]);
}

#[test]
fn what_a_kustomization_renames_is_told_once() {
    let tree = tree(&[
        (
            "k/kustomization.yaml",
            "resources: [job.yaml]\nopenapi: {}\n",
        ),
        ("k/job.yaml", OLD),
    ]);
    let script = r"printf 'apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: x-old-y}\n'";
    let report = with_tool(&tree, "kustomize", script, &["k"])
        .exits(1)
        .json();
    assert_eq!(found(&report), ["k/job.yaml:1:13 batch/v1beta1 old"]);
}

#[test]
fn files_beside_a_recording_are_risks_of_its_upgrade() {
    let recordings = Recordings::new();
    let facts = recordings.of("facts.tar", &healthy());
    let tree = tree(&[("a.yaml", OLD)]);
    let from = facts.to_str().expect("a path of ours");
    let args = [
        "precheck",
        "--from",
        from,
        "-o",
        "json",
        "--manifests",
        "a.yaml",
    ];
    let report = airworthy(args).within(tree.path()).run().exits(0).json();
    assert_eq!(found(&report), ["a.yaml:1:13 batch/v1beta1 old"]);
    assert_eq!(report["verdict"], "readyWithRisks");
    assert_eq!(report["scope"], "full");
}
