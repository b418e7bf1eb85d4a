//! Admission webhooks.

pub(crate) mod backend;
mod idle;
pub(crate) mod webhook_backend_down;
