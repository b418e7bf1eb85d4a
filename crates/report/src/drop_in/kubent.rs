//! The outline of kubent 0.7: `pkg/judge/judge.go`, `pkg/printer/json.go`.

use airworthy_model::{Assessment, finding::AffectedApi};
use serde::Serialize;

use super::{Use, uses};
use crate::json;

/// The code with `--exit-error` when something was found.
pub(super) const FOUND: u8 = 200;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item<'a> {
    name: &'a str,
    namespace: &'a str,
    kind: &'a str,
    api_version: &'a str,
    rule_set: String,
    replace_with: &'a str,
    since: Option<String>,
    labels: Labels,
}

/// Without its flag for labels the tool prints none.
#[derive(Serialize)]
struct Labels {}

pub(super) fn render(assessment: &Assessment) -> String {
    let uses = uses(assessment).into_iter();
    let items: Vec<_> = uses.map(|(one, api)| item(one, api)).collect();
    json::to_text(&items)
}

pub(super) fn exit_code(assessment: &Assessment) -> u8 {
    if uses(assessment).is_empty() {
        0
    } else {
        FOUND
    }
}

fn item<'a>(one: Use<'a>, api: &'a AffectedApi) -> Item<'a> {
    let or_undefined = |text: &'a str| if text.is_empty() { "<undefined>" } else { text };
    let rule_set = api.removed.map_or_else(
        || "Deprecated APIs to be removed in future".into(),
        |removed| format!("Deprecated APIs removed in {removed}"),
    );
    // The tool counts from when the replacement is served.
    let since = api.replacement_since.or(api.deprecated);
    Item {
        name: or_undefined(one.name),
        namespace: or_undefined(one.namespace.unwrap_or_default()),
        kind: one.kind,
        api_version: one.api_version,
        rule_set,
        replace_with: api.replacement.as_deref().unwrap_or("<removed>"),
        since: since.map(|minor| format!("{minor}.0")),
        labels: Labels {},
    }
}
