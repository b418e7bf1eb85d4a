//! Nodes.

pub(crate) mod kubelet;
pub(crate) mod node;
pub(crate) mod node_pressure;
pub(crate) mod node_ready;
pub(crate) mod node_runtime_version;
pub(crate) mod node_version_skew;
pub(crate) mod ready;
mod runtime;
