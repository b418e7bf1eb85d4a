use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Condition, Gateway, Ingress},
};

use super::{
    addresses::{Change, gone, gone_with_namespace, moved},
    intended::namespace_goes,
};
use crate::{
    Check, Context, Outcome, View, always,
    text::{short, some_of},
};

/// Ways into the cluster that are closed.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostIngress",
        summary: "an Ingress, Gateway or route lost its address or is not programmed any more",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Ingresses,
            Need::IngressClasses,
            Need::Gateways,
            Need::Namespaces,
            Need::Baseline,
        ],
        page: include_str!("post_ingress.md"),
    },
    blocks: always,
    run,
};

/// Conditions by which a controller says that traffic passes.
const PASSING: [&str; 3] = ["Accepted", "Programmed", "ResolvedRefs"];

#[expect(clippy::unnecessary_wraps, reason = "the parts say what they lack")]
fn run(ctx: &Context<'_>) -> Outcome {
    Ok([ingresses(ctx), classes(ctx), gateways(ctx)]
        .into_iter()
        .collect())
}

fn ingresses(ctx: &Context<'_>) -> Outcome {
    let now: BTreeMap<_, _> = ctx.ingresses()?.iter().map(|it| (key(it), it)).collect();
    let before = ctx.before()?;
    // A controller that never published an address says nothing by publishing none.
    let reached = before.ingresses()?.iter();
    let reached = reached.filter(|old| !old.addresses.is_empty());
    Ok(reached
        .filter_map(|old| ingress(ctx, &before, old, now.get(&key(old)).copied()))
        .collect())
}

/// Classes that are gone while Ingresses still name them: no controller takes those for its own any more.
fn classes(ctx: &Context<'_>) -> Outcome {
    let before = ctx.before()?;
    let now: BTreeSet<_> = ctx.ingress_classes()?.iter().map(|it| &it.name).collect();
    let gone = before.ingress_classes()?.iter();
    let gone = gone.filter(|class| !now.contains(&class.name));
    let mut users = BTreeMap::<_, BTreeSet<_>>::new();
    for one in ctx.ingresses()? {
        let name = format!("{}/{}", one.namespace, one.name);
        users.entry(one.class.as_deref()).or_default().insert(name);
    }
    Ok(gone
        .filter_map(|class| {
            Some(class_gone(
                ctx,
                &class.name,
                users.get(&Some(&*class.name))?,
            ))
        })
        .collect())
}

fn class_gone(ctx: &Context<'_>, class: &str, names: &BTreeSet<String>) -> Finding {
    let users = some_of(names.iter().map(String::as_str));
    let message = format!("is gone; before the upgrade it was there, and {users} still name it");
    let path = format!("/apis/networking.k8s.io/v1/ingressclasses/{class}");
    let subject = Subject::cluster("networking.k8s.io/v1", "IngressClass", class);
    let finding = describe(ctx, subject, path, (Severity::Risk, message));
    finding.fix_with(
        "Put the class back, or name another in these Ingresses",
        "kubectl get ingressclasses",
    )
}

/// Namespace and name.
fn key(ingress: &Ingress) -> (&str, &str) {
    (&ingress.namespace, &ingress.name)
}

fn ingress(
    ctx: &Context<'_>,
    before: &View<'_>,
    old: &Ingress,
    now: Option<&Ingress>,
) -> Option<Finding> {
    let change = match now {
        None if namespace_goes(ctx, before, &old.namespace) => gone_with_namespace(&old.addresses),
        None => gone(&old.addresses),
        Some(now) => moved(&old.addresses, &now.addresses)?,
    };
    let Ingress {
        namespace, name, ..
    } = old;
    let path = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}");
    let subject = Subject::namespaced("networking.k8s.io/v1", "Ingress", namespace, name);
    let class = old.class.as_ref().or(old.class_annotation.as_ref());
    let controller = class.map(|class| format!(" of class {}", short(class, 60)));
    let controller = controller.unwrap_or_default();
    Some(
        describe(ctx, subject, path, change)
            .fix(format!("Look at the controller{controller}: whether it runs, and what it says of this Ingress"))
            .fix_with("See the Ingress and its events", format!("kubectl -n {namespace} describe ingress {name}")),
    )
}

fn gateways(ctx: &Context<'_>) -> Outcome {
    let now: BTreeMap<_, _> = ctx.gateways()?.iter().map(|it| (route(it), it)).collect();
    let before = ctx.before()?.gateways()?;
    Ok(before
        .iter()
        .filter_map(|old| gateway(ctx, old, now.get(&route(old)).copied()))
        .collect())
}

/// Kind, namespace and name.
fn route(gateway: &Gateway) -> (&str, &str, &str) {
    (&gateway.kind, &gateway.namespace, &gateway.name)
}

fn gateway(ctx: &Context<'_>, old: &Gateway, now: Option<&Gateway>) -> Option<Finding> {
    let change = match now {
        None if passes(old) => (
            Severity::Risk,
            "is gone; before the upgrade traffic passed".to_owned(),
        ),
        None => return None,
        Some(now) => lost(old, now).or_else(|| moved(&old.addresses, &now.addresses))?,
    };
    let Gateway {
        namespace,
        name,
        kind,
        ..
    } = old;
    let resource = if kind == "Gateway" {
        "gateways"
    } else {
        "httproutes"
    };
    let path =
        format!("/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/{resource}/{name}");
    let subject = Subject::namespaced("gateway.networking.k8s.io/v1", kind, namespace, name);
    Some(describe(ctx, subject, path, change).fix_with(
        "See what its controller says, and whether that runs",
        format!("kubectl -n {namespace} describe {resource}.gateway.networking.k8s.io {name}"),
    ))
}

fn holds(gateway: &Gateway, condition: &str) -> bool {
    Condition::find(&gateway.conditions, condition).is_some_and(Condition::is_true)
}

fn passes(gateway: &Gateway) -> bool {
    holds(gateway, "Accepted") || holds(gateway, "Programmed")
}

/// Conditions that held and do not hold any more.
fn lost(old: &Gateway, now: &Gateway) -> Option<Change> {
    let lost = |condition: &&str| holds(old, condition) && !holds(now, condition);
    let condition = PASSING.into_iter().find(lost)?;
    let why = Condition::find(&now.conditions, condition)
        .map_or("nobody says so", |condition| condition.reason.as_str());
    let message = format!(
        "is not {condition} any more ({}), which it was before the upgrade",
        short(why, 60)
    );
    Some((Severity::Blocker, message))
}

fn describe(
    ctx: &Context<'_>,
    subject: Subject,
    path: String,
    (severity, message): Change,
) -> Finding {
    let message = short(&message, 200);
    Finding::new(severity, subject, message.clone()).because(Evidence::state(
        path,
        ctx.now(),
        message,
    ))
}
