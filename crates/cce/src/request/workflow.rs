//! What callers ask of workflows.

use super::read::{demanded, fixed, given, missing, read, same_cluster};
use crate::{
    ApiError,
    wire::{CreateUpgradeWorkFlowRequestBody, UpgradeWorkFlowUpdateRequestBody, WorkFlowSpec},
};

/// What a caller of `CreateAutopilotUpgradeWorkFlow` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRequest {
    /// The version the caller believes the cluster runs.
    pub cluster_version: Option<String>,
    /// The version to go to, exact or minor only.
    pub target_version: String,
}

/// What a caller of `UpgradeAutopilotWorkFlowUpdate` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkflowChange {
    /// That it be called off; nothing else can be asked.
    Cancel,
}

/// Reads the body of `CreateAutopilotUpgradeWorkFlow` for the cluster in the path.
pub fn parse_workflow(cluster_id: &str, body: &[u8]) -> Result<WorkflowRequest, ApiError> {
    let CreateUpgradeWorkFlowRequestBody {
        kind,
        api_version,
        spec,
    } = read(body)?;
    fixed("apiVersion", api_version, "v3")?;
    fixed("kind", kind, "WorkFlowTask")?;
    let WorkFlowSpec {
        cluster_id: named,
        cluster_version,
        target_version,
    } = spec.ok_or_else(|| missing("spec"))?;
    same_cluster(cluster_id, named)?;
    Ok(WorkflowRequest {
        cluster_version: given(cluster_version),
        target_version: demanded("spec.targetVersion", target_version)?,
    })
}

/// Reads the body of `UpgradeAutopilotWorkFlowUpdate`.
pub fn parse_workflow_update(body: &[u8]) -> Result<WorkflowChange, ApiError> {
    let UpgradeWorkFlowUpdateRequestBody { status } = read(body)?;
    let status = status.ok_or_else(|| missing("status"))?;
    fixed("status.phase", status.phase, "Cancel")?;
    Ok(WorkflowChange::Cancel)
}

#[cfg(test)]
#[path = "workflow_tests.rs"]
mod tests;
