use airworthy_model::{
    Admitted, CheckInfo, Evidence, Finding, Group, Hop, Kind, KubeConstraint, Minor, Missing, Need,
    Phase, Reason, Severity, Subject, UpgradePath, facts::HelmRelease, version::KubeVersion,
};

use super::release;
use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Releases whose chart does not take the target.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ChartKubeVersion",
        summary: "the chart of a Helm release says itself that it does not fit the target",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::HelmReleases],
        page: include_str!("chart_kube_version.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    let mut judgement = Judgement::default();
    for release in ctx.helm_releases()? {
        if let Some(text) = &release.kube_version {
            judgement.findings.extend(judge(ctx, path, release, text));
        } else if release.chart.is_empty() && release.problem.is_some() {
            judgement.missing.push(unread(release));
        }
    }
    Ok(judgement)
}

/// Nobody knows what the chart of an unreadable record says.
fn unread(release: &HelmRelease) -> Missing {
    let why = release.problem.as_deref().unwrap_or_default();
    Missing {
        reason: Reason::Malformed,
        ..Missing::not_collected(
            Need::HelmReleases,
            format!("release {}/{}: {why}", release.namespace, release.name),
        )
    }
}

fn judge(
    ctx: &Context<'_>,
    path: &UpgradePath,
    release: &HelmRelease,
    text: &str,
) -> Option<Finding> {
    let chart = format!("{} {}", release.chart, release.chart_version);
    let asks = format!(
        "chart {} asks for Kubernetes {:?}",
        short(&chart, 60),
        short(text, 50)
    );
    let Ok(constraint) = text.parse::<KubeConstraint>() else {
        let message = format!("{asks}, which Helm cannot read: it refuses the chart everywhere");
        return Some(describe(ctx, release, text, Severity::Note, message));
    };
    let (minor, hop, admitted) = first_refused(path, &constraint)?;
    let now = of(&path.from, &constraint) != Admitted::None;
    let severity = if now && admitted == Admitted::None {
        Severity::Risk
    } else {
        Severity::Note
    };
    let message = match (admitted, now) {
        (Admitted::Some, _) => format!("{asks}, which only some patches of {minor} fit"),
        (_, true) => format!("{asks}, which {minor} does not fit"),
        (_, false) => format!("{asks}, which neither {} nor {minor} fits", path.from.minor),
    };
    let finding = describe(ctx, release, text, severity, message);
    Some(match hop {
        Some(hop) => finding.at(hop),
        None => finding,
    })
}

/// The first minor on the way that the constraint does not take whole. A patch upgrade has no step.
fn first_refused(
    path: &UpgradePath,
    constraint: &KubeConstraint,
) -> Option<(Minor, Option<Hop>, Admitted)> {
    let on_the_way = path.hops.iter().map(|hop| {
        let last = hop.to == path.target.minor;
        let admitted = if last {
            of(&path.target, constraint)
        } else {
            constraint.admits_minor(hop.to)
        };
        (hop.to, Some(*hop), admitted)
    });
    let target = || (path.target.minor, None, of(&path.target, constraint));
    let alone = path.hops.is_empty().then(target);
    on_the_way
        .chain(alone)
        .find(|(_, _, admitted)| *admitted != Admitted::All)
}

/// A version with its patch is taken or not; of a bare minor, every patch may come.
fn of(version: &KubeVersion, constraint: &KubeConstraint) -> Admitted {
    match version.patch {
        Some(patch) if constraint.admits(version.minor, patch) => Admitted::All,
        Some(_) => Admitted::None,
        None => constraint.admits_minor(version.minor),
    }
}

fn describe(
    ctx: &Context<'_>,
    release: &HelmRelease,
    text: &str,
    severity: Severity,
    message: String,
) -> Finding {
    let HelmRelease {
        namespace,
        name,
        chart,
        chart_version,
        ..
    } = release;
    let subject = Subject::namespaced("", "HelmRelease", namespace, name);
    let detail = format!("chart {chart} {chart_version}, kubeVersion {text}");
    Finding::new(severity, subject, message)
        .because(Evidence::state(release::source(release), ctx.now(), detail))
        .setting("chart.metadata.kubeVersion", text, None)
        .fix_with(
            "Upgrade the release to a version of its chart that takes the target, before the cluster",
            format!("helm -n {namespace} history {name}"),
        )
}
