use std::collections::{BTreeMap, BTreeSet};

use airworthy_knowledge::api_version;
use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Served,
};

use crate::{
    Check, Context, Judgement, Outcome, View, never,
    text::{short, some_of},
};

/// APIs that are not served any more although nothing planned their end.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostApiServedDiff",
        summary: "an API version is not served any more although it does not end on this way",
        phase: Phase::Post,
        group: Group::MasterCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Discovery, Need::Crds, Need::Baseline],
        page: include_str!("post_api_served_diff.md"),
    },
    blocks: never,
    run,
};

/// Resources by group and version.
type Versions<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>;

fn run(ctx: &Context<'_>) -> Outcome {
    let now = ctx.discovery()?;
    let earlier = ctx.before()?;
    let old = earlier.discovery()?;
    let (before, served) = (versions(old), versions(now));
    let groups: BTreeSet<_> = served.keys().map(|(group, _)| *group).collect();
    let lost: Vec<_> = before
        .iter()
        .filter(|((group, version), resources)| {
            // One whose discovery fails is registered, and another check says what is wrong with it.
            let fails = now.failed.contains(&api_version(group, version));
            !served.contains_key(&(*group, *version))
                && !fails
                && !is_planned(ctx, group, version, resources)
        })
        .collect();
    if lost.is_empty() {
        return Ok(Judgement::default());
    }
    let unused = unused(ctx, &earlier);
    let built_in: BTreeSet<_> = ctx.knowledge.apis().map(|api| api.group.as_str()).collect();
    Ok(lost
        .into_iter()
        .map(|((group, version), resources)| {
            let is_unused =
                |resource: &&str| unused.contains(format!("{resource}.{group}").as_str());
            let why = if resources.iter().all(is_unused) {
                Why::Unused
            } else if groups.contains(group) && !built_in.contains(group) {
                Why::Another
            } else {
                Why::Unknown
            };
            describe(ctx, &api_version(group, version), resources, why)
        })
        .collect())
}

fn versions(served: &Served) -> Versions<'_> {
    let mut versions = Versions::new();
    for it in &served.resources {
        let resources = versions.entry((&it.group, &it.version)).or_default();
        resources.insert(&it.resource);
    }
    versions
}

/// Alpha versions come and go with every minor; of others all that was served must end on the way.
fn is_planned(ctx: &Context<'_>, group: &str, version: &str, resources: &BTreeSet<&str>) -> bool {
    let ends = |resource: &&str| {
        let removed = ctx.knowledge.removed_in(group, version, resource);
        removed.is_some_and(|removed| ctx.crosses(removed))
    };
    version.contains("alpha") || resources.iter().all(ends)
}

/// What may have become of a version.
#[derive(Clone, Copy)]
enum Why {
    /// Its definitions are gone, and nobody had made an object of them.
    Unused,
    /// Whoever serves the group serves another version of it.
    Another,
    /// Nothing excuses it. Kubernetes takes no version of its own groups away without a plan: then it was switched off.
    Unknown,
}

/// Definitions that are gone, and had no objects.
fn unused<'a>(ctx: &Context<'_>, before: &View<'a>) -> BTreeSet<&'a str> {
    let (Ok(then), Ok(now)) = (before.crds(), ctx.crds()) else {
        return BTreeSet::new();
    };
    let still: BTreeSet<_> = now.iter().map(|crd| &crd.name).collect();
    then.iter()
        .filter(|crd| !still.contains(&crd.name))
        .filter(|crd| crd.objects() == Some(0))
        .map(|crd| crd.name.as_str())
        .collect()
}

fn describe(ctx: &Context<'_>, at: &str, resources: &BTreeSet<&str>, why: Why) -> Finding {
    let (severity, rest) = match why {
        Why::Unused => (
            Severity::Note,
            "their definitions are gone, and had no objects",
        ),
        Why::Another => (Severity::Note, "the group is served at another version"),
        Why::Unknown => (Severity::Risk, "and nothing on this way takes it away"),
    };
    let names = some_of(resources.iter().copied());
    let message = short(
        &format!("is not served any more, with {names}; {rest}"),
        200,
    );
    let evidence = Evidence::state(
        "/apis",
        ctx.now(),
        format!("{at} was served before the upgrade and is not now"),
    );
    Finding::new(severity, Subject::cluster("", "APIVersion", at), message)
        .because(evidence)
        .fix("When it came from an add-on, see whether its definitions or its API server are still installed")
        .fix_with("See what is served", "kubectl api-versions".to_owned())
}
