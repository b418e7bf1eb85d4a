//! The checks: one `.rs` and one `.md` each, in a folder per family, all listed in [`CATALOGUE`].
//!
//! A check is a pure function of facts, path, knowledge and policy. It does no IO, reads no clock, draws no random number
//! and logs nothing: the same recording gives the same findings for ever.

mod access;
mod addons;
mod admission;
mod after;
mod api;
mod batch;
pub mod check;
pub mod context;
mod control_plane;
mod drain;
mod evidence;
mod fields;
mod named;
mod network;
mod nodes;
mod path;
mod storage;
mod text;
mod workloads;

pub use check::{Check, Judgement, Outcome, always, never, when_draining};
pub use context::{Context, View};

/// Every check, in the order in which reports show them.
pub static CATALOGUE: &[&Check] = &[
    &path::upgrade_path::CHECK,
    &control_plane::control_plane_health::CHECK,
    &control_plane::etcd_health::CHECK,
    &control_plane::etcd_version::CHECK,
    &control_plane::feature_gate_removed::CHECK,
    &control_plane::component_flag_removed::CHECK,
    &control_plane::admission_plugin_removed::CHECK,
    &control_plane::component_config_version::CHECK,
    &control_plane::control_plane_skew::CHECK,
    &control_plane::encryption_provider::CHECK,
    &control_plane::leader_election_lock::CHECK,
    &control_plane::runtime_config_api::CHECK,
    &control_plane::control_plane_certificate::CHECK,
    &control_plane::in_tree_cloud_provider::CHECK,
    &nodes::static_pod_api_reference::CHECK,
    &api::deprecated_api_check::CHECK,
    &api::deprecated_api_writer::CHECK,
    &api::helm_release_deprecated_api::CHECK,
    &api::manifest_deprecated_api::CHECK,
    &api::replacement_api_gap::CHECK,
    &api::removed_api_objects::CHECK,
    &api::client_skew::CHECK,
    &api::crd_stored_version::CHECK,
    &api::crd_conversion_webhook::CHECK,
    &api::crd_health::CHECK,
    &api::api_service_availability::CHECK,
    &fields::discarded_resource_field::CHECK,
    &fields::removed_field_use::CHECK,
    &admission::webhook_backend_down::CHECK,
    &admission::webhook_scope_unsafe::CHECK,
    &admission::webhook_certificate::CHECK,
    &drain::pdb_blocks_drain::CHECK,
    &drain::pdb_overlap::CHECK,
    &drain::drain_capacity::CHECK,
    &drain::pdb_no_disruption_now::CHECK,
    &drain::pdb_status_broken::CHECK,
    &drain::long_termination::CHECK,
    &drain::pinned_pod::CHECK,
    &drain::single_replica::CHECK,
    &drain::successor_refused::CHECK,
    &drain::quota_headroom::CHECK,
    &drain::local_storage_pod::CHECK,
    &drain::bare_pod::CHECK,
    &nodes::node_version_skew::CHECK,
    &nodes::kube_proxy_skew::CHECK,
    &nodes::node_kube_proxy_mode::CHECK,
    &nodes::node_runtime_version::CHECK,
    &nodes::node_ready::CHECK,
    &nodes::node_pressure::CHECK,
    &nodes::node_upgrade_taint::CHECK,
    &nodes::node_containerd_pod_restart_risk::CHECK,
    &nodes::node_cgroup_version::CHECK,
    &nodes::kubelet_flag_removed::CHECK,
    &nodes::node_config_consistency::CHECK,
    &nodes::concurrent_operation::CHECK,
    &nodes::kubelet_certificate::CHECK,
    &nodes::node_agent_coverage::CHECK,
    &nodes::node_clock_skew::CHECK,
    &nodes::node_cpu_usage::CHECK,
    &nodes::node_disk_space::CHECK,
    &nodes::node_gpu::CHECK,
    &nodes::node_image_reach::CHECK,
    &nodes::node_memory_usage::CHECK,
    &nodes::node_os_kernel::CHECK,
    &nodes::node_pool_consistency::CHECK,
    &nodes::node_sock_mount::CHECK,
    &nodes::pending_csr::CHECK,
    &nodes::residue_package_version::CHECK,
    &addons::addon_limit::CHECK,
    &addons::addon_status::CHECK,
    &addons::chart_kube_version::CHECK,
    &addons::addon_validate::CHECK,
    &addons::helm_release_state::CHECK,
    &addons::coredns_conf_limit::CHECK,
    &addons::addon_retired::CHECK,
    &addons::cni_health::CHECK,
    &addons::metrics_api_health::CHECK,
    &addons::k8s_resource_modified::CHECK,
    &addons::coredns_health::CHECK,
    &addons::ingress_nginx_risk::CHECK,
    &addons::mesh_data_plane_skew::CHECK,
    &addons::addon_not_assessed::CHECK,
    &storage::removed_volume_plugin::CHECK,
    &storage::in_tree_volume_driver_missing::CHECK,
    &storage::pvc_unhealthy::CHECK,
    &storage::volume_attachment_stuck::CHECK,
    &storage::csi_driver_health::CHECK,
    &batch::cron_job_risk::CHECK,
    &batch::running_jobs::CHECK,
    &evidence::knowledge_base_coverage::CHECK,
    &evidence::permission_coverage::CHECK,
    &evidence::evidence_incomplete::CHECK,
    &evidence::internal_error::CHECK,
    &workloads::workload_unhealthy::CHECK,
    &workloads::pod_unhealthy::CHECK,
    &workloads::terminating_namespace::CHECK,
    &workloads::stuck_finalizer::CHECK,
    &workloads::hpa_health::CHECK,
    &workloads::image_registry_frozen::CHECK,
    &network::ip_cidr_format::CHECK,
    &access::pod_security_policy_use::CHECK,
    &access::rbac_verb_change::CHECK,
    &access::service_account_token::CHECK,
    &workloads::role_label_taint::CHECK,
    &path::backup_freshness::CHECK,
    &path::version_eol::CHECK,
    &path::compatibility_risk::CHECK,
    &after::post_version_converged::CHECK,
    &after::post_control_plane_health::CHECK,
    &after::post_etcd::CHECK,
    &after::post_nodes_converged::CHECK,
    &after::post_kube_proxy_converged::CHECK,
    &after::post_skipped_nodes::CHECK,
    &after::post_workload_baseline::CHECK,
    &after::post_pod_failures_new::CHECK,
    &after::post_endpoints_empty::CHECK,
    &after::post_dns::CHECK,
    &after::post_network_probe::CHECK,
    &after::post_new_pod_probe::CHECK,
    &after::post_cleanup::CHECK,
    &after::post_object_loss::CHECK,
    &workloads::post_stateful_set_surprise::CHECK,
    &drain::post_pdb_state::CHECK,
    &workloads::post_restart_delta::CHECK,
    &after::post_api_services::CHECK,
    &after::post_crds::CHECK,
    &after::post_webhooks::CHECK,
    &after::post_addon_versions::CHECK,
    &after::post_addon_health::CHECK,
    &after::post_ingress::CHECK,
    &after::post_removed_api_callers::CHECK,
    &after::post_load_balancers::CHECK,
    &after::post_node_labels_taints::CHECK,
    &after::post_api_served_diff::CHECK,
    &after::post_hpa::CHECK,
    &after::post_event_rate::CHECK,
    &after::post_storage_migration::CHECK,
    &after::post_next_deprecated::CHECK,
    &after::post_gpu::CHECK,
    &after::post_api_errors::CHECK,
    &after::post_volumes::CHECK,
    &after::post_jobs::CHECK,
    &batch::post_cron_jobs::CHECK,
    &after::post_certificates::CHECK,
    &after::post_evidence_incomplete::CHECK,
    &after::post_internal_error::CHECK,
];

/// The check of a name.
pub fn find(name: &str) -> Option<&'static Check> {
    CATALOGUE
        .iter()
        .copied()
        .find(|check| check.info.name == name)
}
