//! Add-ons.

pub(crate) mod addon_limit;
pub(crate) mod addon_not_assessed;
pub(crate) mod addon_retired;
pub(crate) mod addon_status;
pub(crate) mod addon_validate;
pub(crate) mod chart_kube_version;
pub(crate) mod cni_health;
pub(crate) mod coredns_conf_limit;
pub(crate) mod coredns_health;
pub(crate) mod corefiles;
pub(crate) mod helm_release_state;
pub(crate) mod ingress_nginx_risk;
pub(crate) mod installed;
pub(crate) mod k8s_resource_modified;
pub(crate) mod mesh_data_plane_skew;
pub(crate) mod metrics_api_health;
pub(crate) mod release;
