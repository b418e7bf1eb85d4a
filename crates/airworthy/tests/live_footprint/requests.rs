//! Whole runs of every command that reads a cluster, and what its API server saw of them.

use std::{collections::BTreeSet, io::Write as _};

use airworthy_testbed::{Client, Cluster, ClusterOptions, are_there};
use serde_json::Value;

use super::{
    audit::{demand_harmless, demand_no_secretive, fetched, listed, requests_of},
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

/// Without the stable versions of several kinds, and without aggregated discovery.
#[test]
fn nothing_harmful_is_asked_of_1_24() {
    if are_there("1.24").unwrap() {
        live(nothing_harmful_is_asked_of("1.24"));
    } else {
        left_out("1.24 is not built (cargo xtask testbed build --all)");
    }
}

/// Past the harness, which keeps what tests print to itself when they pass.
fn left_out(why: &str) {
    let told = writeln!(std::io::stderr(), "LEFT OUT: {why}");
    told.expect("standard error is there");
}

async fn nothing_harmful_is_asked_of(minor: &str) {
    let options = ClusterOptions::new(minor).nodes(2).audit();
    let options = options.user(USER, &["system:masters"]);
    let options = options.user(DISCREET, &["system:masters"]);
    let cluster = Cluster::start(options).await.unwrap();
    let client = kubectl(&cluster);
    apply(&cluster, OBJECTS).await;
    until_available(&client, "default", "web").await;

    let before = deprecated_requests(&client).await;
    read(&cluster, USER, &[]).await;
    read(&cluster, DISCREET, &["--without", "helm"]).await;
    demand_nothing_new(&client, &before).await;
    let events = requests_of(USER, &cluster.audit_log());
    events.iter().for_each(demand_harmless);
    assert_eq!(fetched(&events), BTreeSet::from(RECORDS));
    demand_all_was_asked(&events);
    let events = requests_of(DISCREET, &cluster.audit_log());
    demand_no_secretive(&events);
    demand_all_was_asked(&events);
}

/// Every command that reads a live cluster.
async fn read(cluster: &Cluster, user: &str, more: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("before.tar");
    let file = file.to_str().unwrap();
    let kubeconfig = cluster.kubeconfig_for(user).unwrap();
    let kubeconfig = ["--kubeconfig", kubeconfig.to_str().unwrap()];
    for (words, code) in [
        (&["precheck", "-o", "wide"][..], 0),
        (&["record", "-o", file], 0),
        // Nothing was upgraded, so nobody can say whether the target was reached.
        (&["postcheck", "--baseline", file], 3),
    ] {
        airworthy(&[words, &kubeconfig, more].concat())
            .await
            .exits(code);
    }
}

async fn demand_nothing_new(client: &Client, before: &BTreeSet<String>) {
    let after = deprecated_requests(client).await;
    let new: Vec<_> = after.difference(before).collect();
    assert!(new.is_empty(), "{new:#?}");
}

/// The runs were whole ones, or the rest proves nothing.
fn demand_all_was_asked(events: &[Value]) {
    let listed = listed(events);
    for resource in [
        "apiservices",
        "customresourcedefinitions",
        "daemonsets",
        "deployments",
        "endpointslices",
        "gears",
        "leases",
        "mutatingwebhookconfigurations",
        "namespaces",
        "nodes",
        "poddisruptionbudgets",
        "pods",
        "services",
        "statefulsets",
        "validatingwebhookconfigurations",
    ] {
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
