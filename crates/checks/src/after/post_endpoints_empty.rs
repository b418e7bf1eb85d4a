use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{EndpointSlice, Service},
};

use super::intended::{Fate, fate, namespace_goes, severity_of_none};
use crate::{Check, Context, Outcome, View, always, text::counted};

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
        needs: &[
            Need::Services,
            Need::EndpointSlices,
            Need::Pods,
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
            Need::Namespaces,
            Need::Baseline,
        ],
        page: include_str!("post_endpoints_empty.md"),
    },
    blocks: always,
    run,
};

/// Namespace and name of a Service.
pub(super) type Key<'a> = (&'a str, &'a str);

fn run(ctx: &Context<'_>) -> Outcome {
    let services = by_key(ctx.services()?);
    let now = ready(ctx.endpoint_slices()?);
    let before = ctx.before()?;
    let earlier = before
        .services()
        .map(|services| by_key(services))
        .unwrap_or_default();
    let had = ready(before.endpoint_slices()?);
    let findings = had.into_iter().filter_map(|(key, had)| {
        let ready = now.get(&key).copied().unwrap_or(0);
        let service = services.get(&key).copied();
        if had == 0 || (service.is_some() && ready > 0) {
            return None;
        }
        let (severity, what) = judge(ctx, &before, key, service, earlier.get(&key).copied())?;
        let had = counted(had as usize, "ready endpoint");
        let message = format!("{what}; it had {had} before the upgrade");
        Some(describe(ctx, key, severity, message))
    });
    Ok(findings.collect())
}

fn by_key(services: &[Service]) -> BTreeMap<Key<'_>, &Service> {
    let keyed = services
        .iter()
        .map(|one| ((one.namespace.as_str(), one.name.as_str()), one));
    keyed.collect()
}

/// How bad it is that nobody is behind a Service any more, and in words. What its owner took away with it, or scaled to none, is
/// as somebody wants it; in `kube-system` that may be a mistake.
fn judge(
    ctx: &Context<'_>,
    before: &View<'_>,
    (namespace, _): Key<'_>,
    now: Option<&Service>,
    earlier: Option<&Service>,
) -> Option<(Severity, &'static str)> {
    // What has become a name in DNS has no endpoints.
    if now.is_some_and(|service| service.r#type == "ExternalName") {
        return None;
    }
    if namespace_goes(ctx, before, namespace) {
        return Some((Severity::Note, "is gone with its namespace"));
    }
    let fate = earlier.map_or(Fate::Wanted, |service| fate(ctx, before, service));
    Some(match (now, fate) {
        (None, Fate::Wanted) => (Severity::Risk, "is gone"),
        (None, _) => (Severity::Note, "is gone, and so is what was behind it"),
        (Some(_), Fate::ScaledToNone) => (
            severity_of_none(namespace),
            "has no ready endpoint: what is behind it is scaled to none",
        ),
        (Some(_), Fate::Gone) => (
            Severity::Blocker,
            "has no ready endpoint: what was behind it is gone",
        ),
        (Some(_), Fate::Wanted) => (Severity::Blocker, "has no ready endpoint"),
    })
}

/// Ready endpoints of each Service, over all its slices. A slice lists its endpoints once a family and once a set of ports, so the sum says no more than
/// whether there are any.
pub(super) fn ready(slices: &[EndpointSlice]) -> BTreeMap<Key<'_>, u32> {
    let mut ready = BTreeMap::new();
    for slice in slices.iter().filter(|slice| !slice.service.is_empty()) {
        *ready
            .entry((slice.namespace.as_str(), slice.service.as_str()))
            .or_insert(0) += slice.ready;
    }
    ready
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
