//! After the upgrade: did everything come back?

mod baseline;
mod churn;
mod crd_probes;
mod left_behind;
mod object_counts;
pub(crate) mod post_addon_health;
pub(crate) mod post_addon_versions;
pub(crate) mod post_api_services;
pub(crate) mod post_control_plane_health;
pub(crate) mod post_crds;
pub(crate) mod post_endpoints_empty;
pub(crate) mod post_ingress;
pub(crate) mod post_jobs;
pub(crate) mod post_nodes_converged;
pub(crate) mod post_object_loss;
pub(crate) mod post_pod_failures_new;
pub(crate) mod post_removed_api_callers;
pub(crate) mod post_skipped_nodes;
pub(crate) mod post_version_converged;
pub(crate) mod post_volumes;
pub(crate) mod post_webhooks;
pub(crate) mod post_workload_baseline;
