use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Condition, Workload},
};

use super::{state::State, workload};
use crate::{Check, Context, Judgement, always};

/// Workloads with fewer ready pods than they want.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "WorkloadUnhealthy",
        summary: "a workload has fewer ready pods than it wants, before anything was upgraded",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Deployments, Need::StatefulSets, Need::DaemonSets],
        page: include_str!("workload_unhealthy.md"),
    },
    blocks: always,
    run: |ctx| Ok(run(ctx)),
};

fn run(ctx: &Context<'_>) -> Judgement {
    let (workloads, missing) = workload::listed(ctx);
    let findings: Judgement = workloads
        .into_iter()
        .filter_map(|w| judge(ctx, w))
        .collect();
    findings.without(missing)
}

fn judge(ctx: &Context<'_>, workload: &Workload) -> Option<Finding> {
    let (severity, message) = diagnose(ctx, workload)?;
    let progress = Condition::find(&workload.conditions, "Progressing").map_or("", |c| &c.reason);
    let detail = format!("{} {progress}", workload::counts(workload));
    Some(workload::finding(
        ctx.now(),
        workload,
        severity,
        message,
        detail.trim_end(),
    ))
}

fn diagnose(ctx: &Context<'_>, workload: &Workload) -> Option<(Severity, String)> {
    let state = State::of(ctx, workload);
    if workload.ready < workload.desired {
        let message = format!(
            "{} of {} pods ready{}",
            workload.ready,
            workload.desired,
            state.words()
        );
        let severe = workload.namespace == "kube-system" && !state.may_pass();
        return Some((
            if severe {
                Severity::Blocker
            } else {
                Severity::Risk
            },
            message,
        ));
    }
    match state {
        State::Unseen => Some((
            Severity::Risk,
            "its controller has not seen the newest spec".to_owned(),
        )),
        State::Stuck => Some((
            Severity::Risk,
            format!(
                "its rollout is stuck (ProgressDeadlineExceeded): {} of {} pods updated",
                workload.updated, workload.desired
            ),
        )),
        _ => None,
    }
}
