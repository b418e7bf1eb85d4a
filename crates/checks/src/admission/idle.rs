//! Webhooks that guard nothing at the moment.

use airworthy_model::facts::{Served, Webhook, WebhookRule};

use crate::Context;

/// Whether the webhook provably guards nothing: its selector selects no namespace, and all that its rules name has a namespace.
/// (Objects without a namespace are not exempt by the selector.) What cannot be read proves nothing.
pub(crate) fn is_idle(ctx: &Context<'_>, webhook: &Webhook) -> bool {
    selects_no_namespace(ctx, webhook)
        && webhook.rules.iter().all(|rule| {
            rule.scope == "Namespaced"
                || ctx
                    .discovery()
                    .is_ok_and(|served| names_namespaced_only(served, rule))
        })
}

fn selects_no_namespace(ctx: &Context<'_>, webhook: &Webhook) -> bool {
    let selector = &webhook.namespace_selector;
    !selector.is_empty()
        && ctx.namespaces().is_ok_and(|namespaces| {
            !namespaces
                .iter()
                .any(|namespace| selector.selects(&namespace.labels))
        })
}

fn names_namespaced_only(served: &Served, rule: &WebhookRule) -> bool {
    rule.resources.iter().all(|name| {
        let resource = name.split('/').next().unwrap_or_default();
        let mut named = served.resources.iter().filter(|served| {
            served.resource == resource
                && rule
                    .groups
                    .iter()
                    .any(|group| group == "*" || *group == served.group)
        });
        let first = named.next();
        first.is_some_and(|served| served.namespaced) && named.all(|served| served.namespaced)
    })
}
