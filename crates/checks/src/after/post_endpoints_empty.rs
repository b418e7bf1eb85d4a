use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{EndpointSlice, Service},
};

use crate::{Check, Context, Outcome, always, text::counted};

/// Services that have lost all their endpoints.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostEndpointsEmpty",
        summary: "a Service that had ready endpoints before the upgrade has none now",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Services, Need::EndpointSlices, Need::Baseline],
        page: include_str!("post_endpoints_empty.md"),
    },
    blocks: always,
    run,
};

/// Namespace and name of a Service.
type Key<'a> = (&'a str, &'a str);

fn run(ctx: &Context<'_>) -> Outcome {
    let services: BTreeMap<Key<'_>, _> = ctx
        .services()?
        .iter()
        .map(|s| ((s.namespace.as_str(), s.name.as_str()), s))
        .collect();
    let now = ready(ctx.endpoint_slices()?);
    let before = ready(ctx.before()?.endpoint_slices()?);
    let findings = before
        .into_iter()
        .filter(|(_, ready)| *ready > 0)
        .filter_map(|(key, had)| {
            let ready = now.get(&key).copied().unwrap_or(0);
            judge(ctx, key, had, ready, services.get(&key).copied())
        });
    Ok(findings.collect())
}

/// Ready endpoints of each Service, over all its slices. A slice lists its endpoints once a family and once a set of ports, so the sum says no more than
/// whether there are any.
fn ready(slices: &[EndpointSlice]) -> BTreeMap<Key<'_>, u32> {
    let mut ready = BTreeMap::new();
    for slice in slices.iter().filter(|slice| !slice.service.is_empty()) {
        *ready
            .entry((slice.namespace.as_str(), slice.service.as_str()))
            .or_insert(0) += slice.ready;
    }
    ready
}

fn judge(
    ctx: &Context<'_>,
    key: Key<'_>,
    had: u32,
    ready: u32,
    service: Option<&Service>,
) -> Option<Finding> {
    let had = format!(
        "{} before the upgrade",
        counted(had as usize, "ready endpoint")
    );
    match service {
        None => Some(describe(
            ctx,
            key,
            Severity::Risk,
            format!("is gone; it had {had}"),
        )),
        // What has become a name in DNS has no endpoints.
        Some(service) if service.r#type == "ExternalName" => None,
        Some(_) if ready > 0 => None,
        Some(_) => Some(describe(
            ctx,
            key,
            Severity::Blocker,
            format!("has no ready endpoint; it had {had}"),
        )),
    }
}

fn describe(
    ctx: &Context<'_>,
    (namespace, name): Key<'_>,
    severity: Severity,
    message: String,
) -> Finding {
    let source = format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices");
    Finding::new(
        severity,
        Subject::namespaced("v1", "Service", namespace, name),
        message,
    )
    .because(Evidence::state(
        source,
        ctx.now(),
        format!("slices labelled kubernetes.io/service-name={name}: no endpoint is ready"),
    ))
    .fix_with(
        "Look at its endpoints and at the pods that should be behind it",
        format!(
            "kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={name} -o yaml"
        ),
    )
}
