//! The manifests of which the pages of the checks tell in their examples.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{
    corpus::Item,
    shapes::{File, PLAIN},
};

/// All of them, from the pages below a folder: those of known kinds.
pub(super) fn examples(folder: &Path, kinds: &[Item]) -> Result<Vec<File>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<_> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            found.extend(examples(&path, kinds)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let page = std::fs::read_to_string(&path)?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            found.extend(of_page(&name, &page, kinds));
        }
    }
    Ok(found)
}

/// The facts of a page name manifests by version, kind and name: each becomes a file.
fn of_page(page: &str, text: &str, kinds: &[Item]) -> Vec<File> {
    let blocks = text.split("\n```yaml facts\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block));
    let mut wanted = Vec::new();
    for facts in blocks.filter_map(|block| serde_saphyr::from_str::<Value>(block).ok()) {
        watched(&facts, &mut wanted);
    }
    let items = wanted.iter().filter_map(|wanted| item(wanted, kinds));
    let files = items.enumerate().map(|(number, item)| {
        let mut file = PLAIN.file(number, &item);
        file.name = format!("page{number}-{page}.yaml");
        file
    });
    files.collect()
}

/// The objects below every member `watched`.
fn watched(facts: &Value, found: &mut Vec<Value>) {
    match facts {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_array() {
                    Some(objects) if key == "watched" => found.extend(objects.iter().cloned()),
                    _ => watched(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| watched(item, found)),
        _ => {}
    }
}

/// An object of that version and kind, as good as ours.
fn item(wanted: &Value, kinds: &[Item]) -> Option<Item> {
    let same =
        |item: &&Item| wanted["apiVersion"] == item.api_version() && wanted["kind"] == item.kind();
    let item = kinds.iter().find(same)?;
    Some(
        item.named(
            wanted["name"]
                .as_str()
                .filter(|name| !name.is_empty())
                .unwrap_or("web"),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{super::corpus, *};

    #[test]
    fn manifests_of_facts_become_files() {
        let facts =
            "manifests: {watched: [{apiVersion: batch/v1beta1, kind: CronJob, name: cleanup}]}";
        let page = format!("# A\n\n```yaml facts\n{facts}\n```\n\n```findings\nclear\n```\n");
        let files = of_page("a", &page, &corpus::kinds().unwrap());
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].items[0].title(), "batch/v1beta1 CronJob cleanup");
    }
}
