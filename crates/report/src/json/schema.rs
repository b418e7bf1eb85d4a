//! The JSON Schema of a report.

use schemars::{
    Schema,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};

use super::Report;

/// The JSON Schema of a report, which is also committed as `schema/report.schema.json`.
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(NeverNull)
        .into_generator()
        .into_root_schema_for::<Report>()
}

/// What has nothing to say is left out of a report, so nothing in it is ever null.
#[derive(Clone)]
struct NeverNull;

impl Transform for NeverNull {
    fn transform(&mut self, schema: &mut Schema) {
        without_null_type(schema);
        without_null_branch(schema);
        transform_subschemas(self, schema);
    }
}

/// `["string", "null"]` becomes `"string"`.
fn without_null_type(schema: &mut Schema) {
    let Some(types) = schema.get_mut("type") else {
        return;
    };
    let Some(names) = types.as_array_mut() else {
        return;
    };
    names.retain(|name| name != "null");
    if let [only] = names.as_slice() {
        *types = only.clone();
    }
}

/// `anyOf` of a reference and null becomes the reference.
fn without_null_branch(schema: &mut Schema) {
    let Some(branches) = schema.get_mut("anyOf").and_then(|any| any.as_array_mut()) else {
        return;
    };
    branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
    let [only] = branches.as_slice() else {
        return;
    };
    let members = only.as_object().cloned().unwrap_or_default();
    schema.remove("anyOf");
    for (name, value) in members {
        schema.insert(name, value);
    }
}
