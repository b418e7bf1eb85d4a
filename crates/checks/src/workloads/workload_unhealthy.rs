use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Condition, Workload},
};

use super::workload;
use crate::{Check, Context, Judgement, always};

/// Seconds for which a workload counts as new.
const NEW: i64 = 600;

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

/// What is going on with a workload.
#[derive(Clone, Copy)]
enum State {
    /// Its controller is behind: what the counts say is of an older spec.
    Unseen,
    /// Its rollout has given up.
    Stuck,
    /// Its rollout is halted on purpose.
    Paused,
    /// Its rollout goes on, within its deadline.
    Rolling,
    /// It was made a moment ago.
    New,
    /// Nothing.
    Settled,
}

impl State {
    fn of(ctx: &Context<'_>, workload: &Workload) -> Self {
        let progressing = Condition::find(&workload.conditions, "Progressing");
        let stuck = progressing.is_some_and(|c| c.reason == "ProgressDeadlineExceeded");
        let rolling =
            progressing.is_some_and(|c| c.is_true() && c.reason != "NewReplicaSetAvailable");
        let new = workload.created.is_some() && ctx.seconds_since(workload.created) < NEW;
        if workload.observed_generation < workload.generation {
            Self::Unseen
        } else if stuck {
            Self::Stuck
        } else if workload.paused {
            Self::Paused
        } else if rolling {
            Self::Rolling
        } else if new {
            Self::New
        } else {
            Self::Settled
        }
    }

    /// Whether the next minutes may heal it.
    fn may_pass(self) -> bool {
        matches!(self, Self::Unseen | Self::Rolling | Self::New)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Unseen => " (its controller has not seen the newest spec)",
            Self::Stuck => " (ProgressDeadlineExceeded)",
            Self::Paused => " (rollout paused)",
            Self::Rolling => " (rolling out now)",
            Self::New => " (made a moment ago)",
            Self::Settled => "",
        }
    }
}
