use std::collections::BTreeMap;

use airworthy_knowledge::{Component as Program, Serving};
use airworthy_model::{
    CheckInfo, Finding, Group, Hop, Kind, Minor, Need, Phase, Severity, UpgradePath,
    facts::{Component, Components},
};

use super::started;
use crate::{Check, Context, Judgement, Outcome, text::short};

/// Versions of APIs that are switched on or off and that the target does not have, or refuses to start with.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "RuntimeConfigApi",
        summary: "--runtime-config names an API version that the target does not have",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components],
        page: include_str!("runtime_config_api.md"),
    },
    blocks: |ctx| ctx.path().map_or(true, |path| may_refuse(ctx, path)),
    run,
};

const FLAG: &str = "runtime-config";

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if path.hops.is_empty() {
        return Ok(Judgement::default());
    }
    let seen = ctx.components()?;
    let found: Judgement = named(seen)
        .iter()
        .filter_map(|(entry, places)| judge(ctx, path, entry, places))
        .collect();
    Ok(started::concluded(ctx, found, || {
        started::gap(seen, &[Program::KubeApiserver])
    }))
}

fn named(seen: &Components) -> BTreeMap<&str, Vec<&Component>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for place in seen.of(Program::KubeApiserver.name()) {
        for entry in place.list(FLAG) {
            all.entry(entry).or_default().push(place);
        }
    }
    all
}

fn judge(
    ctx: &Context<'_>,
    path: &UpgradePath,
    entry: &str,
    places: &[&Component],
) -> Option<Finding> {
    let name = entry.split('=').next()?;
    let mut parts = name.split('/');
    let (group, version, resource) = match (parts.next()?, parts.next()) {
        // The core group has no name; `api/all` and its like are no versions.
        ("api", _) | (_, None) => return None,
        (group, Some(version)) => (group, version, parts.next()),
    };
    let (severity, hop, message) = fate(ctx, path, entry, (group, version, resource))?;
    let places = places.iter().map(|place| {
        (
            *place,
            format!("kube-apiserver is started with {entry} in --{FLAG}"),
        )
    });
    let program = Program::KubeApiserver.name();
    let finding = started::finding(ctx, severity, program, message, places)
        .setting(FLAG, entry, None)
        .telling_apart(name);
    let finding = started::repair(
        finding,
        program,
        &format!("Take {entry} out of --{FLAG}, once nobody uses it"),
    );
    Some(Finding {
        hop: Some(hop),
        ..finding
    })
}

/// What comes of an entry on the way: how bad, at which hop, in words.
fn fate(
    ctx: &Context<'_>,
    path: &UpgradePath,
    entry: &str,
    (group, version, resource): (&str, &str, Option<&str>),
) -> Option<(Severity, Hop, String)> {
    let entry = short(entry, 80);
    let refused = |minor| is_unknown(ctx, group, version, minor).then_some(minor);
    let gone = |minor| (!has(ctx, group, version, resource, minor)).then_some(minor);
    let from = path.from.minor;
    if refused(from).is_none()
        && let Some((hop, since)) = started::first(path, refused)
    {
        let message = format!(
            "--{FLAG} names {entry}: an API server of {since} does not know this version and does not start"
        );
        return Some((Severity::Blocker, hop, message));
    }
    if gone(from).is_some() {
        return None;
    }
    let (hop, since) = started::first(path, gone)?;
    let message = format!("--{FLAG} names {entry}, which an API server of {since} does not have");
    Some((Severity::Risk, hop, message))
}

/// Whether the source of a minor has none of a version's types any more. An API server passes over an entry of a version that it
/// has and does not serve, and ends over one that it never heard of (`applyVersionAndResourcePreferences` of `k8s.io/apiserver`).
fn is_unknown(ctx: &Context<'_>, group: &str, version: &str, minor: Minor) -> bool {
    let is = |api: &&airworthy_knowledge::Api| api.group == group && api.version == version;
    let mut kinds = ctx.knowledge.apis().filter(is).peekable();
    let ended =
        |api: &airworthy_knowledge::Api| api.last_in_source.is_some_and(|last| last < minor);
    kinds.peek().is_some() && kinds.all(ended)
}

/// Whether any version leaves the source on this path.
fn may_refuse(ctx: &Context<'_>, path: &UpgradePath) -> bool {
    let mut ends = ctx.knowledge.apis().filter_map(|api| api.last_in_source);
    ends.any(|last| path.crosses(last.next()))
}

/// Whether an API server of a minor has it, on or off.
fn has(
    ctx: &Context<'_>,
    group: &str,
    version: &str,
    resource: Option<&str>,
    minor: Minor,
) -> bool {
    let is = |api: &&airworthy_knowledge::Api| {
        api.group == group
            && api.version == version
            && resource.is_none_or(|name| api.resource == name)
    };
    let mut all = ctx.knowledge.apis().filter(is);
    all.any(|api| matches!(api.serving(minor), Serving::Served | Serving::OffByDefault))
}
