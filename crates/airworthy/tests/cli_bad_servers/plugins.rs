//! Credential plugins that do not give credentials.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::{Value, json};

use crate::common_cli::{Ended, Recordings, airworthy, kubeconfig::kubeconfig};

/// A pre-check of a cluster whose user has this plugin.
fn precheck(folder: &Recordings, exec: &Value) -> Ended {
    let server = json!({ "server": "https://127.0.0.1:1" });
    let text = kubeconfig(&server, &json!({ "exec": exec }));
    let file = folder.bytes("kubeconfig", text.as_bytes());
    airworthy([
        "precheck",
        "--kubeconfig",
        file.to_str().expect("a path of ours"),
    ])
    .run()
}

fn exec(command: &Path) -> Value {
    json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": command,
        "installHint": "Get it from https://example.org/login-plugin\n",
        "interactiveMode": "IfAvailable",
    })
}

fn script(folder: &Recordings, text: &str) -> std::path::PathBuf {
    let path = folder.bytes("plugin", format!("#!/bin/sh\n{text}\n").as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    path
}

#[test]
fn one_that_is_not_installed_is_told_with_its_hint() {
    let folder = Recordings::new();
    let ended = precheck(&folder, &exec(Path::new("no-such-login-plugin")));
    ended.refuses(&[
        "the credential plugin \"no-such-login-plugin\" of context \"one\"",
        "No such file",
        "Get it from https://example.org/login-plugin",
    ]);
    let plain = folder.bytes("plain", b"no program");
    precheck(&folder, &exec(&plain)).refuses(&["ermission denied"]);
}

#[test]
fn one_that_fails_is_told_with_what_it_says_but_not_with_what_it_gives() {
    let folder = Recordings::new();
    let plugin = script(
        &folder,
        "echo s3cr3t; echo 'please log in first' >&2; exit 7",
    );
    let ended = precheck(&folder, &exec(&plugin));
    ended.refuses(&["plugin", "exit status: 7", "please log in first"]);
    assert!(!ended.stderr.contains("s3cr3t"), "{ended}");
    assert!(
        !ended.stderr.contains("cannot be started"),
        "it was started: {ended}"
    );
}

#[test]
fn one_that_gives_something_else_is_told_without_quoting_it() {
    let folder = Recordings::new();
    for given in [
        "echo s3cr3t",
        "true",
        r#"echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "token": "s3cr3t"}'"#,
    ] {
        let plugin = script(&folder, given);
        let ended = precheck(&folder, &exec(&plugin));
        ended.refuses(&["plugin", "printed no credentials"]);
        assert!(!ended.stderr.contains("s3cr3t"), "{given}: {ended}");
    }
}

/// The library that runs the plugin panics then; the command must not.
#[test]
fn one_whose_token_makes_no_header_is_told() {
    let folder = Recordings::new();
    let plugin = script(
        &folder,
        r#"printf '%s' '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "s3cr3t\ns3cr3t"}}'"#,
    );
    let user = json!({ "exec": exec(&plugin) });
    let text = kubeconfig(&json!({ "server": "https://127.0.0.1:1" }), &user);
    let file = folder.bytes("kubeconfig", text.as_bytes());
    let args = [
        "precheck",
        "--kubeconfig",
        file.to_str().expect("a path of ours"),
    ];
    let (command, _home) = airworthy(args).into_parts();
    let output = command.into_std().output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("its token has characters that no token has"),
        "{stderr}"
    );
    assert!(!stderr.contains("s3cr3t"), "{stderr}");
}

/// Asking for input where nobody can give any would wait for ever.
#[test]
fn one_that_would_ask_reads_nothing() {
    let folder = Recordings::new();
    let plugin = script(
        &folder,
        "read answer && echo \"got $answer\" >&2; echo 'nobody to ask' >&2; exit 1",
    );
    let mut asks = exec(&plugin);
    precheck(&folder, &asks).refuses(&["nobody to ask"]);
    asks["interactiveMode"] = "Always".into();
    precheck(&folder, &asks).refuses(&[]);
}
