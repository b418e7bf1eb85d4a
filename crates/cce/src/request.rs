//! From the bytes of a request to what it asks for, or to the [`ApiError`] that says why not.
//!
//! Nothing here panics, whatever the bytes; nesting is bounded by the JSON reader and size by [`BODY_LIMIT`].

use http::{HeaderMap, header::CONTENT_TYPE};

use crate::{
    ApiError,
    wire::{
        PostcheckClusterRequestBody, PrecheckClusterRequestBody, PrecheckSpec, ResourceSelector,
        SkippedCheckItemList, object::Object,
    },
};

/// The largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 12 * 1024 * 1024;

/// What a caller of `CreateAutopilotPreCheck` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrecheckRequest {
    /// The version the caller believes the cluster runs.
    pub cluster_version: Option<String>,
    /// The version to go to.
    pub target_version: String,
    /// The items the caller has accepted.
    pub skips: Vec<Skip>,
}

/// One item to leave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Name of the item; whether it exists and may be skipped is not judged here.
    pub name: String,
    /// The uids of the nodes the skip is limited to; `None` is no limit.
    pub node_uids: Option<Vec<String>>,
}

/// What a caller of `CreateAutopilotPostCheck` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostcheckRequest {
    /// The version before the upgrade.
    pub cluster_version: Option<String>,
    /// The version the cluster should run now.
    pub target_version: Option<String>,
}

/// Reads the body of `CreateAutopilotPreCheck` for the cluster in the path.
pub fn parse_precheck(cluster_id: &str, body: &[u8]) -> Result<PrecheckRequest, ApiError> {
    let PrecheckClusterRequestBody {
        api_version,
        kind,
        spec,
    } = read(body)?;
    fixed("apiVersion", api_version, "v3")?;
    fixed("kind", kind, "PreCheckTask")?;
    let PrecheckSpec {
        cluster_id: named,
        cluster_version,
        target_version,
        skipped_check_item_list,
    } = spec.ok_or_else(|| missing("spec"))?;
    same_cluster(cluster_id, named)?;
    let skips = skipped_check_item_list
        .into_iter()
        .enumerate()
        .map(|(index, item)| skip(index, item))
        .collect::<Result<_, _>>()?;
    Ok(PrecheckRequest {
        cluster_version: given(cluster_version),
        target_version: given(target_version).ok_or_else(|| missing("spec.targetVersion"))?,
        skips,
    })
}

/// Reads the body of `CreateAutopilotPostCheck` for the cluster in the path.
pub fn parse_postcheck(cluster_id: &str, body: &[u8]) -> Result<PostcheckRequest, ApiError> {
    let PostcheckClusterRequestBody {
        api_version,
        kind,
        spec,
    } = read(body)?;
    fixed("apiVersion", api_version, "v3")?;
    fixed("kind", kind, "PostCheckTask")?;
    let spec = spec.ok_or_else(|| missing("spec"))?;
    same_cluster(cluster_id, spec.cluster_id)?;
    Ok(PostcheckRequest {
        cluster_version: given(spec.cluster_version),
        target_version: given(spec.target_version),
    })
}

/// Refuses a request whose body is not announced as JSON; a request without body needs no such check.
pub fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = value.and_then(|text| text.split(';').next()).map(str::trim);
    match media {
        Some(media) if media.eq_ignore_ascii_case("application/json") => Ok(()),
        Some(other) => Err(ApiError::content_type(&format!(
            "Send application/json, not {}.",
            quoted(other)
        ))),
        None => Err(ApiError::content_type("Send application/json.")),
    }
}

/// Refuses an identifier of the path (`what` names it, such as `cluster_id`) that cannot be one.
pub fn check_id(what: &str, id: &str) -> Result<(), ApiError> {
    if is_id(id) {
        return Ok(());
    }
    Err(ApiError::invalid_request(&format!(
        "{what} {} is not an id: 8-4-4-4-12 small letters and digits are expected.",
        quoted(id)
    )))
}

/// Refuses a project of the path that is a client's unfilled placeholder.
pub fn check_project_id(id: &str) -> Result<(), ApiError> {
    let unfilled = ["{project_id}", "%7Bproject_id%7D", "%7bproject_id%7d"];
    if id.is_empty() || unfilled.contains(&id) {
        return Err(ApiError::invalid_request(
            "The path carries no project id: the client's credentials lack one, so set project_id there.",
        ));
    }
    Ok(())
}

fn is_id(id: &str) -> bool {
    let mut groups = id.split('-');
    let fits = [8, 4, 4, 4, 12].into_iter().all(|length| {
        groups.next().is_some_and(|group| {
            group.len() == length
                && group
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        })
    });
    fits && groups.next().is_none()
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    if body.len() > BODY_LIMIT {
        return Err(ApiError::body_too_large(BODY_LIMIT));
    }
    match serde_json::from_slice::<Object<T>>(body) {
        Ok(Object(read)) => Ok(read),
        Err(error) => Err(ApiError::invalid_request(&format!(
            "The body is not the JSON expected here: {}.",
            shortened(&error.to_string(), 300)
        ))),
    }
}

fn skip(index: usize, item: SkippedCheckItemList) -> Result<Skip, ApiError> {
    let path = format!("spec.skippedCheckItemList[{index}]");
    let name = given(item.name).ok_or_else(|| missing(&format!("{path}.name")))?;
    let node_uids = item
        .resource_selector
        .filter(|selector| *selector != ResourceSelector::default() && !is_blank(selector))
        .map(|selector| node_uids(&format!("{path}.resourceSelector"), selector))
        .transpose()?;
    Ok(Skip { name, node_uids })
}

fn is_blank(selector: &ResourceSelector) -> bool {
    selector.key.as_deref().unwrap_or_default().is_empty()
        && selector.operator.as_deref().unwrap_or_default().is_empty()
        && selector.values.is_empty()
}

fn node_uids(path: &str, selector: ResourceSelector) -> Result<Vec<String>, ApiError> {
    fixed(&format!("{path}.key"), selector.key, "node.uid")?;
    fixed(&format!("{path}.operator"), selector.operator, "In")?;
    if selector.values.is_empty() {
        return Err(missing(&format!("{path}.values")));
    }
    Ok(selector.values)
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn fixed(path: &str, found: Option<String>, expected: &str) -> Result<(), ApiError> {
    match given(found) {
        None => Err(missing(path)),
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(ApiError::invalid_request(&format!(
            "{path} must be {expected}, not {}.",
            quoted(&found)
        ))),
    }
}

fn same_cluster(path_id: &str, named: Option<String>) -> Result<(), ApiError> {
    match given(named) {
        Some(named) if named != path_id => Err(ApiError::invalid_request(&format!(
            "spec.clusterID {} is not the cluster of the path.",
            quoted(&named)
        ))),
        _ => Ok(()),
    }
}

fn missing(path: &str) -> ApiError {
    ApiError::invalid_request(&format!("{path} is missing."))
}

/// `text` in quotes, control characters escaped, cut at 80 characters.
fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text, 80))
}

fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
