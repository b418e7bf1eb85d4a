use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Missing, Need, Phase, Severity,
    facts::{Workload, WorkloadKind},
};

use crate::{Check, Context, Judgement, never, workloads::workload};

/// Seconds that a drain waits for a pod with the most impatient of the known upgrades: managed node groups of EKS.
const PATIENCE: i64 = 900;

/// Pods that take longer to end than a drain waits, or have no time to end.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "LongTermination",
        summary: "pods may take longer to end than a drain waits, or get no time at all",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Deployments, Need::StatefulSets],
        page: include_str!("long_termination.md"),
    },
    blocks: never,
    run: |ctx| Ok(run(ctx)),
};

fn run(ctx: &Context<'_>) -> Judgement {
    let kinds = [
        (ctx.deployments(), Need::Deployments),
        (ctx.stateful_sets(), Need::StatefulSets),
    ];
    let judged = kinds.into_iter().map(|(listed, need)| {
        let listed = listed?;
        if listed.iter().any(|workload| workload.grace_seconds.is_none()) {
            let why = "the recording does not hold how long pods may take to end: it was made by an older version";
            return Err(Missing::not_collected(need, why));
        }
        Ok(listed.iter().filter_map(|workload| judge(ctx, workload)).collect())
    });
    judged.collect::<Judgement>()
}

fn judge(ctx: &Context<'_>, workload: &Workload) -> Option<Finding> {
    let seconds = workload.grace_seconds.filter(|_| workload.desired > 0)?;
    let stateful = workload.kind == WorkloadKind::StatefulSet;
    let message = match seconds {
        _ if seconds > PATIENCE => format!(
            "its pods may take {seconds} s to end: drains with a time limit give up or kill them"
        ),
        0 if stateful => {
            "its pods are killed without time to end (terminationGracePeriodSeconds 0)".to_owned()
        }
        _ => return None,
    };
    let severity = ctx.risk_of_drain();
    let detail = format!(
        "terminationGracePeriodSeconds {seconds}; {}",
        workload::counts(workload)
    );
    let finding = workload::finding(ctx.now(), workload, severity, message, &detail);
    let finding = finding.setting(
        "spec.template.spec.terminationGracePeriodSeconds",
        seconds.to_string(),
        None,
    );
    Some(finding.fix("Tune terminationGracePeriodSeconds to what the pods need, and the time limit of the drain to the longest of them"))
}
