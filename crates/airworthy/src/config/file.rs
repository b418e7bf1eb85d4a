//! The configuration file, as written.

use std::{net::SocketAddr, path::PathBuf};

use airworthy_cce::wire::Shapes;
use airworthy_model::{ControlPlane, Pace, Rollout};
use serde::Deserialize;

use super::{
    clusters::{CheckEntry, ClusterEntry},
    paths::{Patches, PathEntry},
};
use crate::cli::Evidence;

/// The file, as written. Unknown members are errors: a typing error must not silently keep a default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) listen: Option<SocketAddr>,
    pub(super) database: Option<PathBuf>,
    pub(super) workers: Option<u64>,
    pub(super) post_check_wait_seconds: Option<u64>,
    pub(super) result_expiry_seconds: Option<u64>,
    pub(super) settle_at: Option<String>,
    pub(super) kept_per_cluster: Option<u64>,
    pub(super) request_timeout_seconds: Option<u64>,
    pub(super) run_budget_seconds: Option<u64>,
    pub(super) lease_seconds: Option<u64>,
    #[serde(alias = "scope")]
    pub(super) rollout: Option<Rollout>,
    pub(super) control_plane: Option<ControlPlane>,
    pub(super) pace: Option<Pace>,
    pub(super) waivers: Option<PathBuf>,
    pub(super) checks: Option<Vec<PathBuf>>,
    pub(super) allowed_jumps: Option<Vec<String>>,
    pub(super) evidence: Option<Vec<Evidence>>,
    pub(super) without: Option<Vec<Evidence>>,
    pub(super) shapes: Option<Shapes>,
    pub(super) check_before_upgrade: Option<CheckEntry>,
    pub(super) cluster: Option<Vec<ClusterEntry>>,
    pub(super) path: Option<Vec<PathEntry>>,
    pub(super) patches: Option<Patches>,
    pub(super) tls: Option<TlsEntry>,
    pub(super) allow_plain_http: Option<bool>,
    pub(super) domain: Option<String>,
}

/// `[tls]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TlsEntry {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}
