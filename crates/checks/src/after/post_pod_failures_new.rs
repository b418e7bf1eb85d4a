use std::collections::BTreeSet;

use airworthy_model::{CheckInfo, Group, Kind, Need, Phase, Severity, facts::Pod};

use super::baseline::optional;
use crate::{
    Check, Context, Judgement, Outcome, always,
    workloads::{failing, owner::Owner},
};

/// Pods that fail since the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostPodFailuresNew",
        summary: "pods of a controller fail that did not fail before the upgrade",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Pods, Need::Baseline],
        page: include_str!("post_pod_failures_new.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let pods = ctx.pods()?;
    let failing = failing::by_owner(ctx, pods);
    if failing.is_empty() {
        return Ok(Judgement::default());
    }
    let (before, gap) = optional(failing_before(ctx));
    let before = before.unwrap_or_default();
    let new = failing.iter().filter(|(owner, _)| !before.contains(owner));
    let when = if gap.is_none() {
        ", not so before the upgrade"
    } else {
        ""
    };
    let serving = serving(pods);
    let findings = new.filter_map(|(owner, failures)| {
        failing::finding(ctx, owner, failures, severity(owner, &serving), when)
    });
    Ok(findings.collect::<Judgement>().without(gap))
}

fn failing_before<'a>(ctx: &Context<'a>) -> Result<BTreeSet<Owner<'a>>, airworthy_model::Missing> {
    let before = ctx.before()?;
    Ok(failing::by_owner(&before, before.pods()?)
        .into_keys()
        .collect())
}

/// Owners with at least one ready pod.
fn serving(pods: &[Pod]) -> BTreeSet<Owner<'_>> {
    let ready = pods
        .iter()
        .filter(|pod| pod.ready && !pod.deleting && !pod.is_finished());
    ready.map(Owner::of).collect()
}

/// Jobs have no ready pods to lose: they try again.
fn severity(owner: &Owner<'_>, serving: &BTreeSet<Owner<'_>>) -> Severity {
    let is_job = matches!(owner.kind, "Job" | "CronJob");
    let is_down = !is_job && !serving.contains(owner);
    if is_down || owner.namespace == "kube-system" {
        Severity::Blocker
    } else {
        Severity::Risk
    }
}
