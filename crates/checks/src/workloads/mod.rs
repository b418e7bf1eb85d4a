//! Workloads and their pods.

pub(crate) mod failing;
pub(crate) mod owner;
pub(crate) mod pod_unhealthy;
pub(crate) mod workload;
pub(crate) mod workload_unhealthy;
