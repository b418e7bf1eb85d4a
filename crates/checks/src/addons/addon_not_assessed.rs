use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity, Subject,
    facts::Workload,
};

use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Add-ons whose version nothing here can judge.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "AddonNotAssessed",
        summary: "an add-on whose version was not held against the target",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Note,
        vendor: false,
        needs: &[Need::Deployments, Need::StatefulSets, Need::DaemonSets],
        page: include_str!("addon_not_assessed.md"),
    },
    blocks: never,
    run: |ctx| Ok(run(ctx)),
};

/// What can be listed is told, whatever cannot.
fn run(ctx: &Context<'_>) -> Judgement {
    let kinds = [ctx.deployments(), ctx.stateful_sets(), ctx.daemon_sets()];
    kinds.into_iter().map(|kind| addons(ctx, kind)).collect()
}

fn addons(ctx: &Context<'_>, workloads: Result<&Vec<Workload>, Missing>) -> Outcome {
    let mine = |workload: &&Workload| workload.namespace == "kube-system";
    let findings: Judgement = workloads?
        .iter()
        .filter(mine)
        .map(|workload| describe(ctx, workload))
        .collect();
    Ok(findings)
}

fn describe(ctx: &Context<'_>, workload: &Workload) -> Finding {
    let Workload {
        kind,
        namespace,
        name,
        images,
        ..
    } = workload;
    let images = if images.is_empty() {
        "no image".to_owned()
    } else {
        images.join(", ")
    };
    let source = format!(
        "/apis/apps/v1/namespaces/{namespace}/{}/{name}",
        kind.resource()
    );
    let message = format!(
        "version not assessed: airworthy has no compatibility table for it yet ({})",
        short(&images, 120)
    );
    Finding::new(
        Severity::Note,
        Subject::namespaced("apps/v1", kind.kind(), namespace, name),
        message,
    )
    .because(Evidence::state(
        source,
        ctx.now(),
        format!("images: {images}"),
    ))
    .fix_with(
        "Hold the version in its image tags against the compatibility matrix of its own project",
        format!(
            "kubectl -n {namespace} get {} {name} -o wide",
            kind.resource()
        ),
    )
}
