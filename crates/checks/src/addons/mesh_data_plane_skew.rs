use std::collections::BTreeMap;

use airworthy_model::{
    AddonVersion, CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, facts::Pod,
};

use super::installed::{self, Installed};
use crate::{Check, Context, Judgement, Outcome, never, text::counted};

/// How many minors a sidecar may be behind the control plane of its mesh.
const MOST: i64 = 2;

/// Sidecars that are too old for the control plane of their mesh.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "MeshDataPlaneSkew",
        summary: "sidecars of a service mesh are too many minors behind its control plane",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
            Need::Pods,
        ],
        page: include_str!("mesh_data_plane_skew.md"),
    },
    blocks: never,
    run: |ctx| Ok(run(ctx)),
};

fn run(ctx: &Context<'_>) -> Judgement {
    let (installed, missing) = installed::all(ctx, ctx);
    let mut meshes: BTreeMap<&str, &Installed<'_>> = BTreeMap::new();
    for one in installed.iter().filter(|one| !one.addon.proxies.is_empty()) {
        let known = meshes.entry(&one.addon.addon).or_insert(one);
        if is_newer(one, known) {
            *known = one;
        }
    }
    if meshes.is_empty() && missing.is_empty() {
        return Judgement::not_applicable("no service mesh with sidecars runs here");
    }
    let parts = meshes.into_values().map(|mesh| sidecars(ctx, mesh));
    parts.collect::<Judgement>().without(missing)
}

/// Of several control planes the newest counts: while they are exchanged, both run.
fn is_newer(one: &Installed<'_>, other: &Installed<'_>) -> bool {
    match (&one.version, &other.version) {
        (Some(one), Some(other)) => one.order(other).is_gt(),
        (version, _) => version.is_some(),
    }
}

fn sidecars(ctx: &Context<'_>, mesh: &Installed<'_>) -> Outcome {
    let Some(control) = &mesh.version else {
        return Ok(Judgement::from(vec![unknown(ctx, mesh)]));
    };
    let mut behind: Vec<(&Pod, AddonVersion)> = Vec::new();
    for pod in ctx.pods()?.iter().filter(|pod| !pod.is_finished()) {
        let proxy = pod.proxy.as_deref();
        let mine = proxy.filter(|image| mesh.addon.injects(installed::parts(image).0));
        let Some(version) = mine.and_then(installed::version) else {
            continue;
        };
        if version
            .minors_behind(control)
            .is_some_and(|minors| minors > MOST)
        {
            behind.push((pod, version));
        }
    }
    behind.sort_by_key(|(pod, _)| (&pod.namespace, &pod.name));
    let finding = behind
        .first()
        .map(|(pod, version)| describe(ctx, mesh, behind.len(), pod, version));
    Ok(finding.into_iter().collect())
}

fn unknown(ctx: &Context<'_>, mesh: &Installed<'_>) -> Finding {
    let message = format!(
        "{}: its image tells no version, so sidecars were not compared",
        mesh.title()
    );
    mesh.finding(
        ctx,
        Severity::Note,
        message,
        &format!("image {}", mesh.image),
    )
    .fix_with(
        "Compare the versions of control plane and sidecars by hand",
        mesh.show(),
    )
}

fn describe(
    ctx: &Context<'_>,
    mesh: &Installed<'_>,
    number: usize,
    pod: &Pod,
    version: &AddonVersion,
) -> Finding {
    let Pod {
        namespace, name, ..
    } = pod;
    let pods = counted(number, "pod");
    let message = format!(
        "{}: {pods} with sidecars more than {MOST} minors behind, such as {namespace}/{name} ({version})",
        mesh.title()
    );
    let source = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let image = pod.proxy.as_deref().unwrap_or_default();
    mesh.finding(
        ctx,
        Severity::Risk,
        message,
        &format!("image {}", mesh.image),
    )
    .because(Evidence::state(
        source,
        ctx.now(),
        format!("sidecar {image}"),
    ))
    .fix_with(
        "Restart these workloads, so that their pods get sidecars of the control plane's version",
        format!("kubectl -n {namespace} rollout restart deployment"),
    )
}
