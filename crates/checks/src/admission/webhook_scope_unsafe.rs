use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity,
    facts::{FailurePolicy, Labels, Pod, ServiceRef, Webhook},
};

use super::scope::{PODS, Write, is_in_namespace, is_ruled};
use crate::{Check, Context, Judgement, Outcome, drain::is_evicted, text::short, when_draining};

/// Webhooks that stand in the way of what keeps the cluster, or themselves, alive.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "WebhookScopeUnsafe",
        summary: "a fail-closed webhook guards what the cluster, or the webhook itself, lives by",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Webhooks,
            Need::Namespaces,
            Need::Services,
            Need::Pods,
            Need::Nodes,
        ],
        page: include_str!("webhook_scope_unsafe.md"),
    },
    blocks: when_draining,
    run,
};

const SYSTEM: &str = "kube-system";
const NODE_LEASES: &str = "kube-node-lease";
const LEASES: Write<'_> = Write {
    operations: &["CREATE", "UPDATE"],
    group: "coordination.k8s.io",
    resources: &["leases"],
    namespaced: true,
};
const NODES: Write<'_> = Write {
    operations: &["CREATE", "UPDATE"],
    group: "",
    resources: &["nodes", "nodes/status"],
    namespaced: false,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let strict = |webhook: &&Webhook| webhook.failure_policy == FailurePolicy::Fail;
    let webhooks = ctx.webhooks()?.iter().filter(strict);
    Ok(webhooks.map(|webhook| Ok(judge(ctx, webhook))).collect())
}

fn judge(ctx: &Context<'_>, webhook: &Webhook) -> Judgement {
    let guarded = [
        own_pods(ctx, webhook),
        system_pods(ctx, webhook),
        leases(ctx, webhook, SYSTEM, "leases of the control plane"),
        leases(ctx, webhook, NODE_LEASES, "leases of nodes"),
        nodes(ctx, webhook),
    ];
    let mut names = Vec::new();
    let mut lacks = Vec::new();
    for one in guarded {
        match one {
            Ok(name) => names.extend(name),
            Err(missing) => lacks.push(missing),
        }
    }
    if names.is_empty() {
        return Judgement::default().without(lacks);
    }
    let (single, missing) = single_back_end(ctx, webhook)
        .map_or_else(|missing| (None, Some(missing)), |single| (single, None));
    lacks.extend(missing);
    let finding = describe(ctx, webhook, &names, single);
    Judgement::from(vec![finding]).without(lacks)
}

/// Labels of a namespace; of one that is not there, those that the API server would give it.
fn labels_of(ctx: &Context<'_>, name: &str) -> Result<Labels, Missing> {
    let mut namespaces = ctx.namespaces()?.iter();
    let found = namespaces.find(|namespace| namespace.name == name);
    Ok(found.map_or_else(
        || Labels::from_iter([("kubernetes.io/metadata.name", name)]),
        |namespace| namespace.labels.clone(),
    ))
}

fn is_told_of(
    ctx: &Context<'_>,
    webhook: &Webhook,
    write: Write<'_>,
    namespace: &str,
) -> Result<bool, Missing> {
    Ok(
        is_ruled(webhook, write)
            && is_in_namespace(webhook, namespace, &labels_of(ctx, namespace)?),
    )
}

/// Whether the webhook's selector of objects lets any of these pods through to it.
fn selects<'a>(webhook: &Webhook, mut pods: impl Iterator<Item = &'a Pod>) -> bool {
    pods.any(|pod| webhook.object_selector.selects(&pod.labels))
}

fn own_pods(ctx: &Context<'_>, webhook: &Webhook) -> Result<Option<&'static str>, Missing> {
    let Some(target) = &webhook.service else {
        return Ok(None);
    };
    if !is_told_of(ctx, webhook, PODS, &target.namespace)? {
        return Ok(None);
    }
    let own = back_end(ctx, target)?;
    Ok(selects(webhook, own.into_iter()).then_some("its own pods"))
}

fn system_pods(ctx: &Context<'_>, webhook: &Webhook) -> Result<Option<&'static str>, Missing> {
    if !is_told_of(ctx, webhook, PODS, SYSTEM)? {
        return Ok(None);
    }
    let guarded = webhook.object_selector.is_empty()
        || selects(
            webhook,
            ctx.pods()?
                .iter()
                .filter(|pod| pod.namespace == SYSTEM && !pod.mirror),
        );
    Ok(guarded.then_some("pods of kube-system"))
}

/// Leases have no labels that a selector could go by.
fn leases(
    ctx: &Context<'_>,
    webhook: &Webhook,
    namespace: &str,
    name: &'static str,
) -> Result<Option<&'static str>, Missing> {
    let told = webhook.object_selector.selects(&Labels::default())
        && is_told_of(ctx, webhook, LEASES, namespace)?;
    Ok(told.then_some(name))
}

fn nodes(ctx: &Context<'_>, webhook: &Webhook) -> Result<Option<&'static str>, Missing> {
    let guarded = is_ruled(webhook, NODES)
        && (webhook.object_selector.is_empty()
            || ctx
                .nodes()?
                .iter()
                .any(|node| webhook.object_selector.selects(&node.labels)));
    Ok(guarded.then_some("nodes"))
}

/// Pods behind the Service that it is called by.
fn back_end<'a>(ctx: &Context<'a>, target: &ServiceRef) -> Result<Vec<&'a Pod>, Missing> {
    let mut services = ctx.services()?.iter();
    let Some(service) = services.find(|s| s.namespace == target.namespace && s.name == target.name)
    else {
        return Ok(Vec::new());
    };
    if service.selector.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = |pod: &&Pod| {
        let mut labels = service.selector.0.iter();
        pod.namespace == service.namespace
            && !pod.is_finished()
            && !pod.deleting
            && labels.all(|(key, value)| pod.labels.get(key) == Some(value))
    };
    Ok(ctx.pods()?.iter().filter(wanted).collect())
}

/// The one pod behind it, where there is one and a drain would take it away.
fn single_back_end<'a>(ctx: &Context<'a>, webhook: &Webhook) -> Result<Option<&'a Pod>, Missing> {
    let Some(target) = webhook.service.as_ref().filter(|_| ctx.drains_nodes()) else {
        return Ok(None);
    };
    Ok(match back_end(ctx, target)?[..] {
        [pod] if is_evicted(pod) => Some(pod),
        _ => None,
    })
}

fn describe(
    ctx: &Context<'_>,
    webhook: &Webhook,
    guarded: &[&str],
    single: Option<&Pod>,
) -> Finding {
    let (subject, source) = super::configuration(webhook);
    let conditions = webhook.match_conditions;
    let narrowed = webhook.opaque_conditions.unwrap_or(conditions) > 0;
    let (severity, so) = match single {
        _ if narrowed => (Severity::Note, "unless its match conditions leave them out"),
        Some(_) if guarded[0] == "its own pods" => (
            Severity::Blocker,
            "once its only pod is drained, it never comes back",
        ),
        Some(_) => (
            Severity::Blocker,
            "they are refused while its only pod is drained",
        ),
        None => (Severity::Risk, "they are refused while it does not answer"),
    };
    let message = format!(
        "webhook {} (Fail) guards {}: {so}",
        short(&webhook.name, 60),
        guarded.join(", "),
    );
    let finding = Finding::new(severity, subject, short(&message, 200))
        .telling_apart(&webhook.name)
        .because(Evidence::state(source, ctx.now(), detail(webhook)));
    let finding = match single {
        Some(pod) => finding.because(only_pod(ctx, pod)),
        None => finding,
    };
    repaired(webhook, finding)
}

fn detail(webhook: &Webhook) -> String {
    let resources: Vec<_> = webhook
        .rules
        .iter()
        .flat_map(|rule| &rule.resources)
        .map(String::as_str)
        .collect();
    format!(
        "{}: failurePolicy Fail, timeoutSeconds {}, resources {}, {} match conditions",
        webhook.name,
        webhook.timeout_seconds.unwrap_or(10),
        short(&resources.join(", "), 120),
        webhook.match_conditions,
    )
}

fn only_pod(ctx: &Context<'_>, pod: &Pod) -> Evidence {
    let source = format!("/api/v1/namespaces/{}/pods/{}", pod.namespace, pod.name);
    Evidence::state(
        source,
        ctx.now(),
        format!("the only pod behind it, on node {}", pod.node),
    )
}

fn repaired(webhook: &Webhook, finding: Finding) -> Finding {
    let own = webhook.service.as_ref().map(|one| one.namespace.as_str());
    let left_out: Vec<_> = [Some(SYSTEM), Some(NODE_LEASES), own]
        .into_iter()
        .flatten()
        .collect();
    let kind = webhook.configuration_kind.resource();
    finding
        .setting("webhooks[].namespaceSelector", "does not leave them out", None)
        .fix_with(
            format!(
                "Leave the namespaces {} out by namespaceSelector (kubernetes.io/metadata.name NotIn), and nodes by its rules",
                left_out.join(", ")
            ),
            format!("kubectl edit {kind} {}", webhook.configuration),
        )
        .fix("Or run two replicas on two nodes behind a disruption budget, or set failurePolicy to Ignore for the time of the upgrade")
}
