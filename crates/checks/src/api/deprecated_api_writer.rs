use airworthy_model::{
    CheckInfo, Group, Kind, Missing, Need, Phase, Reason, Severity, facts::WrittenKind,
};

use super::uses::{self, Strength};
use crate::{Check, Context, Judgement, Outcome, never, text::counted};

/// Objects that somebody last wrote at a version that the target does not serve.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "DeprecatedApiWriter",
        summary: "an object was last written at an API version that the target does not serve",
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
        page: include_str!("deprecated_api_writer.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let kinds = ctx.api_writers()?;
    ctx.path()?;
    let uses = uses::reported_by(ctx, Strength::Writer)?;
    let findings: Judgement = uses
        .iter()
        .map(|one| uses::describe(ctx, one, Strength::Writer))
        .collect();
    Ok(findings.without(kinds.iter().flat_map(gaps)))
}

/// What nobody could look at, kind by kind.
fn gaps(kind: &WrittenKind) -> impl Iterator<Item = Missing> {
    let name = airworthy_knowledge::api_version(&kind.group, &kind.resource);
    let lacks = |count: u64, why: &str| {
        let count = counted(usize::try_from(count).unwrap_or(usize::MAX), "object");
        Missing {
            reason: Reason::Malformed,
            ..Missing::not_collected(Need::ApiWriters, format!("{name}: {count} {why}"))
        }
    };
    let untold = (kind.untold > 0).then(|| Missing {
        cure: Some(
            "look into where their manifests come from; something strips managedFields".into(),
        ),
        ..lacks(
            kind.untold,
            "without managedFields: nothing tells at which version they were written",
        )
    });
    let uncounted = (kind.uncounted > 0).then(|| Missing {
        cure: Some("repair what was found and run again".into()),
        ..lacks(kind.uncounted, "more than are looked at in one run")
    });
    kind.unread
        .clone()
        .into_iter()
        .chain(untold)
        .chain(uncounted)
}
