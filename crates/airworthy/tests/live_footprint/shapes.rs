//! Secrets of many shapes in many places: each is made of a shape and a place, and holds the mark by which it is looked for.

use airworthy_testbed::{Client, Cluster};
use serde_json::{Value, json};

use crate::common_live::{DEADLINE, apply};

/// What a secret looks like around its mark.
const SHAPES: [(&str, &str); 12] = [
    ("word", "MARK"),
    ("pair", "password=MARK"),
    (
        "address",
        "postgres://shop:MARK@db.example.com:5432/shop?sslmode=require",
    ),
    ("bearer", "Authorization: Bearer MARK"),
    ("json", r#"{"token": "MARK", "user": "shop"}"#),
    (
        "key",
        "-----BEGIN PRIVATE KEY-----\nMARK\n-----END PRIVATE KEY-----",
    ),
    (
        "query",
        "https://api.example.com/v1?access_token=MARK&page=2",
    ),
    ("yaml", "client-secret: 'MARK'\nuser: shop"),
    ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzaG9wIn0.MARK"),
    ("aws", "AKIAMARKAKIAMARK secret_access_key=MARK"),
    ("flag", "--db-password=MARK --v=2"),
    ("ini", "[db]\napi_key = MARK"),
];

/// Shapes by which a text for people is known to hold a secret; a bare word is none.
const TOLD: [&str; 8] = [
    "pair", "address", "bearer", "json", "key", "query", "jwt", "flag",
];

const NAMESPACE: &str = "many";

/// Fewest secrets that have to be planted.
const FEWEST: usize = 200;

/// Plants them all.
pub(super) async fn plant(cluster: &Cluster, client: &Client) {
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
    let mut documents = vec![namespace];
    for (shape, text) in SHAPES {
        documents.extend(objects(shape, text));
    }
    let texts: Vec<_> = documents.iter().map(Value::to_string).collect();
    apply(cluster, &texts.join("\n---\n")).await;
    apply(cluster, GATEWAYS).await;
    for (shape, text) in SHAPES.iter().filter(|(shape, _)| TOLD.contains(shape)) {
        tell(client, shape, text).await;
    }
    let planted: usize = texts.iter().map(|text| text.matches("hush-").count()).sum();
    assert!(planted >= FEWEST, "{planted}");
}

/// The shape with the mark of a place.
fn secret(shape: &str, text: &str, place: &str) -> String {
    text.replace("MARK", &format!("hush-{shape}-{place}"))
}

/// One object of each kind with the secret wherever people have them; client-side apply adds a copy of all of it.
fn objects(shape: &str, text: &str) -> Vec<Value> {
    let s = |place: &str| secret(shape, text, place);
    let meta = |place: &str| json!({ "name": format!("of-{shape}"), "namespace": NAMESPACE, "annotations": { "example.com/note": s(place) } });
    let wide = |place: &str| json!({ "name": format!("many-{shape}"), "annotations": { "example.com/note": s(place) } });
    let labels = json!({ "app": format!("of-{shape}") });
    let container = json!({
        "name": "main", "image": "example.com/main", "command": ["run", s("command")], "args": [s("argument")],
        "env": [{ "name": "SECRET", "value": s("env") }],
    });
    let docker =
        json!({ "auths": { "registry.example.com": { "auth": s("pull-secret") } } }).to_string();
    vec![
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": meta("secret-annotation"), "stringData": { "value": s("secret") } }),
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": format!("pull-{shape}"), "namespace": NAMESPACE },
            "type": "kubernetes.io/dockerconfigjson", "stringData": { ".dockerconfigjson": docker } }),
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("config-annotation"), "data": { "settings": s("config") } }),
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("account") }),
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": meta("service"), "spec": { "selector": labels, "ports": [{ "port": 80 }] } }),
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("deployment"), "spec": {
            "replicas": 0, "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels, "annotations": { "note": s("template") } }, "spec": { "containers": [container] } } } }),
        json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("cron-job"), "spec": {
            "schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": { "spec": { "template": { "spec": {
                "restartPolicy": "Never", "containers": [{ "name": "main", "image": "example.com/main", "env": [{ "name": "S", "value": s("cron-env") }] }] } } } } } }),
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": format!("of-{shape}"), "namespace": NAMESPACE,
            "annotations": { "nginx.ingress.kubernetes.io/auth-url": s("ingress"), "nginx.ingress.kubernetes.io/server-snippet": s("snippet") } },
            "spec": { "defaultBackend": { "service": { "name": "web", "port": { "number": 80 } } } } }),
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta("network-policy"), "spec": { "podSelector": {} } }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta("role"), "rules": [] }),
        json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("claim"), "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "nobody", "resources": { "requests": { "storage": "1Gi" } } } }),
        json!({ "apiVersion": "v1", "kind": "PersistentVolume", "metadata": wide("volume"), "spec": {
            "capacity": { "storage": "1Gi" }, "accessModes": ["ReadWriteOnce"], "storageClassName": "nobody",
            "csi": { "driver": "csi.example.com", "volumeHandle": format!("v-{shape}"), "volumeAttributes": { "key": s("volume-attribute") } } } }),
        json!({ "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": wide("storage-class"), "provisioner": "csi.example.com",
            "parameters": { "key": s("parameter") } }),
        json!({ "apiVersion": "v1", "kind": "Event", "metadata": { "name": format!("of-{shape}"), "namespace": NAMESPACE },
            "involvedObject": { "kind": "Pod", "namespace": NAMESPACE, "name": "web" }, "type": "Warning", "reason": "Odd", "message": s("event"),
            "firstTimestamp": jiff::Timestamp::now().to_string(), "lastTimestamp": jiff::Timestamp::now().to_string(), "count": 1 }),
    ]
}

/// Gateways, whose conditions nobody overwrites here.
const GATEWAYS: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gateways.gateway.networking.k8s.io
  annotations: {api-approved.kubernetes.io: 'https://github.com/kubernetes-sigs/gateway-api/pull/2466'}
spec:
  group: gateway.networking.k8s.io
  names: {kind: Gateway, plural: gateways}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// Lets a controller tell a secret in a text for people, long and short.
async fn tell(client: &Client, shape: &str, text: &str) {
    let path = format!("/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/gateways");
    let gateway = json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": { "name": format!("of-{shape}") } });
    airworthy_testbed::wait_until(DEADLINE, &path, || async {
        Ok(client.create(&path, &gateway).await.ok())
    })
    .await
    .unwrap();
    let condition = |kind: &str, message: String| json!({ "type": kind, "status": "False", "reason": "Odd", "message": message });
    let told = format!(
        "canary cannot go on: {} was refused",
        secret(shape, text, "condition")
    );
    let status = json!({ "conditions": [condition("Accepted", told), condition("Programmed", secret(shape, text, "condition-alone"))] });
    client
        .patch_status(&format!("{path}/of-{shape}"), &status)
        .await
        .unwrap();
}
