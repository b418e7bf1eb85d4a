use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Missing, Need, Phase, Severity, Subject,
    facts::{HelmRelease, ReleaseWorkload, Workload, WorkloadKind},
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
        .flat_map(|(release, one)| judge(ctx, release, one, &live))
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

/// What somebody has put in the place of what a release says.
struct Edit<'a> {
    what: &'static str,
    field: &'static str,
    live: &'a str,
    sent: &'a str,
    message: String,
}

fn judge(
    ctx: &Context<'_>,
    release: &HelmRelease,
    one: &ReleaseWorkload,
    live: &[&Workload],
) -> Vec<Finding> {
    let is_it = |live: &&&Workload| {
        (live.kind, &live.namespace, &live.name) == (one.kind, &one.namespace, &one.name)
    };
    let Some(live) = live.iter().find(is_it) else {
        return Vec::new();
    };
    let edits = image(release, one, live)
        .into_iter()
        .chain(strategy(release, one, live));
    edits
        .map(|edit| describe(ctx, release, one, &edit))
        .collect()
}

fn image<'a>(
    release: &HelmRelease,
    one: &'a ReleaseWorkload,
    live: &'a Workload,
) -> Option<Edit<'a>> {
    let sent = one
        .images
        .iter()
        .find(|image| !live.images.contains(image))?;
    // What an admission webhook adds is more; what somebody edited takes the place of something.
    let instead = live
        .images
        .iter()
        .find(|image| !one.images.contains(image))?;
    let message = format!(
        "runs {}, and release {} says {}",
        short(instead, 60),
        short(&name(release), 40),
        short(sent, 60)
    );
    Some(Edit {
        what: "image",
        field: "spec.template.spec.containers.image",
        live: instead,
        sent,
        message,
    })
}

/// Nothing in a cluster changes it by itself, but a controller that holds a rollout back pauses the workload as well. Where the release does not say, an upgrade of the release leaves it as it is.
fn strategy<'a>(
    release: &HelmRelease,
    one: &'a ReleaseWorkload,
    live: &'a Workload,
) -> Option<Edit<'a>> {
    let (sent, said) = (&*one.strategy, &*live.strategy);
    if sent.is_empty() || said.is_empty() || sent == said || live.paused {
        return None;
    }
    let message = format!(
        "replaces its pods by {}, and release {} says {}",
        short(said, 40),
        short(&name(release), 40),
        short(sent, 40)
    );
    let field = match one.kind {
        WorkloadKind::Deployment => "spec.strategy.type",
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => "spec.updateStrategy.type",
    };
    Some(Edit {
        what: "strategy",
        field,
        live: said,
        sent,
        message,
    })
}

fn name(release: &HelmRelease) -> String {
    format!("{}/{}", release.namespace, release.name)
}

fn describe(
    ctx: &Context<'_>,
    release: &HelmRelease,
    one: &ReleaseWorkload,
    edit: &Edit<'_>,
) -> Finding {
    let ReleaseWorkload {
        kind,
        namespace,
        name: workload,
        ..
    } = one;
    let Edit {
        what,
        field,
        live,
        sent,
        ref message,
    } = *edit;
    let resource = kind.resource();
    let source = format!("/apis/apps/v1/namespaces/{namespace}/{resource}/{workload}");
    // Findings on images were told apart by the release alone before others came.
    let apart = match what {
        "image" => name(release),
        what => format!("{} {what}", name(release)),
    };
    let subject = Subject::namespaced("apps/v1", kind.kind(), namespace, workload);
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(source, ctx.now(), format!("{what} {live}")))
        .because(Evidence::state(
            release::source(release),
            ctx.now(),
            format!("revision {} {what} {sent}", release.revision),
        ))
        .setting(field, live, Some(sent))
        .telling_apart(apart)
        .fix_with(
            format!("Bring the {what} into the values of the release, or give the edit up"),
            format!("helm -n {} get values {}", release.namespace, release.name),
        )
}
