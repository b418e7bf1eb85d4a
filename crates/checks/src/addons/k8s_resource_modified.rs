use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity, Subject,
    facts::{HelmRelease, ReleaseWorkload, Workload},
};

use super::{corefiles, release};
use crate::{Check, Context, Judgement, Outcome, never, text::short, workloads::workload};

/// Objects of releases that were edited behind their back.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "K8sResourceModified",
        summary: "an object of a Helm release was edited by hand: its next upgrade undoes that",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::HelmReleases,
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
            Need::ClusterDns,
        ],
        page: include_str!("k8s_resource_modified.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let releases = ctx.helm_releases()?;
    let (live, missing) = workload::listed(ctx);
    let findings: Judgement = releases
        .iter()
        .flat_map(|release| release.workloads.iter().map(move |one| (release, one)))
        .filter_map(|(release, one)| judge(ctx, release, one, &live))
        .collect();
    let unread = releases.iter().filter_map(unread);
    let corefile = match ctx.cluster_dns() {
        // Told by the check of CoreDNS where that one runs.
        Ok(_) if ctx.runs("CoreDNSConfLimit") => Ok(Judgement::default()),
        Ok(dns) => Ok(corefiles::drift(ctx, dns, releases).collect()),
        Err(gap) => Err(gap),
    };
    Ok([Ok(findings.without(missing).without(unread)), corefile]
        .into_iter()
        .collect())
}

/// A release of which nobody knows what it holds.
fn unread(release: &HelmRelease) -> Option<Missing> {
    let why = release.problem.as_ref().filter(|_| release.objects == 0)?;
    let detail = format!("release {}/{}: {why}", release.namespace, release.name);
    Some(Missing::not_collected(Need::HelmReleases, detail))
}

fn judge(
    ctx: &Context<'_>,
    release: &HelmRelease,
    one: &ReleaseWorkload,
    live: &[&Workload],
) -> Option<Finding> {
    let is_it = |live: &&&Workload| {
        (live.kind, &live.namespace, &live.name) == (one.kind, &one.namespace, &one.name)
    };
    let live = live.iter().find(is_it)?;
    let edited = one
        .images
        .iter()
        .find(|image| !live.images.contains(image))?;
    // What an admission webhook adds is more; what somebody edited takes the place of something.
    let instead = live
        .images
        .iter()
        .find(|image| !one.images.contains(image))?;
    Some(describe(ctx, release, one, edited, instead))
}

fn describe(
    ctx: &Context<'_>,
    release: &HelmRelease,
    one: &ReleaseWorkload,
    edited: &str,
    instead: &str,
) -> Finding {
    let ReleaseWorkload {
        kind,
        namespace,
        name,
        ..
    } = one;
    let resource = kind.resource();
    let source = format!("/apis/apps/v1/namespaces/{namespace}/{resource}/{name}");
    let of = format!("{}/{}", release.namespace, release.name);
    let message = format!(
        "runs {}, and release {} says {}",
        short(instead, 60),
        short(&of, 40),
        short(edited, 60)
    );
    let subject = Subject::namespaced("apps/v1", kind.kind(), namespace, name);
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("image {instead}"),
        ))
        .because(Evidence::state(
            release::source(release),
            ctx.now(),
            format!("revision {} image {edited}", release.revision),
        ))
        .setting("spec.template.spec.containers.image", instead, Some(edited))
        .telling_apart(of)
        .fix_with(
            "Bring the image into the values of the release, or give the edit up",
            format!("helm -n {} get values {}", release.namespace, release.name),
        )
}
