//! CustomResourceDefinition: what v1beta1 has once for all versions, v1 has in each.

use serde_json::{Value, json};

use super::Rule;
use crate::patch::{
    editor::{Editor, Refusal},
    path::Path,
};

pub(super) const RULES: &[Rule] = &[Rule {
    kinds: &["CustomResourceDefinition"],
    from: &["apiextensions.k8s.io/v1beta1"],
    to: &["apiextensions.k8s.io/v1"],
    steps: Some(definition),
    note: Some(
        "v1 takes structural schemas only; where v1beta1 kept unknown fields, the schema now says so itself",
    ),
}];

const ANY: &str = "x-kubernetes-preserve-unknown-fields";

fn definition(e: &mut Editor) -> Result<(), Refusal> {
    // Who has no word on it kept unknown fields in v1beta1.
    let kept = e.value(&"spec.preserveUnknownFields".into())? != Some(json!(false));
    e.remove(&"spec.preserveUnknownFields".into())?;
    versions(e)?;
    for version in e.each("spec.versions[]")? {
        each(e, &version, kept)?;
    }
    for field in [
        "validation",
        "subresources",
        "additionalPrinterColumns",
        "version",
    ] {
        e.remove(&Path::from("spec").key(field))?;
    }
    conversion(e)?;
    e.remove(&"status".into())
}

/// One version may be named without a list of versions.
fn versions(e: &mut Editor) -> Result<(), Refusal> {
    if e.has(&"spec.versions".into())? {
        return Ok(());
    }
    let none = || Refusal("neither spec.version nor spec.versions is there".into());
    let name = e.value(&"spec.version".into())?.ok_or_else(none)?;
    let version = json!([{"name": name, "served": true, "storage": true}]);
    e.insert(&"spec".into(), "versions", &version)
}

/// What stood above all versions goes into each that has none of its own.
fn each(e: &mut Editor, version: &Path, kept: bool) -> Result<(), Refusal> {
    for (above, field) in [
        ("validation", "schema"),
        ("subresources", "subresources"),
        ("additionalPrinterColumns", "additionalPrinterColumns"),
    ] {
        if !e.has(&version.key(field))? {
            e.copy(&Path::from("spec").key(above), version, field)?;
        }
    }
    columns(e, version)?;
    schema(e, version, kept)
}

fn columns(e: &mut Editor, version: &Path) -> Result<(), Refusal> {
    let columns = version.key("additionalPrinterColumns");
    let count = e.value(&columns)?;
    let count = count.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
    (0..count).try_for_each(|at| e.rename(&columns.index(at).key("JSONPath"), "jsonPath"))
}

fn schema(e: &mut Editor, version: &Path, kept: bool) -> Result<(), Refusal> {
    let schema = version.key("schema").key("openAPIV3Schema");
    if !e.has(&schema)? {
        let any = json!({"openAPIV3Schema": {"type": "object", (ANY): true}});
        e.remove(&version.key("schema"))?;
        return e.insert(version, "schema", &any);
    }
    if !e.has(&schema.key("type"))? {
        e.insert(&schema, "type", &json!("object"))?;
    }
    if kept && !e.has(&schema.key(ANY))? {
        e.insert(&schema, ANY, &json!(true))?;
    }
    Ok(())
}

fn conversion(e: &mut Editor) -> Result<(), Refusal> {
    let conversion = Path::from("spec.conversion");
    e.rename(&conversion.key("webhookClientConfig"), "clientConfig")?;
    e.nest(
        &conversion,
        &["clientConfig", "conversionReviewVersions"],
        "webhook",
    )?;
    let webhook = conversion.key("webhook");
    if e.has(&webhook)? && !e.has(&webhook.key("conversionReviewVersions"))? {
        e.insert(&webhook, "conversionReviewVersions", &json!(["v1beta1"]))?;
    }
    Ok(())
}
