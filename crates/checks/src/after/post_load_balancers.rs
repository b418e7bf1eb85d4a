use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Service,
};

use super::addresses::{Change, moved};
use crate::{
    Check, Context, Outcome, always,
    text::{short, some_of},
};

/// Load balancers that are reached elsewhere, or nowhere.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostLoadBalancers",
        summary: "a Service of type LoadBalancer lost its address or has another one",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Services, Need::Baseline],
        page: include_str!("post_load_balancers.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let now: BTreeMap<_, _> = ctx.services()?.iter().map(|it| (key(it), it)).collect();
    let before = ctx.before()?.services()?.iter();
    // A load balancer that was never given an address says nothing by having none.
    let balanced = before.filter(|old| is_balanced(old) && !old.addresses.is_empty());
    Ok(balanced
        .filter_map(|old| Some(describe(ctx, old, judge(old, now.get(&key(old))?)?)))
        .collect())
}

fn key(service: &Service) -> (&str, &str) {
    (&service.namespace, &service.name)
}

fn is_balanced(service: &Service) -> bool {
    service.r#type == "LoadBalancer"
}

fn judge(old: &Service, now: &Service) -> Option<Change> {
    if is_balanced(now) {
        return moved(&old.addresses, &now.addresses);
    }
    let had = some_of(old.addresses.iter().map(String::as_str));
    let kind = short(&now.r#type, 40);
    let message =
        format!("is of type {kind} now; before the upgrade it was a LoadBalancer at {had}");
    Some((Severity::Risk, message))
}

fn describe(ctx: &Context<'_>, old: &Service, (severity, message): Change) -> Finding {
    let Service {
        namespace, name, ..
    } = old;
    let message = short(&message, 200);
    let subject = Subject::namespaced("v1", "Service", namespace, name);
    let source = format!("/api/v1/namespaces/{namespace}/services/{name}");
    Finding::new(severity, subject, message.clone())
        .because(Evidence::state(source, ctx.now(), message))
        .fix("Look at the cloud controller or the load balancer's own: whether it runs, and what it says of this Service")
        .fix_with("See the Service and its events", format!("kubectl -n {namespace} describe service {name}"))
}
