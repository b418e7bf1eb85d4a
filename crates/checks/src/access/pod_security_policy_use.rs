use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::{FailurePolicy, Labels, Namespace, Pod, Webhook, WebhookKind},
};

use crate::{
    Check, Context, Judgement, Outcome,
    admission::{guards_pods, is_in_namespace},
    named::by_name,
    text::some_of,
};

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

/// Policies that a provider installs and that restrict nothing. Of EKS:
/// <https://docs.aws.amazon.com/eks/latest/userguide/pod-security-policy.html>
const PERMISSIVE: [&str; 1] = ["eks.privileged"];

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
    let bare = bare(ctx.pods()?, ctx.namespaces()?);
    if bare.is_empty() {
        return Ok(Judgement::default());
    }
    let webhooks = ctx.webhooks()?;
    let mut by_engine: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for namespace in &bare {
        let mut engines = webhooks.iter().filter(|one| namespace.is_guarded_by(one));
        let engine = engines.next().map(|one| one.configuration.as_str());
        by_engine.entry(engine).or_default().push(namespace.name);
    }
    let found = by_engine.iter();
    Ok(found
        .map(|(engine, names)| describe(ctx, names, *engine))
        .collect())
}

/// A namespace whose pods only a policy guards.
struct Bare<'a> {
    name: &'a str,
    labels: Labels,
    pods: Vec<&'a Pod>,
}

/// Only where the admission plugin is on does a pod bear the name of the policy that let it in.
fn is_guarded(pod: &Pod) -> bool {
    pod.psp && !pod.mirror && !PERMISSIVE.contains(&pod.psp_name.as_str())
}

fn bare<'a>(pods: &'a [Pod], namespaces: &[Namespace]) -> Vec<Bare<'a>> {
    let mut guarded: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| is_guarded(pod)) {
        guarded.entry(pod.namespace.as_str()).or_default().push(pod);
    }
    let labels = by_name(namespaces, |one| &one.name);
    let bare = guarded.into_iter().map(|(name, pods)| {
        let labels = labels.get(name).map(|one| one.labels.clone());
        let labels = labels.unwrap_or_default();
        Bare { name, labels, pods }
    });
    bare.filter(|one| one.labels.get(ENFORCE).is_none())
        .collect()
}

impl Bare<'_> {
    /// Whether the webhook is asked about each of the pods, and they are refused where it does not answer.
    fn is_guarded_by(&self, webhook: &Webhook) -> bool {
        let asked = |pod: &&Pod| webhook.object_selector.selects(&pod.labels);
        webhook.configuration_kind == WebhookKind::Validating
            && webhook.failure_policy == FailurePolicy::Fail
            && guards_pods(webhook)
            && is_in_namespace(webhook, self.name, &self.labels)
            && self.pods.iter().all(asked)
    }
}

fn describe(ctx: &Context<'_>, bare: &[&str], engine: Option<&str>) -> Finding {
    let names = some_of(bare.iter().copied());
    let (severity, message) = match engine {
        Some(engine) => (
            Severity::Risk,
            format!(
                "PodSecurityPolicies end with 1.25; in {names} pods are then guarded by webhook configuration {engine} at most"
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
        .telling_apart(engine.unwrap_or_default())
        .fix_with("Label each namespace with the Pod Security level that fits its pods", format!("kubectl label --dry-run=server --overwrite namespace {} {ENFORCE}=baseline", bare[0]))
        .fix("Or let a policy engine guard them, then take the admission plugin PodSecurityPolicy out");
    finding.objects = namespaces;
    finding
}
