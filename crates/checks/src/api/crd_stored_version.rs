use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Crd, CrdProbe},
};

use super::{
    crd_conversion_webhook::failed_to_convert,
    probe,
    stored::{has, stored, weight},
};
use crate::{Check, Context, Judgement, Outcome, always, text::short};

/// Custom resources that cannot be read, or whose definition cannot move on.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "CrdStoredVersion",
        summary: "custom resources may be stored at a version that is gone or on its way out",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Crds],
        page: include_str!("crd_stored_version.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let crds = ctx.crds()?;
    let findings: Judgement = crds.iter().flat_map(|crd| judge(ctx, crd)).collect();
    Ok(findings.without(probe::gaps(ctx, crds)))
}

fn judge(ctx: &Context<'_>, crd: &Crd) -> impl Iterator<Item = Finding> {
    let unreadable = probe::failed(ctx, crd)
        .filter(|probe| !is_told_by_conversion(ctx, crd, probe))
        .map(|probe| unreadable(crd, probe));
    let found = [absent(crd), stale(crd)]
        .into_iter()
        .flatten()
        .chain(unreadable);
    let source = format!(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}",
        crd.name
    );
    let evidence = Evidence::state(source, ctx.now(), status(crd));
    found.map(move |finding| finding.because(evidence.clone()))
}

/// Whether the conversion failed, and the check of conversions tells it.
fn is_told_by_conversion(ctx: &Context<'_>, crd: &Crd, probe: &CrdProbe) -> bool {
    failed_to_convert(crd, probe) && ctx.runs("CrdConversionWebhook")
}

fn status(crd: &Crd) -> String {
    let versions: Vec<_> = crd
        .versions
        .iter()
        .map(|version| version.name.as_str())
        .collect();
    format!(
        "spec.versions {}, status.storedVersions {}",
        versions.join(", "),
        crd.stored_versions.join(", ")
    )
}

fn finding(severity: Severity, crd: &Crd, message: &str) -> Finding {
    let subject = Subject::cluster(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &crd.name,
    );
    Finding::new(severity, subject, short(message, 200))
}

fn absent(crd: &Crd) -> Option<Finding> {
    let gone = stored(crd, |version| !has(crd, version));
    (!gone.is_empty()).then(|| {
        let message = format!("objects may be stored at {gone}, which the definition does not have: lists of {} fail as soon as one is", crd.plural);
        finding(Severity::Blocker, crd, &message)
            .telling_apart("absent")
            .setting("status.storedVersions", crd.stored_versions.join(", "), None)
            .fix_with(
                format!("Put {gone} back into spec.versions with served: false, then rewrite the objects"),
                format!("kubectl edit crd {}", crd.name),
            )
    })
}

fn unreadable(crd: &Crd, probe: &CrdProbe) -> Finding {
    let CrdProbe {
        version,
        status,
        message,
        ..
    } = probe;
    let text = format!("a list of one object at {version} answers {status}: {message}");
    finding(
        Severity::Blocker,
        crd,
        text.trim_end_matches(['.', ' ', ':']),
    )
    .telling_apart(format!("list {version}"))
    .fix_with(
        "See what cannot be read; a version that the message names belongs back into spec.versions",
        format!("kubectl get {}.{version}.{} -A", crd.plural, crd.group),
    )
}

/// Versions that are left over: harmless until the next manifest drops one of them.
fn stale(crd: &Crd) -> Option<Finding> {
    let storage = &crd.versions.iter().find(|version| version.storage)?.name;
    let old = stored(crd, |version| has(crd, version) && version != storage);
    if old.is_empty() {
        return None;
    }
    let (severity, why) = weight(crd, storage);
    let message = format!(
        "objects may still be stored at {old}, not at {storage} alone: a definition without {old} is refused{why}"
    );
    let patch = format!("{{\"status\":{{\"storedVersions\":[\"{storage}\"]}}}}");
    Some(
        finding(severity, crd, &message)
            .telling_apart("stale")
            .setting(
                "status.storedVersions",
                crd.stored_versions.join(", "),
                Some(storage),
            )
            .fix_with(
                "Write every object once, so that it is stored at the storage version",
                format!(
                    "kubectl get {name} -A -o json | kubectl replace -f -",
                    name = crd.name
                ),
            )
            .fix_with(
                "Then take the old version out of the list",
                format!(
                    "kubectl patch crd {} --subresource=status --type=merge -p '{patch}'",
                    crd.name
                ),
            ),
    )
}
