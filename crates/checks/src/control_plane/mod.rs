//! The control plane's health.

pub(crate) mod admission_plugin_removed;
pub(crate) mod component_config_version;
pub(crate) mod component_flag_removed;
pub(crate) mod control_plane_certificate;
pub(crate) mod control_plane_health;
pub(crate) mod control_plane_skew;
pub(crate) mod encryption_provider;
pub(crate) mod etcd_health;
pub(crate) mod etcd_version;
pub(crate) mod feature_gate_removed;
pub(crate) mod in_tree_cloud_provider;
mod leader;
pub(crate) mod leader_election_lock;
pub(crate) mod running;
pub(crate) mod runtime_config_api;
pub(crate) mod started;
mod static_pod;

use airworthy_model::{Finding, Severity, Subject};

/// A finding about a component of the control plane.
pub(crate) fn component(severity: Severity, name: &str, message: impl Into<String>) -> Finding {
    Finding::new(severity, Subject::cluster("v1", "Component", name), message)
}
