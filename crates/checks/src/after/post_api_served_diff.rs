use std::collections::{BTreeMap, BTreeSet};

use airworthy_knowledge::api_version;
use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Served,
};

use crate::{
    Check, Context, Outcome, never,
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
        needs: &[Need::Discovery, Need::Baseline],
        page: include_str!("post_api_served_diff.md"),
    },
    blocks: never,
    run,
};

/// Resources by group and version.
type Versions<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>;

fn run(ctx: &Context<'_>) -> Outcome {
    let now = ctx.discovery()?;
    let old = ctx.before()?.discovery()?;
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
            describe(
                ctx,
                &api_version(group, version),
                resources,
                groups.contains(group),
            )
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

fn describe(ctx: &Context<'_>, at: &str, resources: &BTreeSet<&str>, another: bool) -> Finding {
    let (severity, rest) = if another {
        (Severity::Note, "the group is served at another version")
    } else {
        (Severity::Risk, "and no other version of the group is")
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
