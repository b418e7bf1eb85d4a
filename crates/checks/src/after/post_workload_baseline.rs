use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Workload,
};

use crate::{Check, Context, Outcome, always};

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
            describe(
                ctx,
                old,
                Severity::Risk,
                format!("is gone; it had {} ready pods", old.ready),
                "absent now",
            )
        });
    };
    let expected = old.ready.min(new.desired);
    let message = format!(
        "{} of {} pods ready, {} before the upgrade",
        new.ready, new.desired, old.ready
    );
    let detail = format!(
        "updated {}, ready {}, available {}, desired {}",
        new.updated, new.ready, new.available, new.desired
    );
    (new.ready < expected).then(|| describe(ctx, new, Severity::Blocker, message, &detail))
}

fn describe(
    ctx: &Context<'_>,
    workload: &Workload,
    severity: Severity,
    message: String,
    detail: &str,
) -> Finding {
    let subject = Subject::namespaced(
        "apps/v1",
        workload.kind.kind(),
        &workload.namespace,
        &workload.name,
    );
    let source = format!(
        "/apis/apps/v1/namespaces/{}/{}/{}",
        workload.namespace,
        workload.kind.resource(),
        workload.name
    );
    Finding::new(severity, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "Look at its events and its pods",
            format!(
                "kubectl -n {} describe {} {}",
                workload.namespace,
                workload.kind.resource(),
                workload.name
            ),
        )
}
