use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity,
    facts::{FailurePolicy, ServiceRef, Webhook},
};

use super::{
    backend::{self, State},
    idle::is_idle,
    scope::unanswered,
};
use crate::{Check, Context, Judgement, Outcome, always, text::short};

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
        ],
        page: include_str!("webhook_backend_down.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let webhooks = ctx.webhooks()?.iter();
    Ok(webhooks.map(|webhook| judge(ctx, webhook)).collect())
}

/// What there is to say about one webhook.
pub(crate) fn judge(ctx: &Context<'_>, webhook: &Webhook) -> Outcome {
    if webhook.never_called {
        return Ok(Judgement::default());
    }
    let finding = match &webhook.service {
        None => by_url(ctx, webhook),
        Some(target) => {
            backend::state(ctx, target)?.map(|state| by_service(ctx, webhook, target, &state))
        }
    };
    Ok(finding.into_iter().collect::<Judgement>())
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

/// With `Ignore` nothing is refused, so that nothing is worth telling.
fn by_url(ctx: &Context<'_>, webhook: &Webhook) -> Option<Finding> {
    (webhook.failure_policy == FailurePolicy::Fail).then(|| {
        finding(
            ctx,
            Severity::Note,
            webhook,
            "is called by URL: not assessed",
        )
        .fix("See by hand that the address in clientConfig.url answers from the control plane")
    })
}

fn by_service(ctx: &Context<'_>, webhook: &Webhook, target: &ServiceRef, state: &State) -> Finding {
    let ServiceRef {
        namespace,
        name,
        port,
    } = target;
    let address = format!("{namespace}/{name}:{port}");
    match state {
        State::Elsewhere => finding(ctx, Severity::Note, webhook, &format!("calls {address}, a Service of type ExternalName: not assessed"))
            .fix("See by hand that the name behind the Service answers from the control plane"),
        State::Down(why) => down(ctx, webhook, &format!("calls {address}, but {why}"))
            .setting("webhooks[].clientConfig.service", address, None)
            .fix_with("Bring its back end back", format!("kubectl -n {namespace} get services,endpointslices,pods"))
            .fix_with(
                "Or set failurePolicy to Ignore, or narrow its selectors, for the time of the upgrade",
                format!("kubectl edit {} {}", webhook.configuration_kind.resource(), webhook.configuration),
            ),
    }
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
