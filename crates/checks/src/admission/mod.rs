//! Admission webhooks.

pub(crate) mod backend;
pub(crate) mod calls;
mod idle;
mod scope;
pub(crate) mod webhook_backend_down;
pub(crate) mod webhook_certificate;
pub(crate) mod webhook_scope_unsafe;

pub(crate) use scope::{guards_pods, is_in_namespace};

use airworthy_model::{Subject, facts::Webhook};

/// The configuration that a webhook stands in, and where it was read.
fn configuration(webhook: &Webhook) -> (Subject, String) {
    const API: &str = "admissionregistration.k8s.io/v1";
    let (kind, name) = (webhook.configuration_kind, &webhook.configuration);
    let source = format!("/apis/{API}/{}/{name}", kind.resource());
    (Subject::cluster(API, kind.kind(), name), source)
}
