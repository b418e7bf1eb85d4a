//! Whole runs of every command that reads a cluster, with every source of evidence, and what its API server saw of them.

use std::collections::BTreeSet;

use airworthy_testbed::{Client, Cluster, ClusterOptions};
use serde_json::Value;

use super::{
    audit::{demand_harmless, demand_no_secretive, fetched, harm, listed, requests_of},
    metrics::deprecated_requests,
};
use crate::common_live::{airworthy, apply, kubectl, live, until_available};

/// Nobody else is this user, so that all of its requests are ours, whatever they call themselves.
const USER: &str = "inspector";

/// Kinds with old versions, among them one that its author has deprecated.
const OBJECTS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.com/web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.example.com}
spec:
  group: example.com
  names: {kind: Gear, plural: gears}
  scope: Cluster
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object}}
  - name: v1alpha1
    served: true
    storage: false
    deprecated: true
    schema: {openAPIV3Schema: {type: object}}
---
apiVersion: example.com/v1
kind: Gear
metadata: {name: one}
---
apiVersion: v1
kind: Secret
metadata: {name: foreign, labels: {owner: helm}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: foreign, labels: {owner: helm}}
---
apiVersion: v1
kind: Secret
type: helm.sh/release.v1
metadata: {name: sh.helm.release.v1.web.v1, labels: {owner: helm, name: web, status: superseded, version: '1'}}
---
apiVersion: v1
kind: Secret
type: helm.sh/release.v1
metadata: {name: sh.helm.release.v1.web.v2, labels: {owner: helm, name: web, status: deployed, version: '2'}}
stringData: {release: eyJuYW1lIjogIndlYiJ9}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: sh.helm.release.v1.old.v7, labels: {owner: helm, name: old, status: deployed, version: '7'}}
data: {release: eyJuYW1lIjogIm9sZCJ9}
";

/// What Argo CD and Flux leave, and objects that are written and applied at old versions.
const EVIDENCE: &str = include_str!("evidence.yaml");

/// The records of Helm that may be read: of each release the one that counts.
const RECORDS: [&str; 2] = [
    "/api/v1/namespaces/default/configmaps/sh.helm.release.v1.old.v7",
    "/api/v1/namespaces/default/secrets/sh.helm.release.v1.web.v2",
];

/// Nobody else is this user either, and it does without Helm.
const DISCREET: &str = "discreet";

#[test]
fn nothing_harmful_is_asked_of_1_31() {
    live(nothing_harmful_is_asked_of("1.31"));
}

/// Other minors when they are asked for: 1.24 without the stable versions of several kinds and without aggregated discovery, 1.37
/// with more that is deprecated.
#[test]
fn nothing_harmful_is_asked_of_other_minors() {
    let minors = std::env::var("AIRWORTHY_TEST_MINORS").unwrap_or_default();
    for minor in minors.split(',').filter(|minor| !minor.is_empty()) {
        live(nothing_harmful_is_asked_of(minor));
    }
}

/// Versions that the server of a minor serves only when it is asked to, and calls deprecated.
fn runtime_config(minor: &str) -> Vec<String> {
    let asked: &[&str] = match minor {
        "1.31" => &["flowcontrol.apiserver.k8s.io/v1beta3=true"],
        "1.36" | "1.37" => &[
            "resource.k8s.io/v1beta1=true",
            "resource.k8s.io/v1beta2=true",
        ],
        _ => &[],
    };
    asked.iter().map(ToString::to_string).collect()
}

async fn nothing_harmful_is_asked_of(minor: &str) {
    let mut options = ClusterOptions::new(minor).nodes(2).audit();
    options.runtime_config = runtime_config(minor);
    let options = options.user(USER, &["system:masters"]);
    let options = options.user(DISCREET, &["system:masters"]);
    let cluster = Cluster::start(options).await.unwrap();
    let client = kubectl(&cluster);
    apply(&cluster, OBJECTS).await;
    apply(&cluster, EVIDENCE).await;
    until_available(&client, "default", "web").await;

    let before = deprecated_requests(&client).await;
    read(&cluster, USER, &[]).await;
    read(&cluster, DISCREET, &["--without", "helm"]).await;
    demand_nothing_new(&client, &before).await;
    let events = requests_of(USER, &cluster.audit_log());
    events.iter().for_each(demand_harmless);
    assert_eq!(fetched(&events), BTreeSet::from(RECORDS));
    demand_all_was_asked(&events, minor);
    let events = requests_of(DISCREET, &cluster.audit_log());
    demand_no_secretive(&events);
    demand_all_was_asked(&events, minor);
    demand_that_one_deprecated_request_is_seen(&cluster, &before).await;
}

/// What demands silence hears one call: in the audit log and in the metrics.
async fn demand_that_one_deprecated_request_is_seen(cluster: &Cluster, before: &BTreeSet<String>) {
    let client = cluster.client_for(USER, "airworthy/0.0.0").unwrap();
    client
        .list("/api/v1/componentstatuses?limit=5")
        .await
        .unwrap();
    let events = requests_of(USER, &cluster.audit_log());
    let deprecated = events
        .iter()
        .filter(|event| harm(event) == Some("deprecated"));
    assert_eq!(deprecated.count(), 1);
    let annotated = &events.last().unwrap()["annotations"]["k8s.io/deprecated"];
    assert_eq!(annotated, "true");
    assert_ne!(deprecated_requests(&client).await, *before);
}

/// Every command that reads a live cluster, with every source of evidence.
async fn read(cluster: &Cluster, user: &str, more: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (file, manifests) = (path("before.tar"), path("evidence.yaml"));
    std::fs::write(&manifests, EVIDENCE).unwrap();
    let kubeconfig = cluster.kubeconfig_for(user).unwrap();
    let kubeconfig = ["--kubeconfig", kubeconfig.to_str().unwrap()];
    let audit_log = cluster.audit_log().display().to_string();
    let audit_log = ["--audit-log", audit_log.as_str()];
    let precheck = ["precheck", "-o", "wide", "--manifests", &manifests];
    for words in [
        [&precheck[..], &audit_log].concat(),
        [&["record", "-o", &file][..], &audit_log].concat(),
        vec!["postcheck", "--baseline", &file],
    ] {
        let run = airworthy(&[&words, &kubeconfig[..], more].concat()).await;
        // What they say of a minor is not the matter here, but that they ran to their ends.
        assert!([0, 1, 3].contains(&run.code), "{run}");
    }
}

async fn demand_nothing_new(client: &Client, before: &BTreeSet<String>) {
    let after = deprecated_requests(client).await;
    let new: Vec<_> = after.difference(before).collect();
    assert!(new.is_empty(), "{new:#?}");
}

/// Kinds that a minor serves at a version whose end is known, and at another.
fn written_at_old_versions(minor: &str) -> &'static [&'static str] {
    match minor {
        "1.24" => &[
            "cronjobs",
            "events",
            "horizontalpodautoscalers",
            "runtimeclasses",
        ],
        "1.31" => &["flowschemas", "prioritylevelconfigurations"],
        "1.36" | "1.37" => &["deviceclasses", "resourceclaims"],
        _ => &[],
    }
}

/// The runs were whole ones, or the rest proves nothing.
fn demand_all_was_asked(events: &[Value], minor: &str) {
    let listed = listed(events);
    let always = [
        "apiservices",
        "applications",
        "customresourcedefinitions",
        "daemonsets",
        "deployments",
        "endpointslices",
        "gears",
        "kustomizations",
        "leases",
        "mutatingwebhookconfigurations",
        "namespaces",
        "nodes",
        "poddisruptionbudgets",
        "pods",
        "services",
        "statefulsets",
        "validatingwebhookconfigurations",
    ];
    for resource in always.iter().chain(written_at_old_versions(minor)) {
        assert!(
            listed.contains(resource),
            "no list of {resource}: {listed:?}"
        );
    }
    let asked = |path: &str| {
        events
            .iter()
            .any(|event| event["requestURI"].as_str().unwrap().starts_with(path))
    };
    for path in ["/version", "/readyz", "/livez", "/metrics", "/apis"] {
        assert!(asked(path), "nobody asked for {path}");
    }
}
