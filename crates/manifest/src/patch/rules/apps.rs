//! Workloads of before apps/v1, and ingresses.

use serde_json::{Value, json};

use super::Rule;
use crate::patch::{
    editor::{Editor, Refusal},
    path::Path,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        kinds: &["Deployment", "ReplicaSet"],
        from: &["extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"],
        to: &["apps/v1"],
        steps: Some(workload),
        note: Some("the selector cannot be changed any more once the object exists"),
    },
    Rule {
        kinds: &["DaemonSet", "StatefulSet"],
        from: &["extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"],
        to: &["apps/v1"],
        steps: Some(rolled),
        note: Some("the selector cannot be changed any more once the object exists"),
    },
    Rule {
        kinds: &["ControllerRevision"],
        from: &["apps/v1beta1", "apps/v1beta2"],
        to: &["apps/v1"],
        steps: None,
        note: None,
    },
    Rule {
        kinds: &["Ingress"],
        from: &["extensions/v1beta1", "networking.k8s.io/v1beta1"],
        to: &["networking.k8s.io/v1"],
        steps: Some(ingress),
        note: None,
    },
];

/// apps/v1 demands the selector that earlier versions took from the template's labels.
fn workload(e: &mut Editor) -> Result<(), Refusal> {
    e.remove(&"spec.rollbackTo".into())?;
    e.remove(&"spec.templateGeneration".into())?;
    if e.has(&"spec.selector".into())? {
        return Ok(());
    }
    let labels = e.value(&"spec.template.metadata.labels".into())?;
    let none =
        || Refusal("spec.selector lacks, and the template has no labels to take it from".into());
    e.insert(
        &"spec".into(),
        "selector",
        &json!({"matchLabels": labels.ok_or_else(none)?}),
    )
}

/// The first versions waited for pods to be deleted by hand; apps/v1 replaces them.
fn rolled(e: &mut Editor) -> Result<(), Refusal> {
    let version = e.value(&"apiVersion".into())?;
    let old = version.is_some_and(|version| version != "apps/v1beta2");
    workload(e)?;
    if old && !e.has(&"spec.updateStrategy".into())? {
        e.insert(
            &"spec".into(),
            "updateStrategy",
            &json!({"type": "OnDelete"}),
        )?;
    }
    Ok(())
}

fn ingress(e: &mut Editor) -> Result<(), Refusal> {
    e.rename(&"spec.backend".into(), "defaultBackend")?;
    backend(e, &"spec.defaultBackend".into())?;
    for path in e.each("spec.rules[].http.paths[]")? {
        backend(e, &path.key("backend"))?;
        if !e.has(&path.key("pathType"))? {
            e.insert(&path, "pathType", &json!("ImplementationSpecific"))?;
        }
    }
    Ok(())
}

fn backend(e: &mut Editor, backend: &Path) -> Result<(), Refusal> {
    let port = e.value(&backend.key("servicePort"))?;
    if port.is_none() && !e.has(&backend.key("serviceName"))? {
        return Ok(());
    }
    let number = port.as_ref().and_then(number);
    if let (Some(number), Some(Value::String(_))) = (number, &port) {
        e.replace(&backend.key("servicePort"), &json!(number))?;
    }
    let field = if number.is_some() { "number" } else { "name" };
    e.nest(backend, &["servicePort"], "port")?;
    e.rename(&backend.key("port").key("servicePort"), field)?;
    e.nest(backend, &["serviceName", "port"], "service")?;
    e.rename(&backend.key("service").key("serviceName"), "name")
}

/// A port by number; a text of digits is no port name that v1 takes.
fn number(port: &Value) -> Option<u64> {
    port.as_u64()
        .or_else(|| port.as_str().and_then(|text| text.parse().ok()))
}
