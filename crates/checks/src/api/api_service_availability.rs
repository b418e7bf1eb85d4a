use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity, Subject,
    facts::{ApiService, Condition, ServiceRef},
};

use crate::{
    Check, Context, Judgement, Outcome, always,
    text::{counted, short},
};

/// Seconds for which a bad condition may be a restart.
const BLINK: i64 = 60;

/// Aggregated APIs that do not answer.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ApiServiceAvailability",
        summary: "an aggregated API is not available",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::ApiServices],
        page: include_str!("api_service_availability.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let (blinking, down): (Vec<_>, Vec<_>) = ctx
        .api_services()?
        .iter()
        .filter_map(|api| Some((api, api.service.as_ref()?)))
        .filter(|(api, _)| !available(api).is_some_and(Condition::is_true))
        .partition(|(api, _)| is_blink(ctx, api));
    let findings: Judgement = down
        .into_iter()
        .map(|(api, service)| describe(ctx, api, service))
        .collect();
    let names: Vec<_> = blinking.iter().map(|(api, _)| api.name.as_str()).collect();
    Ok(findings.without(unsettled(&names)))
}

fn available(api: &ApiService) -> Option<&Condition> {
    Condition::find(&api.conditions, "Available")
}

/// Bad, but so lately that it may be a restart, and looked at once only. Without the condition nothing tells its age.
fn is_blink(ctx: &Context<'_>, api: &ApiService) -> bool {
    let young = available(api).is_none_or(|condition| {
        condition.last_transition.is_some() && ctx.seconds_since(condition.last_transition) < BLINK
    });
    young && !api.resampled
}

fn unsettled(names: &[&str]) -> Option<Missing> {
    let first = names.iter().min()?;
    let detail = format!(
        "{} (such as {first}) was bad for less than a minute and sampled once",
        counted(names.len(), "API service")
    );
    Some(Missing {
        cure: Some("run again in a minute".into()),
        ..Missing::not_collected(Need::ApiServices, detail)
    })
}

fn describe(ctx: &Context<'_>, api: &ApiService, service: &ServiceRef) -> Finding {
    let ServiceRef {
        namespace,
        name,
        port,
    } = service;
    let (value, message) = say(ctx, api, service);
    let source = format!("/apis/apiregistration.k8s.io/v1/apiservices/{}", api.name);
    Finding::new(
        Severity::Blocker,
        Subject::cluster("apiregistration.k8s.io/v1", "APIService", &api.name),
        short(&message, 200),
    )
    .because(Evidence::state(
        source,
        ctx.now(),
        format!(
            "Available {value}; back end {namespace}/{name}:{port}; second sample: {}",
            api.resampled
        ),
    ))
    .setting("status.conditions[Available]", value, Some("True"))
    .fix_with(
        "Bring its back end back",
        format!("kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={name}"),
    )
    .fix_with(
        "Or delete the registration, when nothing stands behind it any more",
        format!("kubectl delete apiservice {}", api.name),
    )
}

/// The value of the condition, and the message.
fn say<'a>(ctx: &Context<'_>, api: &'a ApiService, service: &ServiceRef) -> (&'a str, String) {
    let Some(Condition {
        status,
        reason,
        message,
        last_transition,
        ..
    }) = available(api)
    else {
        let ServiceRef {
            namespace, name, ..
        } = service;
        return (
            "absent",
            format!("has no condition Available: nobody judged its back end {namespace}/{name}"),
        );
    };
    let since = last_transition.map(|_| format!(" for {} s", ctx.seconds_since(*last_transition)));
    let text = format!(
        "is not available{} ({reason}): {message}",
        since.unwrap_or_default()
    );
    (status, text.trim_end_matches(['.', ' ', ':']).to_owned())
}
