//! Manifests written anew.

use std::fs;

use tempfile::TempDir;

use crate::common_cli::airworthy;

const OLD: &str =
    "# nightly\napiVersion: batch/v1beta1 # why\nkind: CronJob\nmetadata: {name: report}\n";

fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    folder
}

#[test]
fn shows_what_would_change_and_changes_nothing() {
    let tree = tree(&[("deploy/a.yaml", OLD), ("deploy/b.yaml", "kind: none\n")]);
    let ended = airworthy(["fix", "deploy", "--target", "1.25"])
        .within(tree.path())
        .run();
    ended
        .exits(0)
        .tells("1 object in 1 file would be rewritten");
    let diff = "--- a/deploy/a.yaml\n+++ b/deploy/a.yaml\n@@ -1,4 +1,4 @@\n # nightly\n\
        -apiVersion: batch/v1beta1 # why\n+apiVersion: batch/v1 # why\n kind: CronJob\n metadata: {name: report}\n";
    assert_eq!(ended.stdout, diff);
    let kept = fs::read_to_string(tree.path().join("deploy/a.yaml")).expect("it is there");
    assert_eq!(kept, OLD);
}

#[test]
fn writes_and_is_content_the_second_time() {
    let tree = tree(&[("a.yaml", OLD)]);
    let fix = || {
        let command = airworthy(["fix", "a.yaml", "--target", "1.25", "--write"]);
        command.within(tree.path()).run()
    };
    fix().exits(0).tells("1 object in 1 file rewritten");
    let now = fs::read_to_string(tree.path().join("a.yaml")).expect("it is there");
    assert_eq!(now, OLD.replace("v1beta1", "v1"));
    fix().exits(0).tells("nothing to rewrite");
}

#[test]
fn what_is_left_is_told_with_its_place() {
    let policy = "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: p}\n";
    let tree = tree(&[
        ("p.yaml", policy),
        ("t.yaml", "apiVersion: {{ .Values.v }}\nkind: CronJob\n"),
    ]);
    let ended = airworthy(["fix", "p.yaml", "t.yaml", "--target", "1.25"])
        .within(tree.path())
        .run();
    ended
        .exits(1)
        .tells("left: p.yaml:1:1: PodSecurityPolicy p of policy/v1beta1: no API takes its place")
        .tells("left: t.yaml:1:13: a template that is not rendered");
}

#[test]
fn a_target_that_nobody_knows_is_refused() {
    let tree = tree(&[("a.yaml", OLD)]);
    let ended = airworthy(["fix", "a.yaml", "--target", "1.99"])
        .within(tree.path())
        .run();
    ended.refuses(&["nothing is known of v1.99"]);
}
