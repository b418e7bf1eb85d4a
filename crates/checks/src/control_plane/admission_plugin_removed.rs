use std::collections::BTreeMap;

use airworthy_knowledge::{Component as Program, PluginState};
use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Need, Phase, Severity, UpgradePath,
    facts::{Component, Components},
};

use super::started;
use crate::{Check, Context, Judgement, Outcome, text::short};

/// Admission plugins that the API server of the target does not have.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "AdmissionPluginRemoved",
        summary: "an admission plugin is named that the API server of the target does not have",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components],
        page: include_str!("admission_plugin_removed.md"),
    },
    blocks: |ctx| ctx.path().map_or(true, |path| any_goes(ctx, path)),
    run,
};

/// The flags that name plugins; what is switched off by name must be there as well.
const FLAGS: [&str; 3] = [
    "enable-admission-plugins",
    "disable-admission-plugins",
    "admission-control",
];

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if !any_goes(ctx, path) {
        return Ok(Judgement::default());
    }
    let seen = ctx.components()?;
    let found: Judgement = named(seen)
        .iter()
        .filter_map(|((plugin, flag), places)| judge(ctx, path, plugin, flag, places))
        .collect();
    Ok(started::concluded(ctx, found, || {
        started::gap(seen, &[Program::KubeApiserver])
    }))
}

/// Whether a plugin goes on the way: few minors lose one.
fn any_goes(ctx: &Context<'_>, path: &UpgradePath) -> bool {
    let mut ends = ctx
        .knowledge
        .plugins()
        .iter()
        .filter_map(|plugin| Some(plugin.spans.last()?.to.next()));
    ends.any(|end| path.crosses(end))
}

type Named<'a> = BTreeMap<(&'a str, &'static str), Vec<&'a Component>>;

fn named(seen: &Components) -> Named<'_> {
    let mut all = Named::new();
    for place in seen.of(Program::KubeApiserver.name()) {
        for flag in FLAGS {
            for plugin in place.list(flag) {
                all.entry((plugin, flag)).or_default().push(place);
            }
        }
    }
    all
}

fn judge(
    ctx: &Context<'_>,
    path: &UpgradePath,
    plugin: &str,
    flag: &'static str,
    places: &[&Component],
) -> Option<Finding> {
    let gone = |minor: Minor| match ctx.knowledge.plugin(plugin, minor) {
        PluginState::Removed { since } => Some(since),
        _ => None,
    };
    let (hop, since) = started::first(path, gone)?;
    let message = format!(
        "admission plugin {} in --{flag}: the API server does not have it from {since} on and does not start",
        short(plugin, 60)
    );
    let places = places.iter().map(|place| {
        let detail = format!("kube-apiserver is started with {plugin} in --{flag}");
        (*place, detail)
    });
    let program = Program::KubeApiserver.name();
    let finding = started::finding(ctx, Severity::Blocker, program, message, places)
        .setting(flag, plugin, None)
        .telling_apart(format!("{flag} {plugin}"));
    let finding = started::repair(finding, program, &format!("Take {plugin} out of --{flag}"));
    Some(Finding {
        hop: Some(hop),
        ..finding
    })
}
