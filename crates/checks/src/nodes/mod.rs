//! Nodes.

mod asked;
pub(crate) mod concurrent_operation;
pub(crate) mod kube_proxy;
pub(crate) mod kube_proxy_skew;
pub(crate) mod kubelet;
pub(crate) mod kubelet_flag_removed;
pub(crate) mod node;
pub(crate) mod node_cgroup_version;
pub(crate) mod node_config_consistency;
pub(crate) mod node_containerd_pod_restart_risk;
pub(crate) mod node_kube_proxy_mode;
pub(crate) mod node_pressure;
pub(crate) mod node_ready;
pub(crate) mod node_runtime_version;
pub(crate) mod node_upgrade_taint;
pub(crate) mod node_version_skew;
mod pool;
pub(crate) mod ready;
mod runtime;
