use airworthy_knowledge::{api_version, url};
use airworthy_model::{
    Breaks, CheckInfo, Evidence, Finding, Group, Hop, Kind, Minor, Need, Phase, Severity, Subject,
    UpgradePath, facts::AuditLog, finding::AffectedApi,
};

use super::{
    audited,
    usage::{self, Usage},
    uses::{calls, fate},
};
use crate::{Check, Context, Outcome, path::leaves_a_minor, text::short};

/// A call younger than this is of a client that runs. In a process younger than this every call is recent.
pub(crate) const DAY: i64 = 24 * 60 * 60;

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
        needs: &[
            Need::Metrics,
            Need::Namespaces,
            Need::ApiWriters,
            Need::HelmReleases,
            Need::GitOps,
            Need::Audit,
        ],
        page: include_str!("deprecated_api_check.md"),
    },
    blocks: leaves_a_minor,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    // What one of the two sources lacks does not hide what the other tells.
    let (metrics, log) = (ctx.metrics(), calls::log(ctx));
    let counted: Vec<_> = match &metrics {
        Ok(metrics) => usage::of(metrics, ctx.knowledge).collect(),
        Err(_) => Vec::new(),
    };
    let log_read = log.as_ref().ok().copied().flatten();
    let audited = log_read.map(|log| audited::judge(ctx, path, log, &counted));
    let mut judgement = audited.transpose()?.unwrap_or_default();
    judgement.findings.extend(
        counted
            .iter()
            .filter(|usage| !log_read.is_some_and(|log| audited::tells_all(log, usage)))
            .map(|usage| judge(ctx, path, usage, log_read)),
    );
    Ok(judgement.without(metrics.err()).without(log.err()))
}

/// The hop that takes the version away. A server that emulates an older minor drops it on its first hop.
pub(crate) fn meets(path: &UpgradePath, removed: Option<Minor>) -> Option<Hop> {
    fate::meets(
        path,
        removed.filter(|removed| *removed <= path.target.minor)?,
    )
}

fn weigh(ctx: &Context<'_>, usage: &Usage<'_>, hop: Option<Hop>) -> Severity {
    let recent = usage.started.is_some() && ctx.seconds_since(usage.started) < DAY;
    match hop {
        None => Severity::Note,
        Some(_) if usage.is_unavoidable() => Severity::Note,
        Some(_) if recent => Severity::Blocker,
        Some(_) => Severity::Risk,
    }
}

fn judge(
    ctx: &Context<'_>,
    path: &UpgradePath,
    usage: &Usage<'_>,
    log: Option<&AuditLog>,
) -> Finding {
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
        evidence: evidence(usage, log),
        api: Some(affected(usage)),
        breaks: (severity > Severity::Note).then_some(Breaks::RunningClient),
        ..Finding::new(severity, Subject::cluster(&at, kind, resource), say(&at, usage, hop))
    }
    // Two versions of one resource are two matters.
    .telling_apart(*version)
    .fix_with(
        "Find the client: audit events of such calls name user and user agent (give the log with --audit-log)",
        "kubectl get --raw /metrics | grep apiserver_requested_deprecated_apis",
    )
    .fix(remedy(usage))
}

/// What the metric counted, and those of the control plane whom a log names beside.
fn evidence(usage: &Usage<'_>, log: Option<&AuditLog>) -> Vec<Evidence> {
    let rows = log.into_iter().flat_map(|log| audited::rows(log, usage));
    usage.evidence().chain(rows.map(calls::evidence)).collect()
}

fn affected(usage: &Usage<'_>) -> AffectedApi {
    let Usage {
        group,
        version,
        resource,
        known,
        ..
    } = usage;
    known.map_or_else(
        || AffectedApi {
            url: url(group, version, resource),
            api_version: api_version(group, version),
            removed: usage.removed(),
            ..AffectedApi::default()
        },
        fate::affected,
    )
}

fn say(at: &str, usage: &Usage<'_>, hop: Option<Hop>) -> String {
    let (at, called) = (short(at, 60), format!("has been called {}", usage.since()));
    let dispute = usage.dispute();
    let text = match (usage.removed(), hop) {
        (None, _) => format!("{at} is deprecated without a date of removal and {called}"),
        (Some(gone), None) => {
            format!("{at} is gone in {gone}{dispute}, not on this path, and {called}")
        }
        (Some(gone), Some(_)) if usage.is_unavoidable() => format!(
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
