use airworthy_knowledge::Role;
use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Missing, Need, Phase, Severity,
    facts::{Condition, Workload, WorkloadKind},
};

use super::installed::{self, Installed};
use crate::{
    Check, Context, Judgement, always,
    workloads::{state::State, workload},
};

/// Add-ons that do not run as they should, before anything was upgraded.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "AddonStatus",
        summary: "an add-on has fewer ready pods than it wants, before anything was upgraded",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
            Need::Nodes,
        ],
        page: include_str!("addon_status.md"),
    },
    blocks: always,
    run: |ctx| Ok(run(ctx)),
};

fn run(ctx: &Context<'_>) -> Judgement {
    let (installed, mut missing) = installed::all(ctx, ctx);
    let short = |one: &&Installed<'_>| one.workload.ready < one.workload.desired;
    let unwell: Vec<_> = installed.iter().filter(short).collect();
    let down = down(ctx, &unwell, &mut missing);
    let findings: Judgement = unwell
        .into_iter()
        .map(|one| judge(ctx, one, down))
        .collect();
    findings.without(missing)
}

/// Nodes that are not ready, which is looked up where it can excuse a pod that lacks.
fn down(ctx: &Context<'_>, unwell: &[&Installed<'_>], missing: &mut Vec<Missing>) -> i32 {
    let of_nodes = |one: &&Installed<'_>| one.workload.kind == WorkloadKind::DaemonSet;
    if !unwell.iter().any(of_nodes) {
        return 0;
    }
    match ctx.nodes() {
        Ok(nodes) => {
            let is_down = |conditions: &[Condition]| {
                !Condition::find(conditions, "Ready").is_some_and(Condition::is_true)
            };
            let down = nodes.iter().filter(|node| is_down(&node.conditions));
            i32::try_from(down.count()).unwrap_or(i32::MAX)
        }
        Err(gap) => {
            missing.push(gap);
            0
        }
    }
}

fn judge(ctx: &Context<'_>, one: &Installed<'_>, down: i32) -> Finding {
    let Workload {
        kind,
        desired,
        ready,
        ..
    } = *one.workload;
    let state = State::of(ctx, one.workload);
    let excused = kind == WorkloadKind::DaemonSet && desired.saturating_sub(ready) <= down;
    let severity = if excused {
        Severity::Note
    } else if is_vital(one.addon.role) && !state.may_pass() {
        Severity::Blocker
    } else {
        Severity::Risk
    };
    let why = if excused {
        ", and as many nodes are not ready"
    } else {
        state.words()
    };
    let message = format!("{}: {ready} of {desired} pods ready{why}", one.title());
    let counts = workload::counts(one.workload);
    let namespace = &one.workload.namespace;
    let (resource, name) = (kind.resource(), &one.workload.name);
    one.finding(ctx, severity, message, &counts).fix_with(
        "Look at its events and its pods, and bring it up before the upgrade",
        format!("kubectl -n {namespace} describe {resource} {name}"),
    )
}

/// What pods cannot do without when they are moved.
pub(crate) fn is_vital(role: Role) -> bool {
    matches!(role, Role::Dns | Role::Network | Role::Storage)
}
