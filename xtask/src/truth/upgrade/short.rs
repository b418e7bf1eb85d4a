//! Objects that cases name in few words.

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::case::{Budget, Case, Release, Workload};

/// The objects of a case that it names in few words: workloads, budgets, records of Helm.
pub(super) fn objects(case: &Case) -> Result<Vec<Value>> {
    let workloads = case.workloads.iter().map(|one| workload(case, one));
    let budgets = case.budgets.iter().map(|one| budget(case, one));
    let mut objects: Vec<_> = workloads.chain(budgets).collect();
    for (at, release) in case.releases.iter().enumerate() {
        objects.push(record(case, release, at + 1)?);
    }
    Ok(objects)
}

fn workload(case: &Case, workload: &Workload) -> Value {
    let labels = json!({ "app": workload.name });
    let mut pod = json!({ "containers": [{ "name": workload.name, "image": format!("example.com/{}", workload.name) }] });
    if !case.nodes.is_empty() {
        pod["nodeSelector"] = json!({ "case": case.name });
        pod["tolerations"] = json!([{ "key": "case", "value": case.name }]);
    }
    merge(&mut pod, &workload.pod);
    let mut spec = json!({ "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels }, "spec": pod } });
    if workload.kind != "DaemonSet" {
        spec["replicas"] = workload.replicas.into();
    }
    if workload.kind == "StatefulSet" {
        spec["serviceName"] = workload.name.clone().into();
    }
    json!({
        "apiVersion": "apps/v1", "kind": workload.kind,
        "metadata": { "name": workload.name, "namespace": case.namespace() }, "spec": spec,
    })
}

fn budget(case: &Case, budget: &Budget) -> Value {
    let selector = match &budget.of {
        Some(name) => json!({ "matchLabels": { "app": name } }),
        None => json!({}),
    };
    let name = budget.name.as_ref().or(budget.of.as_ref());
    let name = name.map_or("all", String::as_str);
    let mut spec = Map::from_iter([("selector".to_owned(), selector)]);
    spec.extend(budget.spec.clone());
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": { "name": name, "namespace": case.namespace() }, "spec": spec,
    })
}

/// A merge patch: objects are merged, `null` takes away, all else replaces.
fn merge(into: &mut Value, change: &Value) {
    let Some(change) = change.as_object() else {
        return;
    };
    for (key, value) in change {
        match value {
            Value::Null => {
                into.as_object_mut().map(|object| object.remove(key));
            }
            Value::Object(_) if into[key].is_object() => merge(&mut into[key], value),
            _ => into[key] = value.clone(),
        }
    }
}

/// A record as Helm 3 keeps it.
fn record(case: &Case, release: &Release, revision: usize) -> Result<Value> {
    let (namespace, name) = (case.namespace(), &release.name);
    let mut chart = json!({ "name": name, "version": "1.0.0", "apiVersion": "v2" });
    if let Some(constraint) = &release.kube_version {
        chart["kubeVersion"] = constraint.clone().into();
    }
    let content = json!({
        "name": name, "namespace": namespace, "version": revision, "config": {}, "hooks": [],
        "info": {
            "first_deployed": "2026-01-01T00:00:00Z", "last_deployed": "2026-01-01T00:00:00Z", "deleted": "",
            "description": "Upgrade complete", "status": release.status,
        },
        "chart": { "metadata": chart, "templates": [], "values": {}, "schema": null, "files": null, "lock": null },
        "manifest": case.filled(&release.manifest),
    });
    let payload = STANDARD.encode(crate::truth::live::packed(&content)?);
    let labels = json!({ "owner": "helm", "name": name, "status": release.status, "version": revision.to_string() });
    Ok(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": { "name": format!("sh.helm.release.v1.{name}.v{revision}"), "namespace": namespace, "labels": labels },
        "data": { "release": payload },
    }))
}
