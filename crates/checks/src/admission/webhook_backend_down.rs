use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity,
    facts::{FailurePolicy, ServiceRef, Webhook},
};

use super::{
    backend::{self, State},
    calls::{self, Calls},
    idle::is_idle,
    scope::unanswered,
};
use crate::{Check, Context, Judgement, Outcome, text::short};

/// Webhooks that the API server cannot reach.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "WebhookBackendDown",
        summary: "an admission webhook has no back end that could answer",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Webhooks,
            Need::Services,
            Need::EndpointSlices,
            Need::Namespaces,
            Need::Discovery,
            Need::Metrics,
        ],
        page: include_str!("webhook_backend_down.md"),
    },
    blocks,
    run,
};

/// What lacks may hide a blocker, unless it is only the count of calls of back ends that are ready: that makes risks.
pub(crate) fn blocks(ctx: &Context<'_>) -> bool {
    let is_seen = |webhook: &Webhook| {
        let state = webhook.service.as_ref().map(|to| backend::state(ctx, to));
        webhook.never_called || matches!(state, Some(Ok(None)))
    };
    !ctx.webhooks().is_ok_and(|all| all.iter().all(is_seen))
}

fn run(ctx: &Context<'_>) -> Outcome {
    let webhooks = ctx.webhooks()?.iter();
    Ok(webhooks.map(|webhook| judge(ctx, webhook)).collect())
}

/// What there is to say about one webhook.
pub(crate) fn judge(ctx: &Context<'_>, webhook: &Webhook) -> Outcome {
    if webhook.never_called {
        return Ok(Judgement::default());
    }
    let Some(target) = &webhook.service else {
        return Ok(outside(ctx, webhook, "is called by URL"));
    };
    Ok(match backend::state(ctx, target)? {
        Some(State::Down(why)) => vec![by_service(ctx, webhook, target, &why)].into(),
        Some(State::Elsewhere) => {
            let how = format!("calls {}, a Service of type ExternalName", address(target));
            outside(ctx, webhook, &how)
        }
        None => ready(ctx, webhook, target),
    })
}

fn finding(ctx: &Context<'_>, severity: Severity, webhook: &Webhook, text: &str) -> Finding {
    let Webhook {
        name,
        failure_policy,
        ..
    } = webhook;
    let (subject, source) = super::configuration(webhook);
    let message = format!("webhook {} ({failure_policy:?}) {text}", short(name, 70));
    Finding::new(severity, subject, short(&message, 200))
        .telling_apart(name)
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("{name}: failurePolicy {failure_policy:?}; {text}"),
        ))
}

/// One whose back end no fact of the cluster shows: what the API server counted is the only evidence. With `Ignore` nothing is
/// refused, so that nothing is worth telling.
fn outside(ctx: &Context<'_>, webhook: &Webhook, how: &str) -> Judgement {
    if webhook.failure_policy == FailurePolicy::Ignore {
        return Judgement::default();
    }
    let (severity, but) = weight(ctx, webhook);
    let by_hand = "See by hand that it answers from the control plane";
    let note = || {
        let text = format!("{how}: not assessed");
        finding(ctx, Severity::Note, webhook, &text).fix(by_hand)
    };
    let told = match calls::of(ctx, webhook) {
        // What guards nothing that an upgrade writes needs no more evidence.
        Err(_) if severity == Severity::Note => note(),
        Err(missing) => return Judgement::from(vec![note()]).without([missing]),
        Ok(Calls::Well) => note(),
        Ok(Calls::Mixed(text)) => {
            let severity = severity.min(Severity::Risk);
            finding(ctx, severity, webhook, &format!("{how}: {text}{but}")).fix(by_hand)
        }
        Ok(Calls::Failed(text)) => {
            let text = format!("{how}: {text}{but}");
            unguarded(finding(ctx, severity, webhook, &text).fix(by_hand), webhook)
        }
    };
    vec![told].into()
}

/// One with a ready back end, which still may not be what answers: another process behind the port, no way through the network.
fn ready(ctx: &Context<'_>, webhook: &Webhook, target: &ServiceRef) -> Judgement {
    let (severity, but) = weight(ctx, webhook);
    if webhook.failure_policy == FailurePolicy::Ignore || severity == Severity::Note {
        return Judgement::default();
    }
    let text = match calls::of(ctx, webhook) {
        Err(missing) => return Judgement::default().without([missing]),
        Ok(Calls::Well | Calls::Mixed(_)) => return Judgement::default(),
        Ok(Calls::Failed(text)) => text,
    };
    let address = address(target);
    let text = format!("calls {address}, which has a ready endpoint, but {text}{but}");
    let found = finding(ctx, Severity::Risk, webhook, &text);
    vec![with_backend(found, webhook, target)].into()
}

fn address(target: &ServiceRef) -> String {
    let ServiceRef {
        namespace,
        name,
        port,
    } = target;
    format!("{namespace}/{name}:{port}")
}

fn by_service(ctx: &Context<'_>, webhook: &Webhook, target: &ServiceRef, why: &str) -> Finding {
    let text = format!("calls {}, but {why}", address(target));
    with_backend(down(ctx, webhook, &text), webhook, target)
}

fn with_backend(finding: Finding, webhook: &Webhook, target: &ServiceRef) -> Finding {
    let namespace = &target.namespace;
    let look = format!("kubectl -n {namespace} get services,endpointslices,pods");
    let finding = finding
        .setting("webhooks[].clientConfig.service", address(target), None)
        .fix_with("Bring its back end back", look);
    unguarded(finding, webhook)
}

fn unguarded(finding: Finding, webhook: &Webhook) -> Finding {
    let kind = webhook.configuration_kind.resource();
    finding.fix_with(
        "Or set failurePolicy to Ignore, or narrow its selectors, for the time of the upgrade",
        format!("kubectl edit {kind} {}", webhook.configuration),
    )
}

fn down(ctx: &Context<'_>, webhook: &Webhook, text: &str) -> Finding {
    let (severity, but) = weight(ctx, webhook);
    finding(ctx, severity, webhook, &format!("{text}{but}"))
}

/// How bad it is that nobody answers, and what makes it no worse.
fn weight(ctx: &Context<'_>, webhook: &Webhook) -> (Severity, &'static str) {
    if is_idle(ctx, webhook) {
        return (Severity::Note, "; it selects no namespace today");
    }
    unanswered(webhook)
}
