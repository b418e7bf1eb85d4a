use std::collections::BTreeMap;

use airworthy_model::{CheckInfo, Finding, Group, Kind, Need, Phase, Severity, facts::Workload};

use crate::{Check, Context, Outcome, always, workloads::workload};

/// A workload with fewer ready pods than before the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostWorkloadBaseline",
        summary: "a workload has fewer ready pods than before the upgrade",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
            Need::Baseline,
        ],
        page: include_str!("post_workload_baseline.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let now: BTreeMap<_, _> = ctx
        .workloads()?
        .map(|workload| (key(workload), workload))
        .collect();
    let before = ctx.before()?;
    Ok(before
        .workloads()?
        .filter_map(|old| compare(ctx, old, now.get(&key(old)).copied()))
        .collect())
}

fn key(workload: &Workload) -> (&'static str, &str, &str) {
    (workload.kind.kind(), &workload.namespace, &workload.name)
}

/// Fewer ready pods count only up to what is wanted now: someone may have scaled down on purpose. What is gone altogether was
/// deleted by somebody; an upgrade deletes no workload, so it is told but does not fail the upgrade.
fn compare(ctx: &Context<'_>, old: &Workload, new: Option<&Workload>) -> Option<Finding> {
    let Some(new) = new else {
        let had_pods = old.ready > 0;
        return had_pods.then(|| {
            let message = format!("is gone; it had {} ready pods", old.ready);
            workload::finding(ctx.now(), old, Severity::Risk, message, "absent now")
        });
    };
    let expected = old.ready.min(new.desired);
    let message = format!(
        "{} of {} pods ready, {} before the upgrade",
        new.ready, new.desired, old.ready
    );
    let detail = workload::counts(new);
    (new.ready < expected)
        .then(|| workload::finding(ctx.now(), new, Severity::Blocker, message, &detail))
}
