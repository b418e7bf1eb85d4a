use std::collections::{BTreeMap, BTreeSet};

use airworthy_knowledge::api_version;
use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Crd, Served},
};

use crate::{
    Check, Context, Outcome, View, never,
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
    let lost = before.iter().filter(|((group, version), resources)| {
        // One whose discovery fails is registered, and another check says what is wrong with it.
        let fails = now.failed.contains(&api_version(group, version));
        !served.contains_key(&(*group, *version))
            && !fails
            && !is_planned(ctx, group, version, resources)
    });
    Ok(lost
        .map(|((group, version), resources)| {
            let why = if had_no_objects(ctx, &earlier, group, resources) {
                Why::Unused
            } else if groups.contains(group) && !is_built_in(ctx, group) {
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
    /// Nothing excuses it.
    Unknown,
}

/// Whether the definitions that served it are gone, and had no objects.
fn had_no_objects(
    ctx: &Context<'_>,
    before: &View<'_>,
    group: &str,
    resources: &BTreeSet<&str>,
) -> bool {
    let (Ok(then), Ok(now)) = (before.crds(), ctx.crds()) else {
        return false;
    };
    resources.iter().all(|resource| {
        let name = format!("{resource}.{group}");
        let old = then.iter().find(|crd| crd.name == name);
        let mut counts = old.into_iter().flat_map(|old| &old.probes);
        let empty = counts.find_map(|probe| probe.objects) == Some(0);
        let still = now.iter().any(|crd: &Crd| crd.name == name);
        empty && !still
    })
}

/// Kubernetes takes no version of its own groups away without a plan: then it was switched off.
fn is_built_in(ctx: &Context<'_>, group: &str) -> bool {
    ctx.knowledge.apis().any(|api| api.group == group)
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
