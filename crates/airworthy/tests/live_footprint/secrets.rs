//! Secrets are planted in a real cluster, and looked for in everything that airworthy writes about it.

use std::path::Path;

use airworthy_testbed::{Client, Cluster, ClusterOptions, Patch};
use serde_json::json;

use super::{hush::Written, service::Service, shapes};
use crate::common_live::{
    Release, apply, command, crash, finish, kubectl, live, until, until_available,
};

const PLANTED: &str = include_str!("planted.yaml");
const BROKEN: &str = include_str!("broken.yaml");
/// What is read on purpose, and so must be found.
const CANARY: &str = "canary";
const SECRETS: &str = "/api/v1/namespaces/vault/secrets";

#[test]
fn no_secret_reaches_recording_log_database_or_output() {
    live(async {
        let cluster = Cluster::start(ClusterOptions::new("1.31").nodes(2))
            .await
            .unwrap();
        let client = kubectl(&cluster);
        plant(&cluster, &client).await;
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(folder.path(), &cluster.kubeconfig()).await;
        let task = service.precheck().await;
        assert_eq!(task["status"]["phase"], "Success", "{task:#}");

        let mut written = Written::default();
        let before = folder.path().join("before.tar");
        let record = ["record", "-o", text(&before)];
        say(&mut written, &cluster, &record, 0).await;
        breaks(&cluster, &client).await;
        shapes::plant(&cluster, &client).await;
        let task = service.precheck().await;
        assert_eq!(task["status"]["phase"], "Failed", "{task:#}");
        written.add("the task", task.to_string());
        written.add("the post-check", service.postcheck().await.to_string());
        commands(&mut written, &cluster, folder.path()).await;
        seen(&mut written, &service).await;
        let (database, secret) = (service.database(), service.secret.clone());
        service.stop().await;
        written.add_folder(folder.path());
        written.add_database(&database).await;
        demand_canaries(&written);
        written.demand_silence(&[&secret, cluster.token_for("admin").unwrap()]);
    });
}

/// A release with secrets wherever people have them, and a FlowSchema at this version.
fn release(name: &'static str, api_version: &str) -> Release {
    let manifest = format!(
        "apiVersion: {api_version}
kind: FlowSchema
metadata: {{name: {name}, annotations: {{note: hush-helm-annotation}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: {name}}}
stringData: {{password: hush-helm-manifest}}
"
    );
    let hook = "apiVersion: v1\nkind: Secret\nmetadata: {name: hook}\nstringData: {password: hush-helm-hook}\n";
    let mut release = Release::deployed("vault", name, 2, &manifest);
    let content = &mut release.content;
    content["info"]["notes"] = "the password is hush-helm-notes".into();
    content["config"] = json!({ "password": "hush-helm-config" });
    content["chart"]["values"] = json!({ "password": "hush-helm-values" });
    content["chart"]["files"] = json!([{ "name": "key", "data": "aHVzaC1oZWxtLWZpbGU=" }]);
    content["chart"]["templates"] = json!([{ "name": "t", "data": "aHVzaC1oZWxtLXRlbXBsYXRl" }]);
    content["hooks"] = json!([{ "manifest": hook, "events": ["pre-upgrade"] }]);
    release
}

/// The same with YAML that does not parse where the secret is.
fn broken_release() -> Release {
    let manifest = "apiVersion: v1\nkind: Secret\nstringData:\n  password: 'hush-helm-broken\n";
    Release::deployed("vault", "broken", 1, manifest)
}

/// Everything is planted, and the cluster is in order.
async fn plant(cluster: &Cluster, client: &Client) {
    apply(cluster, PLANTED).await;
    let clean = release("clean", "flowcontrol.apiserver.k8s.io/v1");
    client.create(SECRETS, &clean.secret()).await.unwrap();
    until_available(client, "vault", "canary").await;
    let annotation = json!({ "metadata": { "annotations": { "example.com/join-token": "hush-node-annotation" } } });
    let node = "/api/v1/nodes/node-1";
    client.patch(node, Patch::Merge, &annotation).await.unwrap();
    let db = "/apis/apps/v1/namespaces/vault/statefulsets/db";
    until(client, db, "the database", |db| {
        db["status"]["readyReplicas"] == 1
    })
    .await;
    let agent = "/apis/apps/v1/namespaces/vault/daemonsets/agent";
    until(client, agent, "agents", |agent| {
        agent["status"]["numberReady"] == 2
    })
    .await;
}

/// Findings about planted objects, with what kubelets tell of crashes.
async fn breaks(cluster: &Cluster, client: &Client) {
    apply(cluster, BROKEN).await;
    let old = release(CANARY, "flowcontrol.apiserver.k8s.io/v1beta3");
    for release in [old.secret(), broken_release().secret()] {
        client.create(SECRETS, &release).await.unwrap();
    }
    let maps = "/api/v1/namespaces/vault/configmaps";
    client.create(maps, &old.config_map()).await.unwrap();
    let pod = crash(client, "vault", CANARY).await;
    let message = "/status/containerStatuses/0/state/waiting/message";
    let change = json!([
        { "op": "replace", "path": message, "value": "hush-waiting-message" },
        { "op": "add", "path": "/status/message", "value": "hush-pod-message" },
    ]);
    let status = format!("{pod}/status");
    client.patch(&status, Patch::Json, &change).await.unwrap();
}

/// What people and programs see of the service: each page that links lead to, the document, metrics and the trail.
async fn seen(written: &mut Written, service: &Service) {
    for (path, page) in service.pages().await {
        written.add(&format!("the page {path}"), page);
    }
    for trail in service.trail().await {
        written.add("the trail", trail);
    }
}

/// What every command that reads the cluster, or a recording of it, says at its most talkative.
async fn commands(written: &mut Written, cluster: &Cluster, folder: &Path) {
    let (before, after) = (folder.join("before.tar"), folder.join("after.tar"));
    say(written, cluster, &["record", "-o", text(&after)], 0).await;
    for format in [
        "table", "wide", "json", "yaml", "html", "markdown", "sarif", "junit", "csv",
    ] {
        let precheck = ["precheck", "-o", format];
        let postcheck = ["postcheck", "-o", format, "--baseline", text(&before)];
        for words in [&precheck[..], &postcheck] {
            say(written, cluster, words, 1).await;
            let recorded = [words, &["--from", text(&after)]].concat();
            say(written, cluster, &recorded, 1).await;
        }
    }
    look_into(written, cluster, text(&before), text(&after)).await;
}

/// What is told of recordings themselves, group by group.
async fn look_into(written: &mut Written, cluster: &Cluster, before: &str, after: &str) {
    let contents = ["inspect", after, "-o", "json"];
    let contents = say(written, cluster, &contents, 0).await;
    let contents: serde_json::Value = serde_json::from_str(&contents).unwrap();
    for group in contents["groups"].as_array().unwrap() {
        if group["rows"].is_number() {
            let name = group["group"].as_str().unwrap();
            for format in ["json", "yaml"] {
                let inspect = ["inspect", after, "--group", name, "-o", format];
                say(written, cluster, &inspect, 0).await;
            }
        }
    }
    for format in ["table", "json"] {
        let diff = ["diff", before, after, "-o", format];
        say(written, cluster, &diff, 1).await;
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

async fn say(written: &mut Written, cluster: &Cluster, words: &[&str], code: i32) -> String {
    let kubeconfig = cluster.kubeconfig();
    let kubeconfig = ["--kubeconfig", text(&kubeconfig)];
    let recorded = words.contains(&"--from") || ["inspect", "diff"].contains(&words[0]);
    let args = [words, if recorded { &[] } else { &kubeconfig }].concat();
    let mut command = command(&args);
    command.env("RUST_LOG", "trace");
    let run = finish(&args, command).await;
    run.exits(code);
    let line = words.join(" ");
    written.add(
        &format!("the output of {line}"),
        format!("{}\n", run.stdout),
    );
    written.add(&format!("the log of {line}"), format!("{}\n", run.stderr));
    run.stdout
}

/// The search finds what is there: else it proves nothing that it finds no secret.
fn demand_canaries(written: &Written) {
    let places = written.places_of(CANARY);
    for place in [
        "the task",
        "after.tar: facts/pods.ndjson.zst",
        "after.tar: facts/gateways.ndjson.zst",
        "samples.recording: facts/pods.ndjson.zst",
        "the output of precheck -o html",
        "the output of inspect",
        "after.tar: facts/helmReleases.ndjson.zst",
        "baselines.recording: facts/pods.ndjson.zst",
        "tasks.result",
        "the output of precheck -o json --from",
        "the output of precheck -o table",
        "the output of postcheck -o wide",
        "the page /console/projects/",
    ] {
        let there = places.iter().any(|seen| seen.contains(place));
        assert!(there, "{place} is not among {places:#?}");
    }
}
