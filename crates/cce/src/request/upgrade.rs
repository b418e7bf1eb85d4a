//! What callers of the upgrade ask for.

use std::collections::BTreeMap;

use super::read::{demanded, fixed, given, missing, one_of, quoted, read};
use crate::{
    ApiError,
    wire::{
        ClusterUpgradeAction, InPlaceRollingUpdate, NodePriority, UpgradeAddonConfig,
        UpgradeClusterRequestBody, UpgradeClusterRequestMetadata, UpgradeStrategy,
    },
};

/// Most nodes of one batch when the caller says nothing.
pub const DEFAULT_STEP: u8 = 20;

/// What a batch may hold at most, whatever the caller says.
const MAX_STEP: i64 = 120;

/// The one way to upgrade.
const IN_PLACE: &str = "inPlaceRollingUpdate";

/// What a caller of `UpgradeAutopilotCluster` asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct UpgradeRequest {
    /// The version to go to, exact or minor only.
    pub target_version: String,
    /// Whether the check inside the upgrade is left out.
    pub is_only_upgrade: bool,
    /// Most nodes of one batch, 1 to 120.
    pub step: u8,
    /// Where the growth of batches begins anew.
    pub scope: BatchScope,
    /// Add-ons to upgrade along.
    pub addons: Vec<UpgradeAddonConfig>,
    /// Order of nodes inside a pool, by the pool's id.
    pub node_order: BTreeMap<String, Vec<NodePriority>>,
    /// Order of pools, by the pool's id: larger numbers first.
    pub node_pool_order: BTreeMap<String, i64>,
}

impl UpgradeRequest {
    /// How to upgrade, as answers say it.
    pub fn strategy(&self) -> UpgradeStrategy {
        UpgradeStrategy {
            strategy_type: Some(IN_PLACE.into()),
            in_place_rolling_update: Some(InPlaceRollingUpdate {
                user_defined_step: Some(self.step.into()),
                scope: Some(self.scope.as_str().into()),
            }),
        }
    }
}

/// Where the growth of batches begins anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum BatchScope {
    /// Nowhere: batches grow over the whole cluster.
    #[default]
    Cluster,
    /// With each pool of nodes.
    NodePool,
}

impl BatchScope {
    /// The word of the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::NodePool => "NodePool",
        }
    }
}

/// Reads the body of `UpgradeAutopilotCluster`.
///
/// Add-ons and orders are judged by their shape only: whether such an add-on or pool exists, nobody here can know.
pub fn parse_upgrade(body: &[u8]) -> Result<UpgradeRequest, ApiError> {
    let UpgradeClusterRequestBody { metadata, spec } = read(body)?;
    let UpgradeClusterRequestMetadata { api_version, kind } =
        metadata.ok_or_else(|| missing("metadata"))?;
    fixed("metadata.apiVersion", api_version, "v3")?;
    fixed("metadata.kind", kind, "UpgradeTask")?;
    let spec = spec.ok_or_else(|| missing("spec"))?;
    let action = spec
        .cluster_upgrade_action
        .ok_or_else(|| missing("spec.clusterUpgradeAction"))?;
    order(action)
}

fn order(action: ClusterUpgradeAction) -> Result<UpgradeRequest, ApiError> {
    let path = |member: &str| format!("spec.clusterUpgradeAction.{member}");
    let strategy = action.strategy.ok_or_else(|| missing(&path("strategy")))?;
    let (step, scope) = batches(&path("strategy"), strategy)?;
    for (index, addon) in action.addons.iter().enumerate() {
        check_addon(&path(&format!("addons[{index}]")), addon)?;
    }
    for (pool, nodes) in &action.node_order {
        for (index, node) in nodes.iter().enumerate() {
            check_node(
                &path(&format!("nodeOrder[{}][{index}]", quoted(pool))),
                node,
            )?;
        }
    }
    for (pool, order) in &action.node_pool_order {
        not_negative(&path(&format!("nodePoolOrder[{}]", quoted(pool))), *order)?;
    }
    Ok(UpgradeRequest {
        target_version: demanded(&path("targetVersion"), action.target_version)?,
        is_only_upgrade: action.is_only_upgrade.unwrap_or_default(),
        step,
        scope,
        addons: action.addons,
        node_order: action.node_order,
        node_pool_order: action.node_pool_order,
    })
}

fn batches(path: &str, strategy: UpgradeStrategy) -> Result<(u8, BatchScope), ApiError> {
    fixed(&format!("{path}.type"), strategy.strategy_type, IN_PLACE)?;
    let settings = strategy.in_place_rolling_update.unwrap_or_default();
    let path = format!("{path}.{IN_PLACE}");
    let scope = match given(settings.scope) {
        None => BatchScope::Cluster,
        Some(scope) => {
            one_of(&format!("{path}.scope"), &scope, &["Cluster", "NodePool"])?;
            [BatchScope::Cluster, BatchScope::NodePool][usize::from(scope == "NodePool")]
        }
    };
    let step = settings.user_defined_step.unwrap_or(DEFAULT_STEP.into());
    match u8::try_from(step) {
        Ok(small) if (1..=MAX_STEP).contains(&step) => Ok((small, scope)),
        _ => Err(ApiError::invalid_request(&format!(
            "{path}.userDefinedStep must be 1 to {MAX_STEP}, not {step}."
        ))),
    }
}

fn check_addon(path: &str, addon: &UpgradeAddonConfig) -> Result<(), ApiError> {
    let member = |member: &str| format!("{path}.{member}");
    demanded(
        &member("addonTemplateName"),
        addon.addon_template_name.clone(),
    )?;
    fixed(&member("operation"), addon.operation.clone(), "patch")?;
    demanded(&member("version"), addon.version.clone())?;
    Ok(())
}

fn check_node(path: &str, node: &NodePriority) -> Result<(), ApiError> {
    let selector_path = format!("{path}.nodeSelector");
    let selector = node
        .node_selector
        .as_ref()
        .ok_or_else(|| missing(&selector_path))?;
    demanded(&format!("{selector_path}.key"), selector.key.clone())?;
    let operator_path = format!("{selector_path}.operator");
    let operator = demanded(&operator_path, selector.operator.clone())?;
    let operators = ["in", "notin", "exists", "!", "gt", "lt"];
    one_of(&operator_path, &operator, &operators)?;
    not_negative(
        &format!("{path}.priority"),
        node.priority.unwrap_or_default(),
    )
}

fn not_negative(path: &str, number: i64) -> Result<(), ApiError> {
    if number >= 0 {
        return Ok(());
    }
    Err(ApiError::invalid_request(&format!(
        "{path} must not be negative."
    )))
}

#[cfg(test)]
#[path = "upgrade_tests.rs"]
mod tests;
