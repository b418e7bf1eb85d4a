use std::collections::HashMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Quota, QuotaAmount},
};

use super::{rollout, stage};
use crate::{
    Check, Context, Outcome, never,
    text::{short, some_of},
};

/// Quotas that let no successor in.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "QuotaHeadroom",
        summary: "a quota lets in no pod in the place of one that a drain evicts",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::PodAdmission, Need::Pods],
        page: include_str!("quota_headroom.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let pods = stage::shaped(ctx)?;
    let mut moving: HashMap<&str, usize> = HashMap::new();
    for pod in pods.iter().filter(|pod| rollout::moves(pod)) {
        *moving.entry(&pod.namespace).or_default() += 1;
    }
    let quotas = ctx.pod_admission()?.quotas.iter();
    let quotas = quotas.filter(|quota| moving.contains_key(quota.namespace.as_str()));
    Ok(quotas.filter_map(|quota| judge(ctx, quota)).collect())
}

/// A quota that is more than used up lets nothing in; one that is just used up lets the successor in once the pod has gone and its
/// controller tries again, which was seconds on an idle 1.31 and more than twenty on a busy one.
fn judge(ctx: &Context<'_>, quota: &Quota) -> Option<Finding> {
    let of = |is: fn(&QuotaAmount) -> bool| {
        let amounts = quota.amounts.iter().filter(|amount| is(amount));
        let names: Vec<_> = amounts.map(|amount| amount.resource.as_str()).collect();
        (!names.is_empty()).then(|| some_of(names))
    };
    let over = of(|amount| amount.used > amount.hard);
    let full = || of(|amount| amount.used == amount.hard);
    let message = if let Some(names) = over {
        format!("more {names} is used than it allows: no pod of the namespace is let in again")
    } else {
        let names = full()?;
        format!("{names} is used up: a pod is let in only when another has gone")
    };
    let severity = ctx.risk_of_drain();
    Some(describe(ctx, quota, severity, &message))
}

fn describe(ctx: &Context<'_>, quota: &Quota, severity: Severity, message: &str) -> Finding {
    let Quota {
        namespace,
        name,
        amounts,
    } = quota;
    let amounts = amounts.iter().map(|amount| {
        let QuotaAmount {
            resource,
            hard,
            used,
        } = amount;
        format!("{resource} {used} of {hard}")
    });
    let amounts = short(&amounts.collect::<Vec<_>>().join(", "), 300);
    let source = format!("/api/v1/namespaces/{namespace}/resourcequotas/{name}");
    let subject = Subject::namespaced("v1", "ResourceQuota", namespace, name);
    Finding::new(severity, subject, short(message, 200))
        .because(Evidence::state(source, ctx.now(), amounts))
        .fix_with(
            "Raise the quota, or make room in the namespace, before nodes are drained",
            format!("kubectl -n {namespace} describe resourcequota {name}"),
        )
}
