//! A real API server, with credentials that come from a plugin.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use airworthy_testbed::{Cluster, ClusterOptions};
use serde_json::{Value, json};

use crate::common_cli::{Recordings, airworthy};

/// A plugin that prints a token once it sees that it is asked in the right way, and notes that it was asked.
fn plugin(folder: &Recordings, token: &str) -> std::path::PathBuf {
    let noted = folder.path().join("asked");
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": { "token": token },
    });
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$KUBERNETES_EXEC_INFO $STAGE $1\" >> '{}'\nprintf '%s' '{credential}'\n",
        noted.display()
    );
    let path = folder.bytes("plugin", text.as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    path
}

/// The cluster's own kubeconfig with the plugin in place of its token; the token, too.
fn with_plugin(cluster: &Cluster, folder: &Recordings, token: Option<&str>) -> String {
    let text = fs::read(cluster.kubeconfig()).expect("a kubeconfig");
    let mut kubeconfig: Value = serde_json::from_slice(&text).expect("JSON");
    let user = &mut kubeconfig["users"][0]["user"];
    let own = user["token"].as_str().expect("a token").to_owned();
    *user = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": plugin(folder, token.unwrap_or(&own)),
        "args": ["get-token"],
        "env": [{ "name": "STAGE", "value": "test" }],
        "interactiveMode": "Never",
    }});
    let file = folder.bytes("kubeconfig", kubeconfig.to_string().as_bytes());
    file.to_str().expect("a path of ours").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_gives_a_token_opens_the_cluster() {
    let options = ClusterOptions::new("1.31").without_controllers();
    let cluster = Cluster::start(options).await.expect("a cluster");
    let folder = Recordings::new();
    let kubeconfig = with_plugin(&cluster, &folder, None);
    let live = airworthy(["precheck", "-o", "json", "--kubeconfig", &kubeconfig])
        .ended()
        .await;
    let report = live.json();
    // Nothing tells how this control plane is started, so that it may not be able to determine; that it judged is what counts.
    assert!([0, 1, 3].contains(&live.code), "{live}");
    assert_eq!(report["cluster"]["name"], "testbed", "{live}");
    let asked = fs::read_to_string(folder.path().join("asked")).expect("it was asked");
    assert!(
        asked.contains("ExecCredential") && asked.contains("test get-token"),
        "{asked}"
    );
    let recording = folder.path().join("recording.tar");
    let recording = recording.to_str().expect("a path of ours");
    let recorded = airworthy(["record", "-o", recording, "--kubeconfig", &kubeconfig])
        .ended()
        .await;
    recorded.exits(0);
    let replayed = airworthy(["precheck", "-o", "json", "--from", recording])
        .ended()
        .await;
    let checks = |report: &Value| report["checks"].clone();
    assert_eq!(
        (replayed.code, checks(&replayed.json())),
        (live.code, checks(&report))
    );
    let token = fs::read_to_string(folder.path().join("plugin")).expect("the plugin");
    let token = token
        .split("\"token\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let bytes = fs::read(recording).expect("a recording");
    let token = token.expect("a token").as_bytes();
    assert!(!bytes.windows(token.len()).any(|window| window == token));
    wrong_token(&cluster).await;
    nowhere_to_write(&kubeconfig, folder.path()).await;
}

async fn nowhere_to_write(kubeconfig: &str, folder: &Path) {
    fs::write(folder.join("file"), "older").expect("a file");
    for target in [
        "absent/recording.tar",
        "file/recording.tar",
        ".",
        "/dev/null",
    ] {
        let target = folder.join(target);
        let target = target.to_str().expect("a path of ours");
        let args = ["record", "-o", target, "--kubeconfig", kubeconfig];
        airworthy(args).ended().await.refuses(&[target]);
    }
}

async fn wrong_token(cluster: &Cluster) {
    let folder = Recordings::new();
    let kubeconfig = with_plugin(cluster, &folder, Some("nobodys-token"));
    let ended = airworthy(["precheck", "--kubeconfig", &kubeconfig])
        .ended()
        .await;
    ended.refuses(&["does not accept our credentials", "401"]);
    assert!(!ended.stderr.contains("nobodys-token"), "{ended}");
}
