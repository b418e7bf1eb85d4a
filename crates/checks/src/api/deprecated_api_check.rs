use airworthy_knowledge::{api_version, url};
use airworthy_model::{
    Breaks, CheckInfo, Finding, Group, Hop, Kind, Minor, Need, Phase, Severity, Subject,
    UpgradePath, finding::AffectedApi,
};

use super::usage::{self, Usage};
use crate::{Check, Context, Outcome, path::leaves_a_minor, text::short};

/// In a process younger than this every call is recent.
const DAY: i64 = 24 * 60 * 60;

/// Versions that somebody calls and that the target does not serve.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "DeprecatedApiCheck",
        summary: "an API version is called that the target does not serve",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: true,
        needs: &[Need::Metrics],
        page: include_str!("deprecated_api_check.md"),
    },
    blocks: leaves_a_minor,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let (metrics, path) = (ctx.metrics()?, ctx.path()?);
    let uses = usage::of(metrics, ctx.knowledge);
    Ok(uses.map(|usage| judge(ctx, path, &usage)).collect())
}

/// The hop that takes the version away. A server that emulates an older minor drops it on its first hop.
fn meets(path: &UpgradePath, removed: Option<Minor>) -> Option<Hop> {
    let removed = removed.filter(|removed| *removed <= path.target.minor)?;
    path.hop_crossing(removed)
        .or_else(|| path.hops.first().copied())
}

/// The control plane's own controllers read kinds that have no other version; that alone is no client of anybody's.
fn is_unavoidable(usage: &Usage<'_>) -> bool {
    usage.known.is_some_and(|api| api.gone_for_good)
}

fn weigh(ctx: &Context<'_>, usage: &Usage<'_>, hop: Option<Hop>) -> Severity {
    let recent = usage.started.is_some() && ctx.seconds_since(usage.started) < DAY;
    match hop {
        None => Severity::Note,
        Some(_) if is_unavoidable(usage) => Severity::Note,
        Some(_) if recent => Severity::Blocker,
        Some(_) => Severity::Risk,
    }
}

fn judge(ctx: &Context<'_>, path: &UpgradePath, usage: &Usage<'_>) -> Finding {
    let Usage {
        group,
        version,
        resource,
        known,
        ..
    } = usage;
    let hop = meets(path, usage.removed());
    let severity = weigh(ctx, usage, hop);
    let at = api_version(group, version);
    let kind = known.map_or(*resource, |api| &api.kind);
    Finding {
        hop,
        evidence: usage.evidence().collect(),
        api: Some(AffectedApi { url: url(group, version, resource), ..AffectedApi::default() }),
        breaks: (severity > Severity::Note).then_some(Breaks::RunningClient),
        ..Finding::new(severity, Subject::cluster(&at, kind, resource), say(&at, usage, hop))
    }
    // Two versions of one resource are two matters.
    .telling_apart(*version)
    .fix_with(
        "Find the client: audit events of such calls are annotated k8s.io/deprecated and name user and user agent",
        "kubectl get --raw /metrics | grep apiserver_requested_deprecated_apis",
    )
    .fix(remedy(usage))
}

fn say(at: &str, usage: &Usage<'_>, hop: Option<Hop>) -> String {
    let (at, called) = (short(at, 60), format!("has been called {}", usage.since()));
    let dispute = usage.dispute();
    let text = match (usage.removed(), hop) {
        (None, _) => format!("{at} is deprecated without a date of removal and {called}"),
        (Some(gone), None) => {
            format!("{at} is gone in {gone}{dispute}, not on this path, and {called}")
        }
        (Some(gone), Some(_)) if is_unavoidable(usage) => format!(
            "{at} is gone in {gone}; the control plane itself calls it, as the kind has no other version: RemovedApiObjects judges what is stored"
        ),
        (Some(gone), Some(_)) => format!("{at} is gone in {gone}{dispute} and {called}"),
    };
    short(&text, 200)
}

fn remedy(usage: &Usage<'_>) -> String {
    match usage.known.and_then(|api| api.replacement.as_deref()) {
        Some(replacement) => format!("Move it to {replacement} and restart it"),
        None => "Move it to a version that the target serves, and restart it".to_owned(),
    }
}
