//! What callers of the two checks ask for.

use super::read::{demanded, fixed, given, missing, read, same_cluster};
use crate::{
    ApiError,
    wire::{
        PostcheckClusterRequestBody, PrecheckClusterRequestBody, PrecheckSpec, ResourceSelector,
        SkippedCheckItemList,
    },
};

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
        target_version: demanded("spec.targetVersion", target_version)?,
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

fn skip(index: usize, item: SkippedCheckItemList) -> Result<Skip, ApiError> {
    let path = format!("spec.skippedCheckItemList[{index}]");
    let name = demanded(&format!("{path}.name"), item.name)?;
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
