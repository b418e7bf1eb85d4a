//! What scales workloads.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::common::Condition;

/// A horizontal pod autoscaler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hpa {
    /// Namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Version it was read at, such as `autoscaling/v2`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Kind of what it scales.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target_kind: String,
    /// Name of what it scales.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target_name: String,
    /// `spec.minReplicas`; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i32>,
    /// `spec.maxReplicas`.
    #[serde(default)]
    pub max: i32,
    /// `status.currentReplicas`.
    #[serde(default)]
    pub current: i32,
    /// `status.desiredReplicas`.
    #[serde(default)]
    pub desired: i32,
    /// Types of its metrics, each once: `Resource`, `Pods`, `Object`, `External`, `ContainerResource`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// Conditions: `AbleToScale`, `ScalingActive`, `ScalingLimited`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
