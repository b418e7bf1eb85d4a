//! What a reader takes from a text: its objects, list items one by one.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The objects of a text, in order. A member of a typed list that says nothing of itself is what the list says.
pub(super) fn objects(text: &str) -> Result<Vec<Value>> {
    let text = text.trim_start_matches('\u{feff}');
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).with_context(|| text.to_owned())?;
    let there = documents.into_iter().filter(|document| !document.is_null());
    Ok(there.flat_map(flatten).collect())
}

fn flatten(document: Value) -> Vec<Value> {
    let Some(items) = document["items"].as_array() else {
        return vec![document];
    };
    let kind = document["kind"].as_str().unwrap_or_default();
    let inherit = |item: &Value| {
        let mut item = item.clone();
        if item["kind"].is_null() {
            item["apiVersion"] = document["apiVersion"].clone();
            item["kind"] = kind.trim_end_matches("List").into();
        }
        item
    };
    items.iter().map(inherit).flat_map(flatten).collect()
}
