use std::collections::BTreeMap;

use airworthy_knowledge::{Component as Program, GateState};
use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Missing, Need, Phase, Reason, Severity, UpgradePath,
    facts::{Component, Kubelet},
};

use super::started;
use crate::{Check, Context, Judgement, Outcome, always, nodes::kube_proxy, text::short};

/// Feature gates that keep programs of the target from starting.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "FeatureGateRemoved",
        summary: "a feature gate is set that a program of the target refuses",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components, Need::Kubelets],
        page: include_str!("feature_gate_removed.md"),
    },
    blocks: always,
    run,
};

/// Each stands for many gates, is in every list, and is never locked.
const GROUPS_OF_GATES: [&str; 2] = ["AllAlpha", "AllBeta"];

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if path.hops.is_empty() {
        return Ok(Judgement::default());
    }
    let seen = ctx.components()?;
    let of_kubelets = if ctx.drains_nodes() {
        ctx.kubelets()
    } else {
        Ok(&NONE)
    };
    let nodes: Vec<Component> = of_kubelets
        .iter()
        .flat_map(|all| all.iter())
        .map(by_kubelet)
        .collect();
    let places = seen.components.iter().chain(&nodes);
    let places = places.filter(|place| place.name != "kubelet" || ctx.drains_nodes());
    let found: Judgement = set(places)
        .iter()
        .filter_map(|(set, places)| judge(ctx, path, set, places))
        .collect();
    let provider = ctx.provider_runs_control_plane();
    let elsewhere = provider.is_some() || seen.of("kubelet").next().is_some();
    let found = found
        .without(kubelet_gap(of_kubelets, elsewhere))
        // Whoever runs the control plane: kube-proxy is a DaemonSet of the cluster.
        .without(kube_proxy::flags_gap(seen).or_else(|| kube_proxy::file_gap(seen)));
    Ok(started::concluded(ctx, found, || {
        started::gap(seen, &started::CONTROL_PLANE)
    }))
}

static NONE: Vec<Kubelet> = Vec::new();

/// A gate of a program, with its value as it is written.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Set<'a> {
    program: Program,
    gate: &'a str,
    value: &'a str,
}

/// Every gate that is set, with the places where it is.
fn set<'a>(places: impl Iterator<Item = &'a Component>) -> BTreeMap<Set<'a>, Vec<&'a Component>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for place in places {
        let Ok(program) = place.name.parse() else {
            continue;
        };
        for (gate, value) in place.gates() {
            let set = Set {
                program,
                gate,
                value,
            };
            all.entry(set).or_default().push(place);
        }
    }
    all
}

/// What a kubelet says of itself, as if it had been given by flag.
fn by_kubelet(kubelet: &Kubelet) -> Component {
    let gates = kubelet.config.iter().filter_map(|(path, value)| {
        Some(format!("{}={value}", path.strip_prefix("featureGates.")?))
    });
    let gates = gates.collect::<Vec<_>>().join(",");
    Component {
        name: Program::Kubelet.name().to_owned(),
        node: kubelet.name.clone(),
        values: BTreeMap::from([("feature-gates".to_owned(), gates)]),
        source: format!("/api/v1/nodes/{}/proxy/configz", kubelet.name),
        ..Component::default()
    }
}

/// Kubelets that were asked and did not answer. Where nobody wanted them asked, their common configuration does instead; of a
/// provider's nodes nothing more is demanded than was asked for.
fn kubelet_gap(kubelets: Result<&Vec<Kubelet>, Missing>, told_elsewhere: bool) -> Option<Missing> {
    let kubelets = match kubelets {
        Ok(kubelets) => kubelets,
        Err(missing) => {
            let wanted = !matches!(missing.reason, Reason::SwitchedOff | Reason::NotCollected);
            return (wanted || !told_elsewhere).then_some(missing);
        }
    };
    let mut silent = kubelets
        .iter()
        .filter_map(|one| Some((one, one.unread("/configz")?)));
    let (first, gap) = silent.next()?;
    let detail = format!("{} and {} more: {}", first.name, silent.count(), gap.detail);
    Some(Missing {
        reason: gap.reason,
        ..Missing::not_collected(Need::Kubelets, detail)
    })
}

/// What happens to a gate on the way.
enum Fate {
    /// Whoever sets it does not start.
    Removed(Minor),
    /// Whoever sets it to anything else does not start.
    Locked(bool),
}

fn judge(
    ctx: &Context<'_>,
    path: &UpgradePath,
    set: &Set<'_>,
    places: &[&Component],
) -> Option<Finding> {
    if GROUPS_OF_GATES.contains(&set.gate) {
        return None;
    }
    if let Some((hop, fate)) = started::first(path, |minor| fate(ctx, set, minor)) {
        return Some(Finding {
            hop: Some(hop),
            ..describe(ctx, Severity::Blocker, set, places, &fate.tell(set))
        });
    }
    let heard = |minor| {
        !matches!(
            ctx.knowledge.gate(set.program, set.gate, minor),
            GateState::Unheard
        )
    };
    let target = path.target.minor;
    if heard(target) {
        return None;
    }
    let why = "no table of Kubernetes knows it, so whoever built this program has to say whether its next version takes it";
    Some(describe(ctx, Severity::Note, set, places, why))
}

fn fate(ctx: &Context<'_>, set: &Set<'_>, minor: Minor) -> Option<Fate> {
    match ctx.knowledge.gate(set.program, set.gate, minor) {
        GateState::Removed { since } => Some(Fate::Removed(since)),
        GateState::Known(stage) if stage.locked && truth(set.value) == Some(!stage.default) => {
            Some(Fate::Locked(stage.default))
        }
        _ => None,
    }
}

/// A value as Go reads truth values.
fn truth(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

impl Fate {
    fn tell(&self, set: &Set<'_>) -> String {
        let program = set.program;
        match self {
            Self::Removed(since) => {
                format!("{program} does not know it from {since} on and does not start")
            }
            Self::Locked(to) => {
                format!("it is locked to {to}, so that {program} does not start")
            }
        }
    }
}

fn describe(
    ctx: &Context<'_>,
    severity: Severity,
    set: &Set<'_>,
    places: &[&Component],
    why: &str,
) -> Finding {
    let Set {
        program,
        gate,
        value,
    } = set;
    let message = format!(
        "feature gate {}={}: {why}",
        short(gate, 60),
        short(value, 10)
    );
    let places = places.iter().map(|place| {
        let detail = format!("{program} has the feature gate {gate}={value}");
        (*place, detail)
    });
    let finding = started::finding(ctx, severity, program.name(), message, places);
    let finding = finding.setting(gate, *value, None).telling_apart(*gate);
    match program {
        Program::Kubelet => finding.fix_with(
            format!("Take {gate} out of featureGates of the kubelets, in their common configuration and on each node"),
            "kubectl -n kube-system edit configmap kubelet-config",
        ),
        Program::KubeProxy => finding.fix_with(
            format!("Take {gate} out of featureGates of kube-proxy and restart its pods"),
            "kubectl -n kube-system edit configmap kube-proxy",
        ),
        _ => started::repair(finding, program.name(), &format!("Take {gate} out of --feature-gates")),
    }
}
