//! What says beside an object that it will be written again: Helm's records, and the status of Argo CD and Flux.

use std::io::Write as _;

use airworthy_testbed::{Apply, Cluster, How};
use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{
    apis::NAMESPACE,
    case::{At, Backing, Case, Release},
};

/// The custom resources of Argo CD and Flux, with as much schema as they need to be kept.
pub(super) const DEFINITIONS: &str = include_str!("gitops.yaml");

/// Writes what stands behind a case.
pub(super) async fn write(cluster: &Cluster, case: &Case) -> Result<()> {
    let (agent, objects) = match &case.backing {
        Backing::Nothing => return Ok(()),
        Backing::Helm(release) => ("Helm/3.15.4", records(case, release)?),
        Backing::Argo(at) => (
            "argocd-application-controller/v2.12.0",
            vec![application(case, *at)],
        ),
        Backing::Flux(at) => (
            "kustomize-controller/v1.3.0",
            vec![kustomization(case, *at)],
        ),
    };
    for object in objects {
        let apply = Apply::new(agent, How::Create);
        cluster.apply(&object.to_string(), &apply).await?;
    }
    Ok(())
}

fn records(case: &Case, release: &Release) -> Result<Vec<Value>> {
    let numbered = release.revisions.iter().zip(1..);
    numbered
        .map(|((status, at), number)| {
            record(
                case,
                release,
                status,
                &content(case, release, status, *at, number),
            )
        })
        .collect()
}

/// The content of a record as Helm packs it: base64 of gzip of JSON.
pub(in crate::truth) fn packed(content: &Value) -> Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(content.to_string().as_bytes())?;
    Ok(STANDARD.encode(gzip.finish()?))
}

/// A record as Helm 3 keeps it: base64 of gzip of JSON; in a Secret Kubernetes' own base64 around it.
fn record(case: &Case, release: &Release, status: &str, content: &Value) -> Result<Value> {
    let payload = packed(content)?;
    let version = content["version"].to_string();
    let labels = json!({
        "owner": "helm", "name": case.owner, "status": status, "version": version, "modifiedAt": "1760000000",
    });
    let name = format!("sh.helm.release.v1.{}.v{version}", case.owner);
    let metadata = json!({ "name": name, "namespace": NAMESPACE, "labels": labels });
    Ok(if release.secret {
        let data = json!({ "release": STANDARD.encode(payload) });
        json!({ "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": metadata, "data": data })
    } else {
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": { "release": payload } })
    })
}

fn content(case: &Case, release: &Release, status: &str, at: At, number: u32) -> Value {
    let chart = json!({
        "metadata": { "name": "web", "version": format!("1.0.{number}"), "apiVersion": "v2", "appVersion": "1.0" },
        "templates": [], "values": {}, "schema": null, "files": null, "lock": null,
    });
    let deployed = "2026-01-01T00:00:00.000000000Z";
    let (manifest, hooks) = if release.hook {
        (SETTINGS.to_owned(), json!([hook(case, at)]))
    } else {
        (format!("{SETTINGS}{}", manifest(case, at)), json!([]))
    };
    json!({
        "name": case.owner,
        "namespace": NAMESPACE,
        "version": number,
        "info": {
            "first_deployed": deployed, "last_deployed": deployed, "deleted": "",
            "description": "Upgrade complete", "status": status,
        },
        "chart": chart,
        "config": {},
        "manifest": manifest,
        "hooks": hooks,
    })
}

/// A hook that Helm deletes when it has done its work.
fn hook(case: &Case, at: At) -> Value {
    json!({
        "name": case.name, "kind": case.api.kind, "path": "web/templates/main.yaml", "manifest": manifest(case, at),
        "events": ["pre-upgrade"], "weight": 0, "delete_policies": ["hook-succeeded"], "last_run": { "phase": "Succeeded" },
    })
}

/// What every release holds beside.
const SETTINGS: &str = "---\n# Source: web/templates/settings.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: blue\n";

/// As Helm prints templates: each with its source, in YAML, some without a name space.
fn manifest(case: &Case, at: At) -> String {
    let object = case.api.object(at, &case.name);
    let (version, kind, metadata) = (&object["apiVersion"], &object["kind"], &object["metadata"]);
    let mut rest = object.clone();
    for field in ["apiVersion", "kind", "metadata"] {
        rest.as_object_mut().map(|rest| rest.remove(field));
    }
    let fields = rest.as_object().into_iter().flatten();
    let body: Vec<_> = fields
        .map(|(field, value)| format!("{field}: {value}\n"))
        .collect();
    let body = body.concat();
    format!(
        "---\n# Source: web/templates/main.yaml\napiVersion: {version}\nkind: {kind}\nmetadata: {metadata}\n{body}"
    )
}

/// An application that was synced, with the object among its resources.
fn application(case: &Case, at: At) -> Value {
    let (group, version) = group_version(case, at);
    let mut resource = json!({ "group": group, "version": version, "kind": case.api.kind, "name": case.name, "status": "Synced" });
    if case.api.namespaced {
        resource["namespace"] = json!(NAMESPACE);
    }
    let source = json!({ "repoURL": "https://git.example.com/web.git", "path": "deploy", "targetRevision": "main" });
    let destination = json!({ "server": "https://kubernetes.default.svc", "namespace": NAMESPACE });
    let operation = json!({ "phase": "Succeeded", "finishedAt": "2026-01-01T00:00:00Z", "syncResult": { "revision": "abc123" } });
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": { "name": case.owner, "namespace": NAMESPACE },
        "spec": { "project": "default", "source": source, "destination": destination },
        "status": {
            "sync": { "status": "Synced", "revision": "abc123" }, "health": { "status": "Healthy" },
            "operationState": operation, "resources": [resource], "reconciledAt": "2026-01-01T00:00:00Z",
        },
    })
}

/// How Argo CD marks the objects of an application.
pub(super) fn tracking_id(case: &Case) -> String {
    let group = case.api.old.split_once('/').map_or("", |(group, _)| group);
    let namespace = if case.api.namespaced { NAMESPACE } else { "" };
    format!(
        "{}:{group}/{}:{namespace}/{}",
        case.owner, case.api.kind, case.name
    )
}

/// A kustomization that was reconciled, with the object in its inventory.
fn kustomization(case: &Case, at: At) -> Value {
    let (group, version) = group_version(case, at);
    let namespace = if case.api.namespaced { NAMESPACE } else { "" };
    let id = format!("{namespace}_{}_{group}_{}", case.name, case.api.kind);
    let source = json!({ "kind": "GitRepository", "name": "web" });
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": { "name": case.owner, "namespace": NAMESPACE },
        "spec": { "interval": "10m", "path": "./deploy", "prune": true, "sourceRef": source },
        "status": {
            "lastAppliedRevision": "main@sha1:abc123",
            "inventory": { "entries": [{ "id": id, "v": version }] },
            "conditions": [{ "type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied revision",
                "lastTransitionTime": "2026-01-01T00:00:00Z" }],
        },
    })
}

fn group_version(case: &Case, at: At) -> (&str, &str) {
    let version = case.api.version(at);
    version.split_once('/').unwrap_or(("", version))
}
