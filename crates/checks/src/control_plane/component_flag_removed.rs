use std::collections::BTreeMap;

use airworthy_knowledge::{Component as Program, FlagState};
use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Need, Phase, Severity, UpgradePath,
    facts::{Component, Components},
};

use super::started::{self, CONTROL_PLANE};
use crate::{Check, Context, Judgement, Outcome, nodes::kube_proxy, text::short};

/// Flags that programs of the target do not take.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ComponentFlagRemoved",
        summary: "a flag is set that a control-plane program or kube-proxy of the target refuses",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components],
        page: include_str!("component_flag_removed.md"),
    },
    blocks: |ctx| {
        ctx.path()
            .map_or(true, |path| !at_stake(ctx, path).is_empty())
    },
    run,
};

const CLOUD: &str = "cloud-provider";
/// Providers that were built in, with the first minor whose API server refuses them and whose controller manager ends with them (the list
/// of providers in `k8s.io/cloud-provider`; for gce the gates that switch it off are locked).
const PROVIDERS: [(&str, Minor); 5] = [
    ("openstack", Minor::v1(26)),
    ("aws", Minor::v1(27)),
    ("azure", Minor::v1(30)),
    ("vsphere", Minor::v1(30)),
    ("gce", Minor::v1(31)),
];
/// The programs that are told of the provider.
const CLOUDS: [Program; 2] = [Program::KubeApiserver, Program::KubeControllerManager];
/// Programs that are judged: kubelets have a check of their own.
const PROGRAMS: [Program; 4] = [
    Program::KubeApiserver,
    Program::KubeControllerManager,
    Program::KubeScheduler,
    Program::KubeProxy,
];

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    let at_stake = at_stake(ctx, path);
    if at_stake.is_empty() {
        return Ok(Judgement::default());
    }
    let seen = ctx.components()?;
    let found: Judgement = set(seen)
        .iter()
        .filter_map(|(set, places)| judge(ctx, path, set, places))
        .collect();
    // Whoever runs the control plane: kube-proxy is a DaemonSet of the cluster.
    let proxies = at_stake.contains(&Program::KubeProxy);
    let found = found.without(kube_proxy::flags_gap(seen).filter(|_| proxies));
    Ok(started::concluded(ctx, found, || gap(seen, &at_stake)))
}

/// The programs that lose a flag, or a value of one, on the way: of others nothing has to be known.
fn at_stake(ctx: &Context<'_>, path: &UpgradePath) -> Vec<Program> {
    let lost = |program: Program| {
        let flags = ctx.knowledge.flags().iter();
        let mut ends = flags
            .filter(|flag| flag.component == program)
            .filter_map(|flag| Some(flag.spans.last()?.to.next()));
        ends.any(|end| path.crosses(end)) || loses_providers(program, path)
    };
    PROGRAMS
        .into_iter()
        .filter(|program| lost(*program))
        .collect()
}

/// What lacks of the control plane's programs at stake. A source that lists every flag with its default does not tell which are set.
fn gap(seen: &Components, at_stake: &[Program]) -> Option<airworthy_model::Missing> {
    let control_plane = at_stake.iter().copied();
    let needed: Vec<_> = control_plane
        .filter(|program| CONTROL_PLANE.contains(program))
        .collect();
    let mut told = seen.clone();
    told.components.retain(|one| !one.effective);
    started::gap(&told, &needed)
}

/// A flag of a program, with its value where that is read.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Set<'a> {
    program: Program,
    flag: &'a str,
    value: Option<&'a str>,
}

fn set(seen: &Components) -> BTreeMap<Set<'_>, Vec<&Component>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for place in &seen.components {
        let Some(program) = PROGRAMS.into_iter().find(|one| one.name() == place.name) else {
            continue;
        };
        let effective = place.values.keys().filter(|_| place.effective);
        for flag in place.flags.iter().chain(effective) {
            let value = place.value(flag);
            all.entry(Set {
                program,
                flag,
                value,
            })
            .or_default()
            .push(place);
        }
    }
    all
}

fn judge(
    ctx: &Context<'_>,
    path: &UpgradePath,
    set: &Set<'_>,
    places: &[&Component],
) -> Option<Finding> {
    let Set {
        program,
        flag,
        value,
    } = set;
    let (hop, why) = started::first(path, |minor| refused(ctx, set, minor))?;
    let written = match value {
        Some(value) if !value.is_empty() => format!("--{flag}={}", short(value, 40)),
        _ => format!("--{flag}"),
    };
    let message = format!(
        "flag {}: {program} {why} and does not start",
        short(&written, 90)
    );
    let places = places.iter().map(|place| {
        let detail = format!("{program} is started with {written}");
        (*place, detail)
    });
    let finding = started::finding(ctx, Severity::Blocker, program.name(), message, places)
        .setting(flag, value.unwrap_or_default(), None)
        .telling_apart(*flag);
    let finding = match program {
        Program::KubeProxy => finding.fix_with(
            format!("Take --{flag} out of the command of kube-proxy"),
            "kubectl -n kube-system edit daemonset kube-proxy",
        ),
        _ => started::repair(finding, program.name(), &format!("Take --{flag} out")),
    };
    Some(Finding {
        hop: Some(hop),
        ..finding
    })
}

/// Why a minor refuses a flag, or its value.
fn refused(ctx: &Context<'_>, set: &Set<'_>, minor: Minor) -> Option<String> {
    if let FlagState::Removed { since } = ctx.knowledge.flag(set.program, set.flag, minor) {
        return Some(format!("does not know it from {since} on"));
    }
    let (_, since) = PROVIDERS
        .iter()
        .find(|(name, _)| set.flag == CLOUD && set.value == Some(name))?;
    let refuses = CLOUDS.contains(&set.program) && *since <= minor;
    refuses.then(|| format!("refuses this value from {since} on"))
}

/// Whether a program stops to take a value of `--cloud-provider` on the way.
fn loses_providers(program: Program, path: &UpgradePath) -> bool {
    CLOUDS.contains(&program) && PROVIDERS.iter().any(|(_, since)| path.crosses(*since))
}
