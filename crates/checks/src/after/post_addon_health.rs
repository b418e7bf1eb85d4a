use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{ClusterDns, Corefile, HelmRelease},
};

use super::baseline::{Before, Earlier, optional};
use crate::{
    Check, Context, Judgement, Outcome, View,
    addons::{
        corefiles,
        helm_release_state::Newest,
        installed::{self, Installed},
        release,
    },
    always,
    workloads::workload,
};

/// Add-ons that do not run as they did before the upgrade.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostAddonHealth",
        summary: "an add-on, its configuration or its release is not as it was before the upgrade",
        phase: Phase::Post,
        group: Group::AddonCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::Deployments,
            Need::StatefulSets,
            Need::DaemonSets,
            Need::ClusterDns,
            Need::HelmReleases,
            Need::Baseline,
        ],
        page: include_str!("post_addon_health.md"),
    },
    blocks: always,
    run: |ctx| Ok(run(ctx)),
};

fn run(ctx: &Context<'_>) -> Judgement {
    let (before, gap) = optional(ctx.before());
    let before = before.as_ref();
    let parts = [
        Ok(workloads(ctx, before)),
        corefile(ctx, before),
        releases(ctx, before),
    ];
    parts.into_iter().collect::<Judgement>().without(gap)
}

fn workloads(ctx: &Context<'_>, before: Option<&View<'_>>) -> Judgement {
    let (now, missing) = installed::all(ctx, ctx);
    let (old, gaps) = before.map_or_else(
        || (Vec::new(), Vec::new()),
        |before| installed::all(ctx, before),
    );
    let earlier = |one: &Installed<'_>| {
        let known = before.map(|_| &old);
        Earlier::find(known, |old| old.iter().find(|two| is_same(one, two)))
    };
    let unwell = now
        .iter()
        .filter(|one| one.workload.ready < one.workload.desired);
    let unwell = unwell.map(|one| {
        let was = earlier(one).was(|old| old.workload.ready >= old.workload.desired);
        describe(ctx, one, was)
    });
    let is_gone = |two: &&Installed<'_>| {
        two.workload.ready > 0 && !now.iter().any(|one| one.addon == two.addon)
    };
    let gone = old
        .iter()
        .filter(is_gone)
        .map(|two| describe_gone(ctx, two));
    // What could not be listed is not gone.
    let gone = gone.filter(|_| missing.is_empty());
    let findings: Judgement = unwell.chain(gone).collect();
    findings.without(missing).without(gaps)
}

fn is_same(one: &Installed<'_>, two: &Installed<'_>) -> bool {
    let key = |of: &Installed<'_>| {
        let workload = of.workload;
        (
            workload.kind,
            workload.namespace.clone(),
            workload.name.clone(),
        )
    };
    one.addon == two.addon && key(one) == key(two)
}

fn describe(ctx: &Context<'_>, one: &Installed<'_>, was: Before) -> Finding {
    let (ready, desired) = (one.workload.ready, one.workload.desired);
    let words = was.words(", all before the upgrade");
    let message = format!("{}: {ready} of {desired} pods ready{words}", one.title());
    let (namespace, name) = (&one.workload.namespace, &one.workload.name);
    let resource = one.workload.kind.resource();
    one.finding(
        ctx,
        was.severity(),
        message,
        &workload::counts(one.workload),
    )
    .fix_with(
        "Look at its events and its pods",
        format!("kubectl -n {namespace} describe {resource} {name}"),
    )
}

fn describe_gone(ctx: &Context<'_>, old: &Installed<'_>) -> Finding {
    let message = format!(
        "{} is gone; it had {} ready pods",
        old.title(),
        old.workload.ready
    );
    old.finding(ctx, Severity::Risk, message, "absent now")
        .fix_with(
            "Install it again, unless somebody took it away on purpose",
            format!("kubectl -n {} get events", old.workload.namespace),
        )
}

/// A Corefile that became another one. One that came with another CoreDNS was meant.
fn corefile(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let now = ctx.cluster_dns()?;
    let Some(before) = before else {
        return Ok(Judgement::default());
    };
    let old = before.cluster_dns()?;
    let Some(was) = corefiles::main(old) else {
        return Ok(Judgement::default());
    };
    let message = match corefiles::main(now) {
        None => "its Corefile is gone: CoreDNS does not start without it",
        Some(is) if is.digest != was.digest => {
            "its Corefile is not the one from before the upgrade"
        }
        Some(_) => return Ok(Judgement::default()),
    };
    let upgraded = version(ctx, ctx) != version(ctx, before);
    let severity = if corefiles::main(now).is_none() {
        Severity::Blocker
    } else if upgraded {
        Severity::Note
    } else {
        Severity::Risk
    };
    Ok(Vec::from([describe_corefile(ctx, was, now, severity, message)]).into())
}

/// The images of CoreDNS, as far as its workloads could be listed.
fn version(ctx: &Context<'_>, view: &View<'_>) -> Vec<String> {
    let (installed, _) = installed::all(ctx, view);
    let coredns = installed.iter().filter(|one| one.addon.addon == "coredns");
    coredns.map(|one| one.image.to_owned()).collect()
}

fn describe_corefile(
    ctx: &Context<'_>,
    was: &Corefile,
    now: &ClusterDns,
    severity: Severity,
    message: &str,
) -> Finding {
    let subject = Subject::namespaced("v1", "ConfigMap", &was.namespace, &was.name);
    let digest = corefiles::main(now).map_or("none", |is| is.digest.as_str());
    Finding::new(severity, subject, message)
        .because(Evidence::state(
            corefiles::source(was),
            ctx.now(),
            format!("digest {} before, {digest} now", was.digest),
        ))
        .fix_with(
            "Compare it with the one from before, and put back what was lost",
            format!(
                "kubectl -n {} get configmap {} -o yaml",
                was.namespace, was.name
            ),
        )
}

/// Releases that are unfinished now and were not.
fn releases(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let now = ctx.helm_releases()?;
    let (old, gap) = match before.map(View::helm_releases) {
        None => (None, None),
        Some(read) => optional(read),
    };
    let findings: Judgement = now
        .iter()
        .filter(|one| Newest::of(one).is_unfinished())
        .filter(|one| !was_unfinished(one, old))
        .map(|one| describe_release(ctx, one))
        .collect();
    Ok(findings.without(gap))
}

fn was_unfinished(release: &HelmRelease, old: Option<&Vec<HelmRelease>>) -> bool {
    let mut old = old.into_iter().flatten();
    old.any(|one| {
        one.namespace == release.namespace
            && one.name == release.name
            && Newest::of(one).revision == Newest::of(release).revision
            && Newest::of(one).is_unfinished()
    })
}

fn describe_release(ctx: &Context<'_>, one: &HelmRelease) -> Finding {
    let (namespace, name, newest) = (&one.namespace, &one.name, Newest::of(one));
    let subject = Subject::namespaced("", "HelmRelease", namespace, name);
    let message = format!(
        "its newest revision {} is {}",
        newest.revision, newest.status
    );
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(
            release::source(one),
            ctx.now(),
            format!("revision {} {}", newest.revision, newest.status),
        ))
        .fix_with(
            "Finish what was begun, or roll it back",
            format!("helm -n {namespace} history {name}"),
        )
}
