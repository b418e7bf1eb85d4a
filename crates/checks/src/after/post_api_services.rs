use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{ApiService, Condition},
};

use super::baseline::{Before, Earlier, optional};
use crate::{Check, Context, Judgement, Outcome, always, text::short};

/// Aggregated APIs that the upgrade has cut off.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostApiServices",
        summary: "an aggregated API is not available that was before the upgrade",
        phase: Phase::Post,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::ApiServices, Need::Baseline],
        page: include_str!("post_api_services.md"),
    },
    blocks: always,
    run,
};

/// Registrations by name.
type ByName<'a> = BTreeMap<&'a str, &'a ApiService>;

fn run(ctx: &Context<'_>) -> Outcome {
    let now = by_name(ctx.api_services()?);
    let (before, gap) = optional(ctx.before().and_then(|before| before.api_services()));
    let before = before.map(|before| by_name(before));
    let down = now.values().filter(|api| !is_available(api)).map(|api| {
        let old = Earlier::find(before.as_ref(), |before| before.get(api.name.as_str()));
        unavailable(ctx, api, old.was(|old| is_available(old)))
    });
    let findings: Judgement = down
        .chain(before.iter().flat_map(|before| gone(ctx, before, &now)))
        .collect();
    Ok(findings.without(gap))
}

fn by_name(services: &[ApiService]) -> ByName<'_> {
    services
        .iter()
        .map(|api| (api.name.as_str(), api))
        .collect()
}

fn is_available(api: &ApiService) -> bool {
    Condition::find(&api.conditions, "Available").is_some_and(Condition::is_true)
}

/// Aggregated APIs that were available and are not registered any more. What the API server itself no longer serves, it takes away in order.
fn gone<'a>(
    ctx: &'a Context<'_>,
    before: &'a ByName<'_>,
    now: &'a ByName<'_>,
) -> impl Iterator<Item = Finding> {
    let gone = before.values().filter(|old| {
        old.service.is_some() && is_available(old) && !now.contains_key(old.name.as_str())
    });
    gone.map(|old| {
        describe(
            ctx,
            old,
            Severity::Risk,
            "is not registered any more; before the upgrade it was available".into(),
            "absent now",
        )
    })
}

fn unavailable(ctx: &Context<'_>, api: &ApiService, before: Before) -> Finding {
    let condition = Condition::find(&api.conditions, "Available");
    let (reason, text) = condition.map_or(("no condition", ""), |c| {
        (c.reason.as_str(), c.message.as_str())
    });
    let message = format!(
        "is not available ({}){}",
        short(reason, 60),
        before.words(", which it was before the upgrade")
    );
    let sampled = if api.resampled { "; seen twice" } else { "" };
    describe(
        ctx,
        api,
        before.severity(),
        message,
        &format!("Available is not True: {reason} {text}{sampled}"),
    )
}

fn describe(
    ctx: &Context<'_>,
    api: &ApiService,
    severity: Severity,
    message: String,
    detail: &str,
) -> Finding {
    let name = &api.name;
    let subject = Subject::cluster("apiregistration.k8s.io/v1", "APIService", name);
    let source = format!("/apis/apiregistration.k8s.io/v1/apiservices/{name}");
    let finding = Finding::new(severity, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "See why the API server cannot reach it",
            format!("kubectl describe apiservice {name}"),
        );
    match &api.service {
        Some(service) => finding.fix_with(
            "Look at the Service behind it and its pods",
            format!(
                "kubectl -n {} get service,endpointslices -l kubernetes.io/service-name={}",
                service.namespace, service.name
            ),
        ),
        None => finding,
    }
}
