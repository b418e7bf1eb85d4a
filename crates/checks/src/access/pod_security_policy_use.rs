use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::{Webhook, WebhookKind},
};

use crate::{Check, Context, Judgement, Outcome, admission::guards_pods, text::some_of};

/// Pods that a policy guards which goes without a successor.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PodSecurityPolicyUse",
        summary: "PodSecurityPolicies guard pods of namespaces that nothing guards afterwards",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Pods, Need::Namespaces, Need::Webhooks],
        page: include_str!("pod_security_policy_use.md"),
    },
    blocks: crosses_end,
    run,
};

/// The minor without the policy and its admission plugin.
const GONE: Minor = Minor::v1(25);
/// Labels by which Pod Security admission guards a namespace.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

fn crosses_end(ctx: &Context<'_>) -> bool {
    ctx.path().map_or(true, |path| path.crosses(GONE))
}

fn run(ctx: &Context<'_>) -> Outcome {
    ctx.path()?;
    if !ctx.crosses(GONE) {
        return Ok(Judgement::not_applicable(
            "PodSecurityPolicies end with 1.25, which is not on this path",
        ));
    }
    let (pods, namespaces) = (ctx.pods()?, ctx.namespaces()?);
    let labelled = |name: &str| {
        namespaces
            .iter()
            .any(|one| one.name == name && one.labels.get(ENFORCE).is_some())
    };
    // Only where the admission plugin is on does a pod bear the name of the policy that let it in.
    let guarded: BTreeSet<_> = pods
        .iter()
        .filter(|pod| pod.psp && !pod.mirror)
        .map(|pod| pod.namespace.as_str())
        .collect();
    let bare: Vec<_> = guarded.into_iter().filter(|name| !labelled(name)).collect();
    if bare.is_empty() {
        return Ok(Judgement::default());
    }
    let engine = ctx
        .webhooks()?
        .iter()
        .find(|one| one.configuration_kind == WebhookKind::Validating && guards_pods(one));
    Ok(vec![describe(ctx, &bare, engine)].into())
}

fn describe(ctx: &Context<'_>, bare: &[&str], engine: Option<&Webhook>) -> Finding {
    let names = some_of(bare.iter().copied());
    let (severity, message) = match engine {
        Some(engine) => (
            Severity::Note,
            format!(
                "PodSecurityPolicies end with 1.25; in {names} pods are then guarded by webhook configuration {} at most",
                engine.configuration
            ),
        ),
        None => (
            Severity::Blocker,
            format!(
                "PodSecurityPolicies end with 1.25; nothing guards the pods of {names} afterwards"
            ),
        ),
    };
    let namespaces = bare
        .iter()
        .map(|name| Subject::cluster("v1", "Namespace", name))
        .collect();
    let mut finding = Finding::new(severity, Subject::cluster("policy/v1beta1", "PodSecurityPolicy", "all"), crate::text::short(&message, 200))
        .because(Evidence::state("/api/v1/pods", ctx.now(), format!("pods of {names} bear the annotation kubernetes.io/psp, and their namespaces no label {ENFORCE}")))
        .fix_with("Label each namespace with the Pod Security level that fits its pods", format!("kubectl label --dry-run=server --overwrite namespace {} {ENFORCE}=baseline", bare[0]))
        .fix("Or let a policy engine guard them, then take the admission plugin PodSecurityPolicy out");
    finding.objects = namespaces;
    finding
}
