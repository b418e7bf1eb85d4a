//! The outline of pluto 5.24: `pkg/api/output.go`, `pkg/api/versions.go`.

use airworthy_model::{Assessment, KubeVersion, Minor, finding::AffectedApi};
use serde::Serialize;

use super::{Use, target, uses};
use crate::json;

const DEPRECATED: u8 = 2;
const REMOVED: u8 = 3;
const NO_REPLACEMENT: u8 = 4;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Output<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<Item<'a>>,
    target_versions: Targets,
}

#[derive(Serialize)]
struct Targets {
    #[serde(skip_serializing_if = "Option::is_none")]
    k8s: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    api: Api<'a>,
    deprecated: bool,
    removed: bool,
    replacement_available: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Api<'a> {
    version: &'a str,
    kind: &'a str,
    deprecated_in: String,
    removed_in: String,
    #[serde(rename = "replacement-api")]
    replacement: &'a str,
    replacement_available_in: String,
    component: &'static str,
}

pub(super) fn render(assessment: &Assessment) -> String {
    let output = Output {
        items: items(assessment),
        target_versions: Targets {
            k8s: target(assessment).map(semver),
        },
    };
    let text = serde_json::to_string(&output);
    json::escape(&text.expect("the outline has only text keys")) + "\n"
}

/// The highest number counts: 2 for a deprecated version, 3 for a removed one, 4 for one without a replacement at the target.
pub(super) fn exit_code(assessment: &Assessment) -> u8 {
    let codes = items(assessment).into_iter().map(|item| {
        if !item.replacement_available {
            NO_REPLACEMENT
        } else if item.removed {
            REMOVED
        } else {
            DEPRECATED
        }
    });
    codes.max().unwrap_or_default()
}

/// Whether something is removed at the target.
pub(super) fn removes(assessment: &Assessment) -> bool {
    items(assessment).iter().any(|item| item.removed)
}

fn items(assessment: &Assessment) -> Vec<Item<'_>> {
    let target = target(assessment).map(|target| target.minor);
    let uses = uses(assessment).into_iter();
    uses.map(|(one, api)| item(one, api, target)).collect()
}

fn item<'a>(one: Use<'a>, api: &'a AffectedApi, target: Option<Minor>) -> Item<'a> {
    // Without a target everything that is known to happen counts.
    let by = |minor: Option<Minor>| minor.is_some_and(|m| target.is_none_or(|target| m <= target));
    let removed = by(api.removed);
    Item {
        name: one.name,
        file_path: one.file,
        namespace: one.namespace,
        api: Api {
            version: one.api_version,
            kind: one.kind,
            deprecated_in: version(api.deprecated),
            removed_in: version(api.removed),
            replacement: api.replacement.as_deref().unwrap_or_default(),
            replacement_available_in: version(api.replacement_since),
            component: "k8s",
        },
        deprecated: removed || by(api.deprecated),
        removed,
        replacement_available: by(api.replacement_since),
    }
}

/// `v1.32.0`, or nothing.
fn version(minor: Option<Minor>) -> String {
    minor.map_or(String::new(), |minor| format!("v{minor}.0"))
}

fn semver(version: &KubeVersion) -> String {
    format!("v{}.{}", version.minor, version.patch.unwrap_or_default())
}
