//! Admission webhooks.

pub(crate) mod backend;
mod idle;
mod scope;
pub(crate) mod webhook_backend_down;
pub(crate) mod webhook_certificate;
pub(crate) mod webhook_scope_unsafe;

pub(crate) use scope::guards_pods;
