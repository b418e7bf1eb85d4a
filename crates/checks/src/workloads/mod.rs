//! Workloads and their pods.

pub(crate) mod failing;
pub(crate) mod hpa_health;
pub(crate) mod image_registry_frozen;
pub(crate) mod owner;
pub(crate) mod pod_unhealthy;
pub(crate) mod post_restart_delta;
pub(crate) mod post_stateful_set_surprise;
pub(crate) mod role_label_taint;
pub(crate) mod state;
pub(crate) mod stuck_finalizer;
pub(crate) mod terminating_namespace;
pub(crate) mod workload;
pub(crate) mod workload_unhealthy;
