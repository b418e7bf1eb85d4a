use airworthy_model::{CheckInfo, Group, Kind, Need, Phase, Severity};

use super::failing;
use crate::{Check, Context, Outcome, never};

/// Pods that fail before anything was upgraded.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PodUnhealthy",
        summary: "pods crash, cannot start or wait too long, before anything was upgraded",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Pods],
        page: include_str!("pod_unhealthy.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let failing = failing::by_owner(ctx, ctx.pods()?);
    let findings = failing
        .iter()
        .filter_map(|(owner, pods)| failing::finding(ctx, owner, pods, Severity::Risk, ""));
    Ok(findings.collect())
}
