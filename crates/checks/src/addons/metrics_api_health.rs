use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{ApiService, Condition, Hpa},
};

use crate::{
    Check, Context, Outcome, never,
    text::{counted, some_of},
};

/// Autoscalers that nobody tells what is used.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "MetricsApiHealth",
        summary: "autoscalers need a metrics API that is not there, or does not answer",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Hpas, Need::ApiServices],
        page: include_str!("metrics_api_health.md"),
    },
    blocks: never,
    run,
};

/// The groups of metrics, and the types of metrics that are asked of them.
const SOURCES: [(&str, &[&str]); 3] = [
    ("metrics.k8s.io", &["Resource", "ContainerResource"]),
    ("custom.metrics.k8s.io", &["Pods", "Object"]),
    ("external.metrics.k8s.io", &["External"]),
];

fn run(ctx: &Context<'_>) -> Outcome {
    let hpas = ctx.hpas()?;
    if hpas.is_empty() {
        return Ok(crate::Judgement::default());
    }
    let services = ctx.api_services()?;
    let judge = |(group, types): (&'static str, &[&str])| {
        let asks = |hpa: &&Hpa| {
            hpa.metrics
                .iter()
                .any(|metric| types.contains(&metric.as_str()))
        };
        let mut asking: Vec<_> = hpas.iter().filter(asks).collect();
        asking.sort_by_key(|hpa| (&hpa.namespace, &hpa.name));
        let first = *asking.first()?;
        let (source, why) = fault(services, group)?;
        let names: Vec<_> = asking
            .iter()
            .map(|hpa| format!("{}/{}", hpa.namespace, hpa.name))
            .collect();
        let asked = format!(
            "{} ({}) cannot tell",
            counted(asking.len(), "autoscaler"),
            some_of(names.iter().map(String::as_str))
        );
        Some(describe(
            ctx,
            group,
            first,
            &source,
            &format!("{why}: {asked} what is used"),
        ))
    };
    Ok(SOURCES.into_iter().filter_map(judge).collect())
}

/// What is wrong with the APIs of a group: where to look, and why. Versions stand beside one another, and one that answers is enough.
fn fault(services: &[ApiService], group: &str) -> Option<(String, String)> {
    let of_group: Vec<_> = services
        .iter()
        .filter(|service| service.group == group)
        .collect();
    let condition =
        |service: &ApiService| Condition::find(&service.conditions, "Available").cloned();
    let answers = |service: &&ApiService| condition(service).is_some_and(|one| one.is_true());
    if of_group.iter().any(answers) {
        return None;
    }
    let Some(service) = of_group.first() else {
        return Some((group.to_owned(), format!("nothing serves {group}")));
    };
    let reason = condition(service).map_or_else(|| "no condition".to_owned(), |one| one.reason);
    Some((
        service.name.clone(),
        format!("{} is not available ({reason})", service.name),
    ))
}

fn describe(ctx: &Context<'_>, group: &str, hpa: &Hpa, name: &str, message: &str) -> Finding {
    let subject = Subject::cluster("apiregistration.k8s.io/v1", "APIService", name);
    let source = format!("/apis/apiregistration.k8s.io/v1/apiservices/{name}");
    let detail = format!(
        "asked by HorizontalPodAutoscaler {}/{}",
        hpa.namespace, hpa.name
    );
    let what = match group {
        "metrics.k8s.io" => "Repair metrics-server, or install it",
        _ => "Repair the adapter that serves these metrics, or take them out of the autoscalers",
    };
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(what, format!("kubectl get apiservices | grep {group}"))
}
