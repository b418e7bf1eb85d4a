//! Admission webhooks.

mod backend;
mod idle;
pub(crate) mod webhook_backend_down;
