//! Whether a webhook intercepts a request, as the API server decides it.

use airworthy_model::{
    Severity,
    facts::{FailurePolicy, Labels, Webhook, WebhookKind, WebhookRule},
};

/// A write, of which a webhook may be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write<'a> {
    /// `CREATE`, `UPDATE`; any one of them that is intercepted counts.
    pub operations: &'a [&'a str],
    /// API group.
    pub group: &'a str,
    /// Resource, with its subresource after a slash.
    pub resources: &'a [&'a str],
    /// Whether the object has a namespace.
    pub namespaced: bool,
}

/// A new pod.
pub(super) const PODS: Write<'_> = Write {
    operations: &["CREATE"],
    group: "",
    resources: &["pods"],
    namespaced: true,
};

const fn deleted<'a>(group: &'a str, resources: &'a [&'a str], namespaced: bool) -> Write<'a> {
    Write {
        operations: &["DELETE"],
        group,
        resources,
        namespaced,
    }
}

/// What goes while a cluster is upgraded. Evictions ask no webhook about the deletion of pods, but kubelets do when a pod has ended:
/// refused, it stays and is terminating (seen on 1.31).
const DELETIONS: [Write<'_>; 7] = [
    deleted("", &["pods", "endpoints", "events"], true),
    deleted("", &["nodes"], false),
    deleted("apps", &["replicasets", "controllerrevisions"], true),
    deleted("coordination.k8s.io", &["leases"], true),
    deleted("discovery.k8s.io", &["endpointslices"], true),
    deleted("storage.k8s.io", &["volumeattachments", "csinodes"], false),
    deleted(
        "certificates.k8s.io",
        &["certificatesigningrequests"],
        false,
    ),
];

/// Whether it is asked about nothing but deletions, and sessions such as `exec`, of which an upgrade makes none.
fn is_for_other_deletions(webhook: &Webhook) -> bool {
    let deletes = |rule: &WebhookRule| {
        let mut operations = rule.operations.iter();
        operations.all(|one| one == "DELETE" || one == "CONNECT")
    };
    !webhook.rules.is_empty()
        && webhook.rules.iter().all(deletes)
        && !DELETIONS.iter().any(|write| is_ruled(webhook, *write))
}

/// How bad it is for an upgrade that calls of the webhook fail, and why it is that bad.
pub(super) fn unanswered(webhook: &Webhook) -> (Severity, &'static str) {
    let mutates = webhook.configuration_kind == WebhookKind::Mutating;
    match webhook.failure_policy {
        _ if is_for_other_deletions(webhook) => {
            let but = "; it guards deletions that an upgrade does not make";
            (Severity::Note, but)
        }
        FailurePolicy::Fail => (Severity::Blocker, ""),
        FailurePolicy::Ignore if mutates && guards_pods(webhook) => {
            (Severity::Risk, ": new pods come without what it puts in")
        }
        FailurePolicy::Ignore => (Severity::Note, ""),
    }
}

/// Whether any rule names the write, and no condition forbids every call. Every kind asked for is served at `v1`.
pub(super) fn is_ruled(webhook: &Webhook, write: Write<'_>) -> bool {
    let equivalent = webhook.match_policy != "Exact";
    let mut rules = webhook.rules.iter().filter(|_| !webhook.never_called);
    rules.any(|rule| {
        names(&rule.groups, write.group)
            && write
                .operations
                .iter()
                .any(|one| names(&rule.operations, one))
            && write.resources.iter().any(|one| names_resource(rule, one))
            && (equivalent || names(&rule.versions, "v1"))
            && covers(rule, write.namespaced)
    })
}

/// Whether it is asked about pods that are made.
pub(crate) fn guards_pods(webhook: &Webhook) -> bool {
    is_ruled(webhook, PODS)
}

fn names(list: &[String], one: &str) -> bool {
    list.iter().any(|named| named == "*" || named == one)
}

/// `*` is every resource without its subresources, `*/*` every resource with them.
fn names_resource(rule: &WebhookRule, resource: &str) -> bool {
    let parts = |text: &str| {
        let (resource, sub) = text.split_once('/').unwrap_or((text, ""));
        (resource.to_owned(), sub.to_owned())
    };
    let (asked, asked_sub) = parts(resource);
    rule.resources.iter().any(|named| {
        let (named, sub) = parts(named);
        (named == "*" || named == asked) && (sub == "*" || sub == asked_sub)
    })
}

fn covers(rule: &WebhookRule, namespaced: bool) -> bool {
    match rule.scope.as_str() {
        "Namespaced" => namespaced,
        "Cluster" => !namespaced,
        _ => true,
    }
}

/// Whether writes to a namespace with these labels are told to it, and not left out by a match condition that is understood.
pub(crate) fn is_in_namespace(webhook: &Webhook, namespace: &str, labels: &Labels) -> bool {
    webhook.namespace_selector.selects(labels)
        && !webhook
            .excepted_namespaces
            .iter()
            .any(|one| one == namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_told(rule: &str, write: Write<'_>) -> bool {
        let webhook = serde_json::json!({
            "configurationKind": "validating", "configuration": "c", "name": "n", "failurePolicy": "Fail",
            "rules": [serde_saphyr::from_str::<serde_json::Value>(rule).unwrap()],
        });
        is_ruled(&serde_json::from_value(webhook).unwrap(), write)
    }

    #[test]
    fn rules_are_read_as_the_api_server_reads_them() {
        for (rule, told) in [
            (
                "{operations: [CREATE], groups: [''], versions: [v1], resources: [pods]}",
                true,
            ),
            (
                "{operations: ['*'], groups: ['*'], versions: ['*'], resources: ['*']}",
                true,
            ),
            (
                "{operations: ['*'], groups: ['*'], versions: ['*'], resources: ['*/*'], scope: Namespaced}",
                true,
            ),
            (
                "{operations: [UPDATE], groups: [''], versions: [v1], resources: [pods]}",
                false,
            ),
            (
                "{operations: [CREATE], groups: [apps], versions: [v1], resources: ['*']}",
                false,
            ),
            (
                "{operations: [CREATE], groups: [''], versions: [v1], resources: [pods/status, '*/exec']}",
                false,
            ),
            (
                "{operations: [CREATE], groups: ['*'], versions: ['*'], resources: ['*'], scope: Cluster}",
                false,
            ),
        ] {
            assert_eq!(is_told(rule, PODS), told, "{rule}");
        }
        let status = Write {
            resources: &["nodes/status"],
            namespaced: false,
            ..PODS
        };
        for (rule, told) in [
            (
                "{operations: ['*'], groups: [''], versions: [v1], resources: ['*']}",
                false,
            ),
            (
                "{operations: ['*'], groups: [''], versions: [v1], resources: ['*/*']}",
                true,
            ),
            (
                "{operations: ['*'], groups: [''], versions: [v1], resources: ['nodes/*']}",
                true,
            ),
            (
                "{operations: ['*'], groups: [''], versions: [v1], resources: ['*/status']}",
                true,
            ),
            (
                "{operations: ['*'], groups: [''], versions: [v1], resources: ['*/*'], scope: Namespaced}",
                false,
            ),
        ] {
            assert_eq!(is_told(rule, status), told, "{rule}");
        }
    }
}
