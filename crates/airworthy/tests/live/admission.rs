//! Webhooks without a back end; creating an object says whether they really are in the way.

use airworthy_testbed::{Client, Cluster, Patch, StandIn, Verdict, wait_until};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::shared::shared;
use crate::common_live::{DEADLINE, kubectl, live, precheck, set_endpoints_ready};

/// Held by tests in which the back end of some webhook is down.
pub(super) static WEBHOOKS: Mutex<()> = Mutex::const_new(());

const CONFIGURATIONS: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const SUBJECT: &str = "ValidatingWebhookConfiguration guard";
const CHECK: [&str; 2] = ["--check", "WebhookBackendDown"];

/// Guards the config maps of one namespace, and fails closed.
async fn register(client: &Client, name: &str, namespace: &str, called: Value) {
    let webhook = json!({
        "name": format!("{name}.example.com"),
        "clientConfig": called,
        "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"] }],
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    });
    let configuration = json!({ "metadata": { "name": name }, "webhooks": [webhook] });
    client.create(CONFIGURATIONS, &configuration).await.unwrap();
}

/// What the API server answers to somebody who wants to store something there.
async fn store(client: &Client, namespace: &str) -> u16 {
    let map = json!({ "metadata": { "generateName": "try-" } });
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    match client.create(&path, &map).await {
        Ok(_) => 201,
        Err(error) => error.code().expect("an answer"),
    }
}

/// The API server learns of configurations and routes a moment later than we.
async fn until_stored(client: &Client, answer: u16) {
    until_stored_in(client, "guarded", answer).await;
}

async fn until_stored_in(client: &Client, namespace: &str, answer: u16) {
    let what = format!("{answer} for an object that the webhook guards");
    let answered = wait_until(DEADLINE, &what, || async {
        Ok((store(client, namespace).await == answer).then_some(()))
    });
    answered.await.unwrap();
}

#[test]
fn a_webhook_without_back_end() {
    live(async {
        let _alone = WEBHOOKS.lock().await;
        let cluster = shared().await;
        let client = kubectl(cluster);
        let webhook = serve(cluster, "guard").await;
        let service = json!({ "namespace": "guarded", "name": "guard" });
        let called = json!({ "service": service, "caBundle": webhook.ca_bundle() });
        register(&client, "guard", "guarded", called).await;
        until_called(&client, &webhook).await;
        let report = precheck(cluster, &CHECK).await;
        report.exits(0).spares("WebhookBackendDown", SUBJECT);

        dead(cluster, &client, webhook).await;
        ignored_or_idle(cluster, &client).await;
        absent(cluster, &client).await;
        another(cluster, &client).await;
    });
}

async fn serve(cluster: &Cluster, service: &str) -> StandIn {
    let webhook = cluster.serve_webhook("guarded", service, Verdict::Allow);
    webhook.await.unwrap()
}

async fn until_called(client: &Client, webhook: &StandIn) {
    let called = wait_until(DEADLINE, "a call", || async {
        let stored = store(client, "guarded").await == 201;
        Ok((stored && !webhook.seen().is_empty()).then_some(()))
    });
    called.await.unwrap();
}

/// The Service is there, what stood behind it is not.
async fn dead(cluster: &Cluster, client: &Client, webhook: StandIn) {
    // Ends the connections that the API server keeps, too.
    drop(webhook);
    set_endpoints_ready(client, "guarded", "guard", false).await;
    until_stored(client, 500).await;
    let report = precheck(cluster, &CHECK).await;
    report.exits(1);
    let finding = report.finds("WebhookBackendDown", SUBJECT, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("no endpoint is ready"), "{message}");
}

/// What is down, but refuses nothing.
async fn ignored_or_idle(cluster: &Cluster, client: &Client) {
    set_endpoints_ready(client, "guarded", "guard", false).await;
    change(client, "/failurePolicy", json!("Ignore")).await;
    let report = precheck(cluster, &CHECK).await;
    report.exits(0);
    // It changes no pod, so nothing comes back other than it was.
    report.finds("WebhookBackendDown", SUBJECT, "note");

    change(client, "/failurePolicy", json!("Fail")).await;
    let labels = "/namespaceSelector/matchLabels";
    change(client, labels, json!({ "nobody": "has-this" })).await;
    let report = precheck(cluster, &CHECK).await;
    report.exits(0);
    report.finds("WebhookBackendDown", SUBJECT, "note");
    let all = json!({ "kubernetes.io/metadata.name": "guarded" });
    change(client, labels, all).await;
    let report = precheck(cluster, &CHECK).await;
    report.exits(1);
}

/// Not even the Service is there.
async fn absent(cluster: &Cluster, client: &Client) {
    let service = "/api/v1/namespaces/guarded/services/guard";
    client.delete(service).await.unwrap();
    let report = precheck(cluster, &CHECK).await;
    report.exits(1);
    let finding = report.finds("WebhookBackendDown", SUBJECT, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("does not exist"), "{message}");
    until_stored(client, 500).await;
}

/// It calls a Service that answers.
async fn another(cluster: &Cluster, client: &Client) {
    let webhook = serve(cluster, "guard-2").await;
    let called = json!({
        "service": { "namespace": "guarded", "name": "guard-2", "port": 443 },
        "caBundle": webhook.ca_bundle(),
    });
    change(client, "/clientConfig", called).await;
    until_called(client, &webhook).await;
    let report = precheck(cluster, &CHECK).await;
    report.exits(0).spares("WebhookBackendDown", SUBJECT);
    // Without its stand-in it would stay in the way.
    let path = format!("{CONFIGURATIONS}/guard");
    client.delete(&path).await.unwrap();
}

async fn change(client: &Client, field: &str, value: Value) {
    let path = format!("{CONFIGURATIONS}/guard");
    let change =
        json!([{ "op": "replace", "path": format!("/webhooks/0{field}"), "value": value }]);
    client.patch(&path, Patch::Json, &change).await.unwrap();
}

/// Nothing in the cluster shows what answers at a URL: the API server's own count does.
#[test]
fn a_webhook_called_by_url_that_nobody_answers() {
    live(async {
        let _alone = WEBHOOKS.lock().await;
        let cluster = shared().await;
        let client = kubectl(cluster);
        let subject = "ValidatingWebhookConfiguration outside";
        let namespace = json!({ "metadata": { "name": "outside" } });
        let namespaces = "/api/v1/namespaces";
        client.create(namespaces, &namespace).await.unwrap();
        // A controller writes it into every namespace: that call must not be the first.
        let root = "/api/v1/namespaces/outside/configmaps/kube-root-ca.crt";
        let written = wait_until(DEADLINE, root, || async { Ok(client.get(root).await.ok()) });
        written.await.unwrap();
        // Port 1 is nobody's.
        let called = json!({ "url": "https://127.0.0.1:1/" });
        register(&client, "outside", "outside", called).await;
        let report = precheck(cluster, &CHECK).await;
        report.exits(0).finds("WebhookBackendDown", subject, "note");

        until_stored_in(&client, "outside", 500).await;
        let report = precheck(cluster, &CHECK).await;
        report.exits(1);
        let finding = report.finds("WebhookBackendDown", subject, "blocker");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("calls got through since"), "{message}");

        let path = format!("{CONFIGURATIONS}/outside");
        client.delete(&path).await.unwrap();
        until_stored_in(&client, "outside", 201).await;
        let report = precheck(cluster, &CHECK).await;
        report.exits(0).spares("WebhookBackendDown", subject);
    });
}
