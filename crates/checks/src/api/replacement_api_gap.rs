use std::collections::BTreeMap;

use airworthy_knowledge::{Api, Serving};
use airworthy_model::{
    CheckInfo, Evidence, EvidenceKind, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity,
    Subject, UpgradePath,
};

use super::{
    usage,
    uses::{
        Ended, calls, desired,
        fate::{affected, bridge, successor},
        writers,
    },
};
use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Versions in use whose replacement comes too late for their users to move first.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ReplacementApiGap",
        summary: "an API version in use ends, and the running minor does not serve its replacement",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Metrics,
            Need::ApiWriters,
            Need::HelmReleases,
            Need::GitOps,
            Need::Audit,
        ],
        page: include_str!("replacement_api_gap.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if !ctx.knowledge.apis().any(|api| is_gap(path, api)) {
        return Ok(Judgement::not_applicable(
            "the running minor serves the replacement of everything that ends on this path",
        ));
    }
    let (used, missing) = used(ctx);
    let gaps = used
        .into_values()
        .filter(|(ended, _)| is_gap(path, ended.api));
    let findings: Judgement = gaps
        .map(|(ended, evidence)| describe(ctx, path, ended, evidence))
        .collect();
    Ok(findings.without(missing))
}

/// Whether a version ends on the way, and what replaces it is not there yet.
fn is_gap(path: &UpgradePath, api: &Api) -> bool {
    let late = api
        .replacement_since
        .is_some_and(|since| since > path.from.minor);
    let ends = api.removed.is_some_and(|removed| path.crosses(removed));
    let now = api.serving(path.from.minor);
    late && ends && matches!(now, Serving::Served | Serving::OffByDefault)
}

type Used<'a> = BTreeMap<String, (Ended<'a>, Vec<Evidence>)>;

/// Every API version that anything uses, and what could not be looked at.
fn used<'a>(ctx: &Context<'a>) -> (Used<'a>, Vec<Missing>) {
    let mut missing = Vec::new();
    let mut used = Used::new();
    let sources = [
        calls::uses(ctx),
        writers::uses(ctx),
        desired::releases(ctx),
        desired::sources(ctx),
    ];
    for source in sources {
        for one in source.unwrap_or_else(|lacks| {
            missing.push(lacks);
            Vec::new()
        }) {
            let (_, evidence) = used
                .entry(one.ended.name())
                .or_insert_with(|| (one.ended, Vec::new()));
            evidence.extend(one.evidence.into_iter().map(|(_, evidence)| evidence));
        }
    }
    if let Err(lacks) = counted(ctx, &mut used) {
        missing.push(lacks);
    }
    (used, missing)
}

/// Adds what the metric counts.
fn counted<'a>(ctx: &Context<'a>, used: &mut Used<'a>) -> Result<(), Missing> {
    let path = ctx.path()?;
    for usage in usage::of(ctx.metrics()?, ctx.knowledge) {
        let ended = usage
            .known
            .and_then(|api| Ended::of(ctx.knowledge, path, &api.api_version(), &api.kind));
        let Some(ended) = ended else { continue };
        let (_, evidence) = used
            .entry(ended.name())
            .or_insert_with(|| (ended, Vec::new()));
        evidence.extend(usage.evidence());
    }
    Ok(())
}

fn describe(
    ctx: &Context<'_>,
    path: &UpgradePath,
    ended: Ended<'_>,
    evidence: Vec<Evidence>,
) -> Finding {
    let api = ended.api;
    let (at, to) = (ended.version(), successor(api).unwrap_or_default());
    let (runs, gone) = (path.from.minor, api.removed.unwrap_or(path.target.minor));
    let since = api.replacement_since.unwrap_or(gone);
    let bridge = bridge(ctx.knowledge, api, runs, gone);
    let message =
        format!("{at} ends in {gone}, and {to} begins in {since}: at {runs} nobody can move first");
    let finding = Finding {
        hop: ended.hop,
        api: Some(affected(api)),
        evidence: evidence
            .into_iter()
            .chain([known(ctx, &at, &to, since)])
            .collect(),
        ..Finding::new(
            if bridge.is_some() {
                Severity::Note
            } else {
                Severity::Risk
            },
            Subject::cluster(&at, &api.kind, &api.resource),
            short(&message, 200),
        )
    }
    .telling_apart(&*api.version);
    match bridge {
        Some(bridge) => finding.fix(format!(
            "Move to {} first: {runs} and {gone} both serve it",
            bridge.api_version()
        )),
        None => stop(finding, since, gone, &at, &to),
    }
}

/// A minor that serves both, when there is one on the way.
fn stop(finding: Finding, since: Minor, gone: Minor, at: &str, to: &str) -> Finding {
    if since < gone {
        return finding.fix(format!(
            "Stop at {since}, which serves both, and move what uses {at} to {to} before the next step"
        ));
    }
    finding.fix(format!(
        "Let the clients choose by discovery between {at} and {to}, or stop them for the step to {gone}"
    ))
}

fn known(ctx: &Context<'_>, at: &str, to: &str, since: Minor) -> Evidence {
    Evidence {
        kind: EvidenceKind::State,
        source: "airworthy".into(),
        observed_at: Some(ctx.now()),
        detail: format!(
            "tables of {}: {to} replaces {at} and is served since {since}",
            ctx.knowledge.version()
        ),
    }
}
