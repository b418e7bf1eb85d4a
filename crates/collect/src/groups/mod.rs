//! The groups of facts that are no plain list.

pub(crate) mod api_services;
pub(crate) mod definitions;
pub(crate) mod discovery;
pub(crate) mod gitops;
pub(crate) mod health;
pub(crate) mod helm;
pub(crate) mod leases;
pub(crate) mod metrics;
pub(crate) mod permissions;
pub(crate) mod version;
pub(crate) mod writers;
