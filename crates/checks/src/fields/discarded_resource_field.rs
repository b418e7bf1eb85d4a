use airworthy_model::{CheckInfo, Group, Kind, Need, Phase, Severity};

use super::{profiles, services};
use crate::{Check, Context, Judgement, Outcome, never, workloads::workload};

/// Annotations and fields of live objects that a version on the way begins to ignore, or to call deprecated.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "DiscardedResourceField",
        summary: "an annotation or field of a live object is ignored from a version on the way on",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Services,
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
        ],
        page: include_str!("discarded_resource_field.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    let (of_services, of_templates) = (services::changes(path), profiles::changes(path));
    if of_services.is_empty() && of_templates.is_empty() {
        return Ok(Judgement::not_applicable(
            "no version on this path ignores an annotation or field that is looked for",
        ));
    }
    let mut parts = Vec::new();
    if !of_services.is_empty() {
        parts.push(services(ctx, &of_services));
    }
    if !of_templates.is_empty() {
        parts.push(Ok(templates(ctx, &of_templates)));
    }
    Ok(parts.into_iter().collect())
}

fn services(ctx: &Context<'_>, changes: &[services::Crossed]) -> Outcome {
    let services = ctx.services()?.iter();
    Ok(services
        .flat_map(|service| services::judge(ctx, service, changes))
        .collect())
}

fn templates(ctx: &Context<'_>, changes: &[profiles::Crossed]) -> Judgement {
    let (workloads, missing) = workload::listed(ctx);
    let findings: Judgement = workloads
        .into_iter()
        .flat_map(|one| profiles::judge(ctx, one, changes))
        .collect();
    findings.without(missing)
}
