//! What a task is to do, as it is stored with it.

use airworthy_assess::Acceptance;
use airworthy_model::KubeVersion;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A pre-check, as accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrecheckTaskSpec {
    /// Version that ran when it was accepted, where it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_version: Option<KubeVersion>,
    /// Where to go.
    pub target_version: KubeVersion,
    /// Items that the caller has accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skips: Vec<SkipSpec>,
}

/// An accepted item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SkipSpec {
    /// Name of the check.
    pub name: String,
    /// Uids of the nodes it is limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_uids: Option<Vec<String>>,
    /// The caller who accepted it, as the trail names callers; unknown of tasks of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A post-check, as accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostcheckTaskSpec {
    /// Version before the upgrade, as the caller says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_version: Option<KubeVersion>,
    /// Version after it, as the caller says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_version: Option<KubeVersion>,
}

/// An upgrade, as accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeTaskSpec {
    /// Version that ran when it was accepted.
    pub cluster_version: KubeVersion,
    /// Where to go, exact.
    pub target_version: KubeVersion,
    /// Whether the check inside is left out.
    pub only_upgrade: bool,
    /// Most nodes a batch.
    pub batch_size: u8,
    /// Where the growth of batches begins anew, in the word of the wire.
    pub batch_scope: String,
    /// Add-ons to be upgraded along: an array.
    pub addons: Value,
    /// Order of the nodes of each pool: an object.
    pub node_order: Value,
    /// Order of the pools: an object.
    pub node_pool_order: Value,
}

impl SkipSpec {
    /// As the checks take it.
    pub(crate) fn acceptance(&self) -> Acceptance {
        let nodes = self.node_uids.as_ref();
        Acceptance::of_request(
            self.name.clone(),
            nodes.map(|uids| uids.iter().cloned().collect()),
            self.owner.as_deref().unwrap_or("unknown"),
        )
    }
}
