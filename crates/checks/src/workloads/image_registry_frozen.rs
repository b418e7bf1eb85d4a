use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Workload,
};

use super::workload;
use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{short, some_of},
};

/// Images from the host that gets no new ones.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ImageRegistryFrozen",
        summary: "an image comes from the community's old host, which is frozen",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Deployments, Need::StatefulSets, Need::DaemonSets],
        page: include_str!("image_registry_frozen.md"),
    },
    blocks: never,
    run,
};

/// Frozen since April 2023.
const FROZEN: &str = "k8s.gcr.io/";
/// Where the community's images are.
const PRESENT: &str = "registry.k8s.io/";

#[allow(clippy::unnecessary_wraps)] // As every check has it.
fn run(ctx: &Context<'_>) -> Outcome {
    let (workloads, missing) = workload::listed(ctx);
    let findings: Judgement = workloads
        .into_iter()
        .filter_map(|one| judge(ctx, one))
        .collect();
    Ok(findings.without(missing))
}

fn judge(ctx: &Context<'_>, workload: &Workload) -> Option<Finding> {
    let frozen: Vec<_> = workload
        .images
        .iter()
        .map(String::as_str)
        .filter(|image| image.starts_with(FROZEN))
        .collect();
    let first = frozen.first()?;
    let Workload {
        kind,
        namespace,
        name,
        ..
    } = workload;
    let moved = first.replacen(FROZEN, PRESENT, 1);
    let message = format!(
        "uses {} from a host that is frozen since April 2023",
        some_of(frozen.iter().copied())
    );
    let source = format!(
        "/apis/apps/v1/namespaces/{namespace}/{}/{name}",
        kind.resource()
    );
    Some(
        Finding::new(
            Severity::Risk,
            Subject::namespaced("apps/v1", kind.kind(), namespace, name),
            short(&message, 200),
        )
        .because(Evidence::state(source, ctx.now(), format!("image {first}")))
        .setting(
            "spec.template.spec.containers[].image",
            *first,
            Some(&moved),
        )
        .fix_with(
            format!("Take the image from {}", PRESENT.trim_end_matches('/')),
            format!("kubectl -n {namespace} edit {} {name}", kind.resource()),
        ),
    )
}
