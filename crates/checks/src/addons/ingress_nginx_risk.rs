use airworthy_model::{
    AddonVersion, CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Ingress, IngressClass},
};

use super::installed::{self, Installed};
use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{counted, some_of},
};

/// Ingresses that another ingress-nginx will not take.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "IngressNginxRisk",
        summary: "an Ingress that a newer ingress-nginx passes over or refuses",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
            Need::Ingresses,
            Need::IngressClasses,
        ],
        page: include_str!("ingress_nginx_risk.md"),
    },
    blocks: never,
    run: |ctx| Ok(run(ctx)),
};

/// The add-ons whose controller it is: the project's own, and Rancher's fork.
const PROGRAMS: [&str; 2] = ["ingress-nginx", "rancher-ingress-nginx"];
/// The controller of its classes.
const CONTROLLER: &str = "k8s.io/ingress-nginx";

fn run(ctx: &Context<'_>) -> Judgement {
    let (installed, missing) = installed::all(ctx, ctx);
    let nginx: Vec<_> = installed
        .iter()
        .filter(|one| PROGRAMS.contains(&&*one.addon.addon))
        .collect();
    if nginx.is_empty() && missing.is_empty() {
        return Judgement::not_applicable("no ingress-nginx runs here");
    }
    if nginx.is_empty() {
        return Judgement::default().without(missing);
    }
    let old: Judgement = nginx
        .iter()
        .filter_map(|one| first_generation(ctx, one))
        .collect();
    [Ok(old.without(missing)), ingresses(ctx)]
        .into_iter()
        .collect()
}

/// 0.x reads Ingresses at versions that 1.22 took away.
fn first_generation(ctx: &Context<'_>, one: &Installed<'_>) -> Option<Finding> {
    let first: AddonVersion = "1.0".parse().ok()?;
    let is_old = one
        .version
        .as_ref()
        .is_some_and(|version| version.order(&first).is_lt());
    is_old.then(|| {
        let message = format!(
            "{} reads Ingresses at versions that 1.22 took away",
            one.title()
        );
        one.finding(
            ctx,
            Severity::Risk,
            message,
            &format!("image {}", one.image),
        )
        .fix_with(
            "Replace it: a controller of version 1.0 or later reads networking.k8s.io/v1",
            one.show(),
        )
    })
}

fn ingresses(ctx: &Context<'_>) -> Outcome {
    let (ingresses, classes) = (ctx.ingresses()?, ctx.ingress_classes()?);
    let mine = |ingress: &&Ingress| is_of_nginx(ingress, classes);
    let snippets = ingresses
        .iter()
        .filter(mine)
        .filter(|one| !one.snippets.is_empty());
    let snippets = snippets.map(|one| snippet(ctx, one));
    Ok(snippets.chain(classless(ctx, ingresses, classes)).collect())
}

/// Whether its class is one of ingress-nginx.
fn is_of_nginx(ingress: &Ingress, classes: &[IngressClass]) -> bool {
    let class = ingress.class.as_ref().or(ingress.class_annotation.as_ref());
    class.is_some_and(|name| {
        let known = classes.iter().find(|class| class.name == *name);
        known.map_or(name == "nginx", |class| class.controller == CONTROLLER)
    })
}

fn path(ingress: &Ingress) -> String {
    let (namespace, name) = (&ingress.namespace, &ingress.name);
    format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}")
}

fn snippet(ctx: &Context<'_>, ingress: &Ingress) -> Finding {
    let (namespace, name) = (&ingress.namespace, &ingress.name);
    let subject = Subject::namespaced("networking.k8s.io/v1", "Ingress", namespace, name);
    let names = some_of(ingress.snippets.iter().map(String::as_str));
    let message = format!(
        "has snippets ({names}): ingress-nginx refuses them from 1.9 on unless it is told not to"
    );
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(path(ingress), ctx.now(), format!("annotations {names}")))
        .setting("metadata.annotations", names.clone(), None)
        .fix_with(
            "Do without the snippets, or allow them: allow-snippet-annotations, and annotations-risk-level Critical from 1.12 on",
            format!("kubectl -n {namespace} get ingress {name} -o yaml"),
        )
}

/// Ingresses without a class and without an address: nobody may serve them. Where there is a default class, new ones get it; those
/// that another controller serves have an address.
fn classless(
    ctx: &Context<'_>,
    ingresses: &[Ingress],
    classes: &[IngressClass],
) -> Option<Finding> {
    let others = classes.iter().any(|class| class.controller != CONTROLLER);
    let is_bare = |one: &&Ingress| one.class.is_none() && one.class_annotation.is_none();
    let bare: Vec<_> = ingresses.iter().filter(is_bare).collect();
    let bare: Vec<_> = if others {
        bare.into_iter()
            .filter(|one| one.addresses.is_empty())
            .collect()
    } else {
        bare
    };
    let first = bare.iter().min_by_key(|one| (&one.namespace, &one.name))?;
    let mut names: Vec<_> = bare
        .iter()
        .map(|one| format!("{}/{}", one.namespace, one.name))
        .collect();
    names.sort();
    let which = some_of(names.iter().map(String::as_str));
    let message = format!(
        "{} without a class ({which}): ingress-nginx 1.x passes them over unless it is told not to",
        counted(bare.len(), "Ingress object")
    );
    let subject = Subject::namespaced(
        "networking.k8s.io/v1",
        "Ingress",
        &first.namespace,
        &first.name,
    );
    let finding = Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(path(first), ctx.now(), "neither spec.ingressClassName nor the annotation"))
        .setting("spec.ingressClassName", "", Some("nginx"))
        .telling_apart("classless")
        .fix_with(
            "Name the class in each of them",
            format!(
                "kubectl -n {} patch ingress {} --type merge -p '{{\"spec\":{{\"ingressClassName\":\"nginx\"}}}}'",
                first.namespace, first.name
            ),
        );
    Some(finding)
}
