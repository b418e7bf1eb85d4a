//! What callers ask when they take a cluster in or let it go.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::read::{demanded, fixed, fixed_if_given, given, missing, one_of, quoted, read};
use crate::{
    ApiError, sign,
    wire::{AutopilotClusterRequestBody, AutopilotClusterSpec},
};

/// What a caller of `CreateAutopilotCluster` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterRequest {
    /// Name.
    pub name: String,
    /// Display name.
    pub alias: Option<String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// What the cluster is to be, as it came.
    pub spec: AutopilotClusterSpec,
}

/// Members of the spec that must be there, although some of them may be empty where there is no cloud.
const DEMANDED: [&[&str]; 5] = [
    &["flavor"],
    &["hostNetwork", "vpc"],
    &["hostNetwork", "subnet"],
    &["containerNetwork", "mode"],
    &["eniNetwork", "subnets"],
];

/// The spec, only to see what is there: what is wrong with it can then be told by its path.
#[derive(Deserialize)]
struct Outline {
    spec: Option<Map<String, Value>>,
}

/// Reads the body of `CreateAutopilotCluster`.
pub fn parse_cluster(body: &[u8]) -> Result<ClusterRequest, ApiError> {
    let Outline { spec } = read(body)?;
    let outline = spec.ok_or_else(|| missing("spec"))?;
    for path in DEMANDED {
        if !is_there(&outline, path) {
            return Err(missing(&format!("spec.{}", path.join("."))));
        }
    }
    let body: AutopilotClusterRequestBody = read(body)?;
    one_of(
        "kind",
        &demanded("kind", body.kind)?,
        &["Cluster", "cluster"],
    )?;
    fixed("apiVersion", body.api_version, "v3")?;
    let metadata = body.metadata.ok_or_else(|| missing("metadata"))?;
    let spec = body.spec.ok_or_else(|| missing("spec"))?;
    check_spec(&spec)?;
    Ok(ClusterRequest {
        name: name(demanded("metadata.name", metadata.name)?)?,
        alias: given(metadata.alias),
        annotations: metadata.annotations,
        labels: metadata.labels,
        spec,
    })
}

fn is_there(members: &Map<String, Value>, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    match members.get(*first) {
        None | Some(Value::Null) => false,
        Some(Value::Object(inner)) => is_there(inner, rest),
        // What is of another type is there; reading tells that it cannot be that.
        Some(_) => true,
    }
}

fn check_spec(spec: &AutopilotClusterSpec) -> Result<(), ApiError> {
    one_of("spec.flavor", &spec.flavor, &["cce.autopilot.cluster"])?;
    let mode = &spec.container_network.mode;
    one_of("spec.containerNetwork.mode", mode, &["eni"])?;
    fixed_if_given("spec.category", spec.category.as_ref(), "Turbo")?;
    let cluster_type = spec.cluster_type.as_ref();
    fixed_if_given("spec.type", cluster_type, "VirtualMachine")?;
    let proxy = spec.kube_proxy_mode.as_ref();
    fixed_if_given("spec.kubeProxyMode", proxy, "iptables")?;
    let description = spec.description.as_deref().unwrap_or_default();
    at_most("spec.description", description.chars().count(), 200)?;
    at_most("spec.clusterTags", spec.cluster_tags.len(), 5)
}

fn at_most(path: &str, found: usize, most: usize) -> Result<(), ApiError> {
    if found <= most {
        return Ok(());
    }
    Err(ApiError::invalid_request(&format!(
        "{path} is longer than {most}."
    )))
}

fn name(name: String) -> Result<String, ApiError> {
    let fits = (4..=128).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if fits {
        return Ok(name);
    }
    Err(ApiError::invalid_request(&format!(
        "metadata.name {} is no name: 4 to 128 small letters, digits and hyphens are expected, a letter first and no hyphen last.",
        quoted(&name)
    )))
}

/// Reads the query of `DeleteAutopilotCluster`: what the caller wants deleted along, as the answer's `deleteOption` says it.
///
/// Parameters that nobody knows are passed over.
pub fn parse_delete_options(query: &str) -> Result<Map<String, Value>, ApiError> {
    let mut options = Map::new();
    for (name, value) in sign::query_pairs(query) {
        let Some(expected) = delete_option(&name) else {
            continue;
        };
        let value = String::from_utf8_lossy(&value).into_owned();
        if value.is_empty() {
            continue;
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        one_of(&name, &value, expected)?;
        if options.insert(name.clone(), value.into()).is_some() {
            return Err(ApiError::invalid_request(&format!(
                "{name} came more than once."
            )));
        }
    }
    Ok(options)
}

/// The values an option of deletion may have.
fn delete_option(name: &[u8]) -> Option<&'static [&'static str]> {
    match name {
        b"delete_efs" | b"delete_eni" | b"delete_net" | b"delete_obs" | b"delete_sfs30" => {
            Some(&["true", "block", "try", "false", "skip"])
        }
        b"lts_reclaim_policy" => Some(&["Delete_Log_Group", "Delete_Master_Log_Stream", "Retain"]),
        _ => None,
    }
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;
