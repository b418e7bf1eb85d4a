use std::collections::BTreeMap;

use airworthy_knowledge::{Component as Program, Serving};
use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Need, Phase, Severity, UpgradePath,
    facts::{Component, Components},
};

use super::started;
use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Versions of APIs that are switched on or off and that the target does not have.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "RuntimeConfigApi",
        summary: "--runtime-config names an API version that the target does not have",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Components],
        page: include_str!("runtime_config_api.md"),
    },
    blocks: never,
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
    let gone = |minor: Minor| (!has(ctx, group, version, resource, minor)).then_some(minor);
    if gone(path.from.minor).is_some() {
        return None;
    }
    let (hop, since) = started::first(path, gone)?;
    let message = format!(
        "--{FLAG} names {}, which an API server of {since} does not have",
        short(entry, 80)
    );
    let places = places.iter().map(|place| {
        (
            *place,
            format!("kube-apiserver is started with {entry} in --{FLAG}"),
        )
    });
    let program = Program::KubeApiserver.name();
    let finding = started::finding(ctx, Severity::Risk, program, message, places)
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
