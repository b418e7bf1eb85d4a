//! How components are started, as far as it was seen.

use airworthy_knowledge::Component as Program;
use airworthy_model::{
    Evidence, Finding, Hop, Missing, Need, Severity, UpgradePath,
    facts::{Component, Components},
};

use super::component;
use crate::{Context, Judgement};

/// The programs of every control plane.
pub(crate) const CONTROL_PLANE: [Program; 3] = [
    Program::KubeApiserver,
    Program::KubeControllerManager,
    Program::KubeScheduler,
];
/// Most sources that one finding shows.
const MOST_SHOWN: usize = 3;

/// What comes of looking at how programs are started. Where a provider runs the control plane, what it shows is judged and what it
/// does not show is its own business; elsewhere that lacks.
pub(crate) fn concluded(
    ctx: &Context<'_>,
    found: Judgement,
    gap: impl FnOnce() -> Option<Missing>,
) -> Judgement {
    match ctx.provider_runs_control_plane() {
        Some(why) if found == Judgement::default() => Judgement::not_applicable(why),
        Some(_) => found,
        None => found.without(gap()),
    }
}

/// What lacks to judge programs by their flags: those of which nothing was seen, and sources that could not be read. kubeadm gives flags
/// to the control plane, so a configuration of it that could not be read counts as well.
pub(crate) fn gap(seen: &Components, programs: &[Program]) -> Option<Missing> {
    let unseen: Vec<&str> = programs
        .iter()
        .map(|program| program.name())
        .filter(|program| seen.of(program).next().is_none())
        .collect();
    let counts = |name: &str| name == "kubeadm" || programs.iter().any(|one| one.name() == name);
    let unread = seen.unread.iter().filter(|one| counts(&one.component));
    let mut why: Vec<String> = unread
        .map(|one| format!("{}: {}", one.source, one.why))
        .take(MOST_SHOWN)
        .collect();
    if !unseen.is_empty() {
        let unseen = unseen.join(", ");
        why.push(format!(
            "nothing in kube-system tells how {unseen} is started"
        ));
    }
    (!why.is_empty()).then(|| unseen_missing(why.join("; ")))
}

fn unseen_missing(detail: String) -> Missing {
    let cure = "where a provider runs the control plane, say so (--control-plane managed); else compare the manifests on its nodes by \
                hand and leave this check out";
    Missing {
        cure: Some(cure.to_owned()),
        ..Missing::not_collected(Need::Components, detail)
    }
}

/// The first step of the path at which something holds.
pub(crate) fn first<T>(
    path: &UpgradePath,
    at: impl Fn(airworthy_model::Minor) -> Option<T>,
) -> Option<(Hop, T)> {
    path.hops.iter().find_map(|hop| Some((*hop, at(hop.to)?)))
}

/// A finding about a setting of a program, with the places where it was seen.
pub(crate) fn finding<'a>(
    ctx: &Context<'_>,
    severity: Severity,
    program: &str,
    message: String,
    places: impl Iterator<Item = (&'a Component, String)>,
) -> Finding {
    let places: Vec<_> = places.collect();
    let mut finding = component(severity, program, message);
    for (place, detail) in places.iter().take(MOST_SHOWN) {
        let more = places.len().saturating_sub(MOST_SHOWN);
        let more = match more {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let detail = format!("{}{detail}{more}", whose(place));
        finding = finding.because(Evidence::state(&place.source, ctx.now(), detail));
    }
    finding
}

/// `on cp1: `, where it is a pod.
fn whose(place: &Component) -> String {
    match &*place.node {
        "" => String::new(),
        node => format!("on {node}: "),
    }
}

/// What to do where a flag of a program has to change.
pub(crate) fn repair(finding: Finding, program: &str, change: &str) -> Finding {
    let text = format!(
        "{change} in the manifest of {program} on each control-plane node (/etc/kubernetes/manifests) and in kubeadm's settings, before \
         the upgrade"
    );
    let command = "kubectl -n kube-system edit configmap kubeadm-config";
    finding.fix_with(text, command)
}
