//! Webhook configurations and admission policies.

use serde_json::json;

use super::{Rule, renamed};
use crate::patch::editor::{Editor, Refusal};

pub(super) const RULES: &[Rule] = &[
    Rule {
        kinds: &[
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
        ],
        from: &["admissionregistration.k8s.io/v1beta1"],
        to: &["admissionregistration.k8s.io/v1"],
        steps: Some(webhooks),
        note: Some("defaults of v1beta1 that v1 changed are written out"),
    },
    renamed(
        &[
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        ],
        &[
            "admissionregistration.k8s.io/v1alpha1",
            "admissionregistration.k8s.io/v1beta1",
        ],
        &[
            "admissionregistration.k8s.io/v1",
            "admissionregistration.k8s.io/v1beta1",
        ],
    ),
];

/// v1 has other defaults, demands `admissionReviewVersions`, and no longer takes a webhook of unknown side effects.
fn webhooks(e: &mut Editor) -> Result<(), Refusal> {
    for webhook in e.each("webhooks[]")? {
        let effects = e.value(&webhook.key("sideEffects"))?;
        let effects = effects.as_ref().and_then(|effects| effects.as_str());
        if !matches!(effects, Some("None" | "NoneOnDryRun")) {
            return Err(Refusal(format!(
                "{webhook}.sideEffects must be None or NoneOnDryRun: only the author of the webhook knows whether it is"
            )));
        }
        for (field, value) in [
            ("admissionReviewVersions", json!(["v1beta1"])),
            ("failurePolicy", json!("Ignore")),
            ("matchPolicy", json!("Exact")),
            ("timeoutSeconds", json!(30)),
        ] {
            if !e.has(&webhook.key(field))? {
                e.insert(&webhook, field, &value)?;
            }
        }
    }
    Ok(())
}
