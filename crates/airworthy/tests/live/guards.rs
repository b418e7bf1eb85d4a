//! Webhooks that convert custom resources, and webhooks that guard what they live by; requests say what really fails.

use airworthy_testbed::{
    Authority, Client, Cluster, Patch, Reply, Seen, StandIn, Verdict, wait_until,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{admission::WEBHOOKS, shared::shared};
use crate::common_live::{
    DEADLINE, apply, kubectl, live, pods, precheck, set_endpoints_ready, until, until_available,
};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const DIALS: &str = "dials.convert.example.com";
const CONVERSION: [&str; 2] = ["--check", "CrdConversionWebhook"];

/// Gives every object the version that is asked for.
fn convert(request: &Seen) -> Reply {
    let review: Value = serde_json::from_slice(&request.body).expect("a review");
    let asked = &review["request"];
    let mut objects = asked["objects"].clone();
    for object in objects.as_array_mut().expect("objects") {
        object["apiVersion"] = asked["desiredAPIVersion"].clone();
    }
    Reply::json(&json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
        "response": { "uid": asked["uid"], "convertedObjects": objects, "result": { "status": "Success" } },
    }))
}

fn conversion(service: &str, ca_bundle: &str) -> Value {
    json!({
        "strategy": "Webhook",
        "webhook": {
            "conversionReviewVersions": ["v1"],
            "clientConfig": { "service": { "namespace": "converting", "name": service }, "caBundle": ca_bundle },
        },
    })
}

fn definition(conversion: &Value) -> Value {
    let version = |name: &str, storage: bool| {
        let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
        json!({ "name": name, "served": true, "storage": storage, "schema": schema })
    };
    json!({
        "metadata": { "name": DIALS },
        "spec": {
            "group": "convert.example.com", "scope": "Cluster", "names": { "kind": "Dial", "plural": "dials" },
            "versions": [version("v1", true), version("v1beta1", false)],
            "conversion": conversion,
        },
    })
}

/// What a list answers at the version that the objects are not stored at.
async fn until_listed(client: &Client, answer: u16) {
    let what = format!("{answer} for a list of dials at v1beta1");
    let answered = wait_until(DEADLINE, &what, || async {
        let list = client.list("/apis/convert.example.com/v1beta1/dials").await;
        let seen = list.map_or_else(|error| error.code(), |_| Some(200));
        Ok((seen == Some(answer)).then_some(()))
    });
    answered.await.unwrap();
}

async fn serve(cluster: &Cluster, service: &str) -> StandIn {
    let authority = Authority::new("converter").unwrap();
    let served = cluster.serve("converting", service, &authority, convert);
    served.await.unwrap()
}

#[test]
fn custom_resources_that_nobody_converts() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let subject = format!("CustomResourceDefinition {DIALS}");
        let webhook = serve(cluster, "converter").await;
        convertible(&client, &webhook).await;
        let report = precheck(cluster, &CONVERSION).await;
        report.exits(0).spares("CrdConversionWebhook", &subject);

        dead(cluster, &client, webhook, &subject).await;
        untrusted(cluster, &client, &subject).await;
        let path = format!("{DEFINITIONS}/{DIALS}");
        client.delete(&path).await.unwrap();
    });
}

/// One object, which both versions give.
async fn convertible(client: &Client, webhook: &StandIn) {
    let definition = definition(&conversion("converter", webhook.ca_bundle()));
    client.create(DEFINITIONS, &definition).await.unwrap();
    let dial = json!({ "apiVersion": "convert.example.com/v1", "kind": "Dial", "metadata": { "name": "one" } });
    let made = wait_until(DEADLINE, "a dial", || async {
        let path = "/apis/convert.example.com/v1/dials";
        Ok(Some(client.create(path, &dial).await?))
    });
    made.await.unwrap();
    until_listed(client, 200).await;
}

/// What stood behind the Service is not there any more.
async fn dead(cluster: &Cluster, client: &Client, webhook: StandIn, subject: &str) {
    drop(webhook);
    set_endpoints_ready(client, "converting", "converter", false).await;
    until_listed(client, 500).await;
    let report = precheck(cluster, &CONVERSION).await;
    let finding = report
        .exits(1)
        .finds("CrdConversionWebhook", subject, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("no endpoint is ready"), "{message}");
}

async fn set_conversion(client: &Client, conversion: &Value) {
    let change = json!({ "spec": { "conversion": conversion } });
    let path = format!("{DEFINITIONS}/{DIALS}");
    client.patch(&path, Patch::Merge, &change).await.unwrap();
}

/// It answers again, but by a certificate of an authority that the definition does not name; then the definition names it.
async fn untrusted(cluster: &Cluster, client: &Client, subject: &str) {
    let webhook = serve(cluster, "converter-2").await;
    let over = Authority::valid("over", (2001, 1, 1), (2002, 1, 1)).unwrap();
    set_conversion(client, &conversion("converter-2", &over.ca_bundle())).await;
    until_listed(client, 500).await;
    let report = precheck(cluster, &CONVERSION).await;
    let finding = report
        .exits(1)
        .finds("CrdConversionWebhook", subject, "blocker");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("has expired"), "{message}");

    set_conversion(client, &conversion("converter-2", webhook.ca_bundle())).await;
    until_listed(client, 200).await;
    let report = precheck(cluster, &CONVERSION).await;
    report.exits(0).spares("CrdConversionWebhook", subject);
}

/// A webhook of one pod, which the API server asks about every pod of its own namespace.
const SELFISH: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: selfish}
---
apiVersion: v1
kind: Service
metadata: {name: selfish, namespace: selfish}
spec: {selector: {app: selfish}, ports: [{port: 443}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: selfish, namespace: selfish}
spec:
  selector: {matchLabels: {app: selfish}}
  template:
    metadata: {labels: {app: selfish}}
    spec: {containers: [{name: main, image: example.com/selfish}]}
";

const CONFIGURATION: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/selfish";

/// Selects one namespace: the webhook must not stand in the way of other tests.
fn selector(namespace: &str) -> Value {
    json!({ "matchLabels": { "kubernetes.io/metadata.name": namespace } })
}

#[test]
fn a_webhook_that_guards_its_own_pods() {
    live(async {
        let _alone = WEBHOOKS.lock().await;
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, SELFISH).await;
        until_available(&client, "selfish", "selfish").await;
        guard(&client).await;
        let check = ["--check", "WebhookScopeUnsafe"];
        let subject = "ValidatingWebhookConfiguration selfish";
        let report = precheck(cluster, &check).await;
        let finding = report
            .exits(1)
            .finds("WebhookScopeUnsafe", subject, "blocker");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("its own pods"), "{message}");

        let alone = precheck(
            cluster,
            &[
                "--check",
                "WebhookScopeUnsafe",
                "--rollout",
                "control-plane",
            ],
        )
        .await;
        alone.exits(0).finds("WebhookScopeUnsafe", subject, "risk");
        never_comes_back(&client).await;
        leave_out(&client).await;
        until_available(&client, "selfish", "selfish").await;
        let report = precheck(cluster, &check).await;
        report.exits(0).spares("WebhookScopeUnsafe", subject);
        client.delete(CONFIGURATION).await.unwrap();
    });
}

async fn guard(client: &Client) {
    let webhook = json!({
        "name": "pods.selfish.example.com",
        "clientConfig": { "service": { "namespace": "selfish", "name": "selfish" }, "caBundle": Authority::new("selfish").unwrap().ca_bundle() },
        "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }],
        "namespaceSelector": selector("selfish"),
        "failurePolicy": "Fail", "timeoutSeconds": 1, "sideEffects": "None", "admissionReviewVersions": ["v1"],
    });
    let configuration = json!({ "metadata": { "name": "selfish" }, "webhooks": [webhook] });
    let (list, _) = CONFIGURATION.rsplit_once('/').unwrap();
    client.create(list, &configuration).await.unwrap();
}

/// As a drain does it: the pod goes, and the one that should take its place is refused by the webhook that it is to serve.
async fn never_comes_back(client: &Client) {
    // The API server learns of configurations a moment later than we.
    let refused = wait_until(DEADLINE, "a refused pod", || async {
        let main = json!({ "name": "main", "image": "example.com/try" });
        let pod = json!({ "metadata": { "name": "try" }, "spec": { "containers": [main] } });
        let sent = client.create("/api/v1/namespaces/selfish/pods", &pod).await;
        let code = sent.err().and_then(|error| error.code());
        Ok((code == Some(500)).then_some(()))
    });
    refused.await.unwrap();
    let pod = pods(client, "selfish", "selfish").await.remove(0);
    let name = pod["metadata"]["name"].as_str().unwrap();
    let eviction =
        json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": name } });
    let path = format!("/api/v1/namespaces/selfish/pods/{name}/eviction");
    client.create(&path, &eviction).await.unwrap();
    let path = "/apis/apps/v1/namespaces/selfish/deployments/selfish";
    let failed = |deployment: &Value| {
        let conditions = deployment["status"]["conditions"].as_array();
        conditions.is_some_and(|all| {
            all.iter().any(|one| {
                let message = one["message"].as_str().unwrap_or_default();
                one["type"] == "ReplicaFailure" && message.contains("failed calling webhook")
            })
        })
    };
    until(client, path, "a replica that is refused", failed).await;
}

async fn leave_out(client: &Client) {
    let change = json!([{ "op": "replace", "path": "/webhooks/0/namespaceSelector", "value": selector("tenants") }]);
    client
        .patch(CONFIGURATION, Patch::Json, &change)
        .await
        .unwrap();
}

const SEALED: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/sealed";

/// What the API server answers to somebody who wants to store something that the webhook guards.
async fn until_stored(client: &Client, answer: u16) {
    let what = format!("{answer} for an object that the sealed webhook guards");
    let answered = wait_until(DEADLINE, &what, || async {
        let map = json!({ "metadata": { "generateName": "try-" } });
        let sent = client
            .create("/api/v1/namespaces/sealed/configmaps", &map)
            .await;
        let seen = sent.map_or_else(|error| error.code(), |_| Some(201));
        Ok((seen == Some(answer)).then_some(()))
    });
    answered.await.unwrap();
}

async fn set_bundle(client: &Client, ca_bundle: &str) {
    let change = json!([{ "op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": ca_bundle }]);
    client.patch(SEALED, Patch::Json, &change).await.unwrap();
}

#[test]
fn a_webhook_whose_authority_has_expired() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let over = Authority::valid("over", (2001, 1, 1), (2002, 1, 1)).unwrap();
        let stand_in = cluster.serve_webhook("sealed", "sealed", Verdict::Allow);
        let stand_in = stand_in.await.unwrap();
        let webhook = json!({
            "name": "sealed.example.com",
            "clientConfig": { "service": { "namespace": "sealed", "name": "sealed" }, "caBundle": over.ca_bundle() },
            "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"] }],
            "namespaceSelector": selector("sealed"),
            "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        });
        let configuration = json!({ "metadata": { "name": "sealed" }, "webhooks": [webhook] });
        let (list, _) = SEALED.rsplit_once('/').unwrap();
        client.create(list, &configuration).await.unwrap();
        until_stored(&client, 500).await;
        let check = ["--check", "WebhookCertificate"];
        let subject = "ValidatingWebhookConfiguration sealed";
        let report = precheck(cluster, &check).await;
        let finding = report
            .exits(1)
            .finds("WebhookCertificate", subject, "blocker");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("expired on 2002-01-01"), "{message}");

        // The old one may stay beside the good one.
        let both = [over.pem(), &unsealed(stand_in.ca_bundle())].concat();
        set_bundle(&client, &sealed(&both)).await;
        until_stored(&client, 201).await;
        let report = precheck(cluster, &check).await;
        report.exits(0).spares("WebhookCertificate", subject);
        client.delete(SEALED).await.unwrap();
    });
}

fn sealed(pem: &str) -> String {
    STANDARD.encode(pem)
}

fn unsealed(bundle: &str) -> String {
    String::from_utf8(STANDARD.decode(bundle).unwrap()).unwrap()
}
