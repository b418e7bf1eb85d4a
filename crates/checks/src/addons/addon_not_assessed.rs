use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Crd, Workload},
};

use super::installed::{self, Installed};
use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{counted, short, some_of},
    workloads::workload,
};

/// Add-ons whose version nothing here can judge.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "AddonNotAssessed",
        summary: "an add-on whose version was not held against the target",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Note,
        vendor: false,
        needs: &[
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
            Need::Crds,
        ],
        page: include_str!("addon_not_assessed.md"),
    },
    blocks: never,
    run: |ctx| Ok(run(ctx)),
};

/// What can be listed is told, whatever cannot.
fn run(ctx: &Context<'_>) -> Judgement {
    let (workloads, missing) = workload::listed(ctx);
    let mut installed = Vec::new();
    let mut strangers = Vec::new();
    for workload in workloads {
        let addons = installed::of(ctx, workload);
        if addons.is_empty() && workload.namespace == "kube-system" {
            strangers.push(stranger(ctx, workload));
        }
        installed.extend(addons);
    }
    let unjudged = installed.iter().filter_map(|one| unjudged(ctx, one));
    let workloads: Judgement = strangers.into_iter().chain(unjudged).collect();
    let parts: [Outcome; 2] = [Ok(workloads.without(missing)), definitions(ctx, &installed)];
    parts.into_iter().collect()
}

/// A workload of the system that no table knows.
fn stranger(ctx: &Context<'_>, workload: &Workload) -> Finding {
    let Workload {
        kind,
        namespace,
        name,
        images,
        ..
    } = workload;
    let images = if images.is_empty() {
        "no image".to_owned()
    } else {
        images.join(", ")
    };
    let resource = kind.resource();
    let source = format!("/apis/apps/v1/namespaces/{namespace}/{resource}/{name}");
    let message = format!(
        "version not assessed: no table knows its images ({})",
        short(&images, 120)
    );
    Finding::new(
        Severity::Note,
        Subject::namespaced("apps/v1", kind.kind(), namespace, name),
        message,
    )
    .because(Evidence::state(
        source,
        ctx.now(),
        format!("images: {images}"),
    ))
    .fix_with(
        "Hold the version in its image tags against the compatibility matrix of its own project",
        format!("kubectl -n {namespace} get {resource} {name} -o wide"),
    )
}

/// An add-on that is known, of which no range says whether this version fits.
fn unjudged(ctx: &Context<'_>, one: &Installed<'_>) -> Option<Finding> {
    if one.addon.judged_by.is_some() || one.range().is_some() {
        return None;
    }
    let why = if one.addon.versions.is_empty() {
        "no table of its versions is known"
    } else if one.version.is_some() {
        "no table has this version"
    } else {
        "its image tells no version"
    };
    let message = format!("{} not assessed: {why}", one.title());
    let detail = format!("image {}", one.image);
    let where_to = one.addon.source.as_deref().unwrap_or("its own project");
    let fix = format!("Hold its version against what {where_to} says of the target");
    Some(
        one.finding(ctx, Severity::Note, message, &detail)
            .fix_with(fix, one.show()),
    )
}

/// API groups of definitions whose owner is not known, or not among the workloads.
fn definitions(ctx: &Context<'_>, installed: &[Installed<'_>]) -> Outcome {
    let mut groups: BTreeMap<&str, Vec<&Crd>> = BTreeMap::new();
    for crd in ctx.crds()? {
        groups.entry(&crd.group).or_default().push(crd);
    }
    let judge = |(group, crds): (&str, Vec<&Crd>)| {
        let why = without_owner(ctx, group, installed)?;
        Some(describe_group(ctx, group, &crds, &why))
    };
    Ok(groups.into_iter().filter_map(judge).collect())
}

/// Why nobody held the owner of a group against the target; `None` where somebody did.
fn without_owner(ctx: &Context<'_>, group: &str, installed: &[Installed<'_>]) -> Option<String> {
    let owns = |groups: &[String]| groups.iter().any(|owned| owned == group);
    let owners: Vec<_> = ctx
        .knowledge
        .addons()
        .iter()
        .filter(|addon| owns(&addon.groups))
        .collect();
    if owners.is_empty() {
        return Some("no table knows the add-on that they belong to".into());
    }
    let is_here = installed.iter().any(|one| owners.contains(&one.addon));
    // Of definitions alone, such as those of the Gateway API, no workload needs to run.
    let plain = owners.iter().all(|addon| addon.images.is_empty());
    let names = owners.iter().map(|addon| addon.addon.as_str());
    (!is_here && !plain).then(|| format!("no workload of {} is known by its image", some_of(names)))
}

fn describe_group(ctx: &Context<'_>, group: &str, crds: &[&Crd], why: &str) -> Finding {
    let names: Vec<_> = crds.iter().map(|crd| crd.name.as_str()).collect();
    let definitions = counted(crds.len(), "definition");
    let message = format!(
        "{definitions} of API group {} not assessed: {why}",
        short(group, 60)
    );
    let source = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    Finding::new(
        Severity::Note,
        Subject::cluster("", "APIGroup", group),
        message,
    )
    .because(Evidence::state(source, ctx.now(), some_of(names)))
    .fix_with(
        "Find out what serves these objects, and hold its version against the target",
        format!("kubectl get crd -o name | grep '\\.{group}$'"),
    )
}
