use airworthy_model::{
    CheckInfo, Group, Kind, Missing, Need, Phase, Reason, Severity, facts::HelmRelease,
};

use super::uses::{self, Strength};
use crate::{Check, Context, Judgement, Outcome, never};

/// Releases whose next upgrade would send a version that the target does not serve.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "HelmReleaseDeprecatedApi",
        summary: "a deployed Helm release holds an API version that the target does not serve",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Namespaces,
            Need::ApiWriters,
            Need::HelmReleases,
            Need::GitOps,
            Need::Audit,
        ],
        page: include_str!("helm_release_deprecated_api.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let releases = ctx.helm_releases()?;
    ctx.path()?;
    let uses = uses::reported_by(ctx, Strength::Helm)?;
    let findings: Judgement = uses
        .iter()
        .map(|one| uses::describe(ctx, one, Strength::Helm))
        .collect();
    Ok(findings.without(releases.iter().filter_map(unread)))
}

/// A release whose payload nobody could read.
fn unread(release: &HelmRelease) -> Option<Missing> {
    let HelmRelease {
        namespace,
        name,
        stored_in,
        record,
        problem,
        ..
    } = release;
    let problem = problem.as_ref()?;
    Some(Missing {
        reason: Reason::Malformed,
        cure: Some(format!(
            "look at it: helm get manifest {name} -n {namespace}"
        )),
        ..Missing::not_collected(
            Need::HelmReleases,
            format!("release {namespace}/{name} ({stored_in} {record}): {problem}"),
        )
    })
}
