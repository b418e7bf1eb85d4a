//! What Services ask for in ways that come or go.

use airworthy_model::{
    Evidence, Finding, Hop, Minor, Severity, Subject, UpgradePath,
    facts::{Service, ServiceAsk},
};

use crate::Context;

/// What becomes of one way of asking.
pub(super) struct Change {
    /// The first minor with the change.
    minor: Minor,
    ask: ServiceAsk,
    /// Asking in this way too makes the change harmless.
    instead: Option<ServiceAsk>,
    severity: Severity,
    /// Where it stands in the object.
    field: &'static str,
    /// What happens.
    effect: &'static str,
    fix: &'static str,
    /// A merge patch that asks in the new way.
    patch: Option<&'static str>,
}

/// Each minor is that of Kubernetes' own source: the last one whose endpoints and endpointslice controllers, kube-proxy and API
/// types read the old way, or the first one that says that it is deprecated.
const CHANGES: &[Change] = &[
    Change {
        minor: Minor::v1(22),
        ask: ServiceAsk::TopologyKeys,
        instead: None,
        severity: Severity::Risk,
        field: "spec.topologyKeys",
        effect: "is dropped from the Service: its traffic goes to all endpoints",
        fix: "Ask for topology-aware routing in a way that the target has, and take the field out",
        patch: None,
    },
    Change {
        minor: Minor::v1(24),
        ask: ServiceAsk::TolerateUnreadyEndpoints,
        instead: Some(ServiceAsk::PublishNotReadyAddresses),
        severity: Severity::Risk,
        field: "metadata.annotations[service.alpha.kubernetes.io/tolerate-unready-endpoints]",
        effect: "is not read any more: addresses of pods that are not ready are no longer published",
        fix: "Set the field that took its place before the upgrade",
        patch: Some(r#"{"spec":{"publishNotReadyAddresses":true}}"#),
    },
    Change {
        minor: Minor::v1(24),
        ask: ServiceAsk::LoadBalancerIp,
        instead: None,
        severity: Severity::Note,
        field: "spec.loadBalancerIP",
        effect: "is called deprecated, and still read: annotations of the load balancer's implementation are to take its place",
        fix: "Look up the annotation of the load balancer's implementation",
        patch: None,
    },
    Change {
        minor: Minor::v1(27),
        ask: ServiceAsk::TopologyAwareHints,
        instead: Some(ServiceAsk::TrafficDistribution),
        severity: Severity::Note,
        field: "metadata.annotations[service.kubernetes.io/topology-aware-hints]",
        effect: "is called deprecated, and still read: service.kubernetes.io/topology-mode took its place",
        fix: "Rename the annotation",
        patch: Some(
            r#"{"metadata":{"annotations":{"service.kubernetes.io/topology-aware-hints":null,"service.kubernetes.io/topology-mode":"Auto"}}}"#,
        ),
    },
    Change {
        minor: Minor::v1(33),
        ask: ServiceAsk::TopologyMode,
        instead: Some(ServiceAsk::TrafficDistribution),
        severity: Severity::Note,
        field: "metadata.annotations[service.kubernetes.io/topology-mode]",
        effect: "is called deprecated, and still read: spec.trafficDistribution takes its place",
        fix: "Ask by the field",
        patch: Some(
            r#"{"metadata":{"annotations":{"service.kubernetes.io/topology-mode":null}},"spec":{"trafficDistribution":"PreferClose"}}"#,
        ),
    },
];

/// A change, and the step that meets it.
pub(super) type Crossed = (&'static Change, Hop);

/// The changes that are met on the way.
pub(super) fn changes(path: &UpgradePath) -> Vec<Crossed> {
    let met = |change: &'static Change| Some((change, path.hop_crossing(change.minor)?));
    CHANGES.iter().filter_map(met).collect()
}

pub(super) fn judge(ctx: &Context<'_>, service: &Service, changes: &[Crossed]) -> Vec<Finding> {
    let concerns = |change: &Change| {
        let asks = |ask: &ServiceAsk| service.asks.contains(ask);
        asks(&change.ask) && !change.instead.as_ref().is_some_and(asks)
    };
    let met = changes.iter().filter(|(change, _)| concerns(change));
    met.map(|(change, hop)| finding(ctx, service, change, *hop))
        .collect()
}

fn finding(ctx: &Context<'_>, service: &Service, change: &Change, hop: Hop) -> Finding {
    let Service {
        namespace, name, ..
    } = service;
    let subject = Subject::namespaced("v1", "Service", namespace, name);
    let source = format!("/api/v1/namespaces/{namespace}/services/{name}");
    let (field, minor) = (change.field, change.minor);
    let message = format!("from {minor} on {} {}", short(field), change.effect);
    let found = Finding::new(change.severity, subject, message)
        .at(hop)
        .telling_apart(field)
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("{field} is set"),
        ))
        .setting(field, "set", None);
    match change.patch {
        Some(patch) => {
            let command =
                format!("kubectl -n {namespace} patch service {name} --type=merge -p '{patch}'");
            found.fix_with(change.fix, command)
        }
        None => found.fix(change.fix),
    }
}

/// An annotation by its key, a field by its path.
fn short(field: &str) -> String {
    let annotation = field.strip_prefix("metadata.annotations[");
    match annotation.and_then(|rest| rest.strip_suffix(']')) {
        Some(key) => format!("annotation {key}"),
        None => field.to_owned(),
    }
}
