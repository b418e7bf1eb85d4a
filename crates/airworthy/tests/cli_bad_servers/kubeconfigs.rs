//! Kubeconfigs that cannot be used.

use std::path::Path;

use serde_json::json;

use crate::common_cli::{
    Recordings, airworthy,
    kubeconfig::{for_server, kubeconfig},
};

const SECRET: &str = "s3cr3t-t0k3n";

/// Demands that each command that reads a cluster refuses a kubeconfig with these words, and tells no secret of it.
#[track_caller]
fn refused(kubeconfig: &Path, args: &[&str], words: &[&str]) {
    let folder = Recordings::new();
    let recording = folder.path().join("recording.tar");
    let recording = recording.to_str().expect("a path of ours");
    let kubeconfig = kubeconfig.to_str().expect("a path of ours");
    for command in [
        &["precheck"][..],
        &["postcheck"],
        &["record", "-o", recording],
    ] {
        let whole = [command, &["--kubeconfig", kubeconfig], args].concat();
        let ended = airworthy(whole).run();
        ended.refuses(&[&[kubeconfig], words].concat());
        assert!(!ended.stderr.contains(SECRET), "{ended}");
        assert!(!Path::new(recording).exists(), "{ended}");
    }
}

fn two_contexts(current: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: {current}
clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]
users: [{{name: u, user: {{token: {SECRET}}}}}]
contexts:
- {{name: blue, context: {{cluster: c, user: u}}}}
- {{name: green, context: {{cluster: gone, user: u}}}}
- {{name: red, context: {{cluster: c, user: gone}}}}
"
    )
}

#[test]
fn a_file_that_is_not_there_or_not_readable_as_text() {
    let folder = Recordings::new();
    refused(&folder.path().join("absent"), &[], &["No such file"]);
    refused(folder.path(), &[], &["directory"]);
    let binary = folder.bytes("binary", &[0xff, 0xfe, 0, 1]);
    refused(&binary, &[], &["cannot read the kubeconfig"]);
}

#[test]
fn yaml_that_is_broken_is_told_with_its_line() {
    let folder = Recordings::new();
    let text =
        format!("apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user: {{token: {SECRET}\n]]\n");
    let file = folder.bytes("broken", text.as_bytes());
    refused(&file, &[], &["it is not a kubeconfig: line "]);
    for (name, text, line) in [
        ("html", "<html><body>login</body></html>", "line 1"),
        ("list", "- 1\n- 2\n", "line 1"),
        (
            "types",
            "apiVersion: v1\nkind: Config\ncontexts: 7\n",
            "line 3",
        ),
    ] {
        refused(
            &folder.bytes(name, text.as_bytes()),
            &[],
            &["it is not a kubeconfig", line],
        );
    }
}

#[test]
fn without_a_current_context_those_there_are_are_listed() {
    let folder = Recordings::new();
    let none = folder.bytes("none", two_contexts("''").as_bytes());
    refused(
        &none,
        &[],
        &["no current context", "--context", "blue, green, red"],
    );
    refused(&folder.bytes("empty", b""), &[], &["no current context"]);
}

#[test]
fn an_unknown_context_is_told_with_those_there_are() {
    let folder = Recordings::new();
    let file = folder.bytes("k", two_contexts("yellow").as_bytes());
    refused(&file, &[], &["\"yellow\"", "blue, green, red"]);
    refused(
        &file,
        &["--context", "violet"],
        &["\"violet\"", "blue, green, red"],
    );
}

#[test]
fn a_context_whose_parts_lack_is_told_with_what_lacks() {
    let folder = Recordings::new();
    let file = folder.bytes("k", two_contexts("blue").as_bytes());
    refused(&file, &["--context", "green"], &["\"green\"", "\"gone\""]);
    refused(
        &file,
        &["--context", "red"],
        &["\"red\"", "its user \"gone\" is not in the file"],
    );
}

#[test]
fn parts_that_make_no_connection_are_told() {
    let folder = Recordings::new();
    let server = json!({ "server": "https://127.0.0.1:1" });
    let token = json!({ "token": SECRET });
    for (cluster, user, word) in [
        (
            json!({ "server": "https://127.0.0.1:1", "certificate-authority-data": "%%%" }),
            token.clone(),
            "base64",
        ),
        (
            json!({ "server": "https://127.0.0.1:1", "certificate-authority": "absent.crt" }),
            token.clone(),
            "absent.crt",
        ),
        (json!({ "server": "not a url" }), token.clone(), "uri"),
        (
            server.clone(),
            json!({ "client-certificate": "absent.crt", "client-key": "absent.key" }),
            "absent.",
        ),
        (
            server,
            json!({ "token": format!("{SECRET}\n{SECRET}") }),
            "token",
        ),
    ] {
        let text = kubeconfig(&cluster, &user);
        let file = folder.bytes("k", text.as_bytes());
        let file = file.to_str().expect("a path of ours");
        let ended = airworthy(["precheck", "--kubeconfig", file]).run();
        ended.refuses(&[]);
        assert!(
            ended.stderr.to_lowercase().contains(word),
            "no {word}: {ended}"
        );
        assert!(!ended.stderr.contains(SECRET), "{ended}");
    }
}

#[test]
fn with_no_configuration_at_all_it_is_told_where_was_looked() {
    let run = airworthy(["precheck"]);
    let usual = run.home().join(".kube/config").display().to_string();
    run.run().refuses(&[
        "no cluster is configured",
        &usual,
        "--kubeconfig",
        "KUBECONFIG",
    ]);
    airworthy(["precheck"])
        .env("KUBECONFIG", "/absent/a:/absent/b")
        .run()
        .refuses(&["/absent/a:/absent/b"]);
    airworthy(["precheck"])
        .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .env("KUBERNETES_SERVICE_PORT", "1")
        .run()
        .refuses(&["service account of this pod"]);
}

/// As kubectl merges: the first file that says something wins, and parts of one context may come from several files.
#[test]
fn a_list_of_kubeconfigs_is_merged() {
    let folder = Recordings::new();
    let context = b"apiVersion: v1\nkind: Config\ncurrent-context: merged\ncontexts: [{name: merged, context: {cluster: c, user: u}}]\n";
    let first = folder.bytes("first", context);
    let second = folder.bytes("second", for_server("https://127.0.0.1:1").as_bytes());
    let third = folder.bytes("third", for_server("https://127.0.0.1:2").as_bytes());
    let absent = folder.path().join("absent");
    let list = |files: &[&Path]| std::env::join_paths(files).expect("paths without colons");
    let precheck = |files: &[&Path], args: &[&str]| {
        let args = [&["precheck"], args].concat();
        airworthy(args).env("KUBECONFIG", list(files)).run()
    };
    let merged = precheck(&[&first, &absent, &second, &third], &[]);
    merged.refuses(&["cannot reach the API server https://127.0.0.1:1"]);
    let other = precheck(&[&third, &second, &first], &["--context", "merged"]);
    other.refuses(&["cannot reach the API server https://127.0.0.1:2"]);
    precheck(&[&first], &[]).refuses(&["\"merged\"", "\"c\""]);
    let broken = folder.bytes("broken", b"]");
    precheck(&[&first, &broken], &[])
        .refuses(&[broken.to_str().expect("a path of ours"), "line 1"]);
    let named = ["--kubeconfig", third.to_str().expect("a path of ours")];
    precheck(&[&first, &second], &named).refuses(&["https://127.0.0.1:2"]);
}
