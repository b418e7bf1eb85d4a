//! The groups of facts that are no plain list.

pub(crate) mod admission_policies;
pub(crate) mod api_services;
pub(crate) mod backups;
pub(crate) mod components;
pub(crate) mod config_map;
pub(crate) mod definitions;
pub(crate) mod discovery;
pub(crate) mod dns;
pub(crate) mod events;
pub(crate) mod exposition;
pub(crate) mod gateways;
pub(crate) mod gitops;
pub(crate) mod health;
pub(crate) mod helm;
pub(crate) mod installed;
pub(crate) mod kubelets;
pub(crate) mod leases;
pub(crate) mod metrics;
pub(crate) mod operations;
pub(crate) mod permissions;
pub(crate) mod pod_admission;
pub(crate) mod probes;
pub(crate) mod roles;
pub(crate) mod tokens;
pub(crate) mod version;
pub(crate) mod writers;
