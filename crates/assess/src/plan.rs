//! The steps of an upgrade, in order: control plane, add-ons, nodes, and so on to the target.

use airworthy_model::{
    Facts, Finding, Group, Hop, KubeVersion, Minor, Part, Phase, Rollout, Severity, Step,
    UpgradePath,
};

use crate::{Run, Selection};

/// The steps of a pre-check's path. A target that no allowed step leads to is shown minor by minor, as it would have to be gone.
pub(crate) fn of(run: &Run<'_>, findings: &[Finding]) -> Vec<Step> {
    let Some(path) = run.path.filter(|_| is_planned(run)) else {
        return Vec::new();
    };
    let steps = run.policy.steps(path);
    let hops = steps.unwrap_or_else(|| minors(path));
    let nodes = run.policy.rollout == Rollout::Nodes;
    let parts = [Part::ControlPlane, Part::Addons, Part::Nodes];
    let parts = parts
        .into_iter()
        .filter(|part| nodes || *part != Part::Nodes);
    let all: Vec<_> = hops
        .iter()
        .flat_map(|hop| {
            // A patch of the same minor asks nothing of add-ons.
            let parts = parts
                .clone()
                .filter(|part| *part != Part::Addons || hop.from != hop.to);
            parts.map(|part| step(run, path, part, *hop))
        })
        .collect();
    counted(all, findings, run.selection)
}

/// Files alone have no beginning, and what is over needs no plan.
fn is_planned(run: &Run<'_>) -> bool {
    run.phase == Phase::Pre && run.facts.version.is_ok()
}

/// Minor by minor; a patch stays within its minor.
fn minors(path: &UpgradePath) -> Vec<Hop> {
    if path.hops.is_empty() {
        let minor = path.from.minor;
        return vec![Hop {
            from: minor,
            to: minor,
        }];
    }
    path.hops.clone()
}

fn step(run: &Run<'_>, path: &UpgradePath, part: Part, hop: Hop) -> Step {
    let last = path.target.minor;
    let wait = (part == Part::Nodes).then(|| latest(run.facts, hop, last));
    Step {
        part,
        from: hop.from,
        to: hop.to,
        may_wait_until: wait.filter(|until| *until > hop.to),
        blockers: 0,
        risks: 0,
        notes: 0,
    }
}

/// How far the control plane may go on before nodes that run what a step begins with, or older, are too old for it.
fn latest(facts: &Facts, hop: Hop, last: Minor) -> Minor {
    let nodes = facts.nodes.as_deref().unwrap_or_default();
    let kubelets = nodes
        .iter()
        .filter_map(|node| node.kubelet_version.parse::<KubeVersion>().ok());
    let oldest = kubelets
        .map(|version| version.minor)
        .fold(hop.from, Minor::min);
    // Nodes of an earlier step have followed it.
    let oldest = if hop.from
        == facts
            .version
            .as_ref()
            .map_or(hop.from, |it| it.version.minor)
    {
        oldest
    } else {
        hop.from
    };
    let far = (0..oldest.kubelet_lag()).fold(oldest, |minor, _| minor.next());
    far.min(last)
}

/// Puts each finding that names its hop to the step that meets it.
fn counted(mut steps: Vec<Step>, findings: &[Finding], selection: &Selection) -> Vec<Step> {
    for finding in findings {
        let part = part_of(finding, selection);
        let Some(hop) = finding.hop else { continue };
        let meets = |step: &&mut Step| step.from <= hop.from && hop.to <= step.to;
        // Where nodes are left as they are, what concerns them is met when the control plane moves.
        let exact = steps.iter().any(|step| step.part == part);
        let part = if exact { part } else { Part::ControlPlane };
        let step = steps
            .iter_mut()
            .filter(meets)
            .find(|step| step.part == part);
        if let Some(step) = step {
            match finding.severity {
                Severity::Blocker => step.blockers += 1,
                Severity::Risk => step.risks += 1,
                Severity::Note => step.notes += 1,
            }
        }
    }
    steps
}

fn part_of(finding: &Finding, selection: &Selection) -> Part {
    match selection
        .catalogue
        .known(&finding.check)
        .map(|info| info.group)
    {
        Ok(Group::AddonCheck) => Part::Addons,
        Ok(Group::NodeCheck) => Part::Nodes,
        _ => Part::ControlPlane,
    }
}
