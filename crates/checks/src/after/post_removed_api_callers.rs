use std::collections::BTreeMap;

use airworthy_knowledge::{Api, api_version, url};
use airworthy_model::{
    Breaks, CheckInfo, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject, UpgradePath,
    facts::{ApiCaller, AuditLog},
};

use crate::{
    Check, Context, Judgement, Outcome,
    api::{
        usage::{self, Usage},
        uses::{self, calls, fate, system},
    },
    text::{counted, short},
};

/// Clients that the upgrade has cut off.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostRemovedApiCallers",
        summary: "a client calls an API version that this upgrade took away",
        phase: Phase::Post,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Audit, Need::Metrics, Need::Baseline],
        page: include_str!("post_removed_api_callers.md"),
    },
    blocks,
    run,
};

/// A client that was refused so lately is at it still.
const STILL: i64 = 15 * 60;
/// A client that has been silent so long has been mended, or is gone.
const DAY: i64 = 24 * 3600;

/// Only an audit log names who is refused now; without one, nothing worse than a risk can be found.
fn blocks(ctx: &Context<'_>) -> bool {
    let goes = ctx.path().is_ok_and(|path| takes_away(ctx, path));
    goes && !matches!(calls::log(ctx), Ok(None))
}

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if !takes_away(ctx, path) {
        return Ok(Judgement::not_applicable(
            "no API version ends on the way that was gone",
        ));
    }
    match calls::log(ctx)? {
        Some(log) => Ok(refused(ctx, path, log)),
        None => called_before(ctx, path),
    }
}

fn takes_away(ctx: &Context<'_>, path: &UpgradePath) -> bool {
    ctx.knowledge.apis().any(|api| ended(path, api).is_some())
}

/// The minor on the way that does not serve it any more.
fn ended(path: &UpgradePath, api: &Api) -> Option<Minor> {
    api.removed.filter(|removed| path.crosses(*removed))
}

/// One finding a client and resource, from the calls that the API server has refused.
fn refused(ctx: &Context<'_>, path: &UpgradePath, log: &AuditLog) -> Judgement {
    let mut newest: BTreeMap<_, &ApiCaller> = BTreeMap::new();
    for row in log.refused.iter().filter(|row| calls::is_client(row)) {
        let key = (
            [&*row.group, &*row.version, &*row.resource],
            &*row.user,
            system::product(&row.user_agent),
        );
        let known = newest.entry(key).or_insert(row);
        if (row.last_seen, &row.user_agent) > (known.last_seen, &known.user_agent) {
            *known = row;
        }
    }
    let findings: Judgement = newest
        .into_values()
        .filter_map(|row| client(ctx, path, log, row))
        .collect();
    findings.without(calls::gaps(log))
}

fn client(
    ctx: &Context<'_>,
    path: &UpgradePath,
    log: &AuditLog,
    row: &ApiCaller,
) -> Option<Finding> {
    let api = ctx.knowledge.api(&row.group, &row.version, &row.resource)?;
    let removed = ended(path, api)?;
    // A log cannot know of what came after its end.
    let end = log.last.map_or(ctx.now(), |last| last.min(ctx.now()));
    let silent = row
        .last_seen
        .map_or(0, |last| end.as_second() - last.as_second());
    let (severity, since) = match silent {
        ..STILL => (Severity::Blocker, String::new()),
        STILL..DAY => (
            Severity::Risk,
            format!("; silent for {} min since", silent / 60),
        ),
        _ => return None,
    };
    let at = api.api_version();
    let times = counted(usize::try_from(row.count).unwrap_or(usize::MAX), "time");
    let message = format!(
        "was refused {times} at {} {}, gone since {removed}{since}",
        short(&at, 60),
        row.resource
    );
    let finding = Finding {
        caller: Some(calls::caller(row)),
        api: Some(fate::affected(api)),
        breaks: Some(Breaks::RunningClient),
        evidence: vec![calls::evidence(row)],
        ..Finding::new(severity, uses::caller(row), short(&message, 200))
    };
    let apart = format!("{at} {} {}", row.resource, system::product(&row.user_agent));
    Some(
        finding
            .telling_apart(apart.trim_end())
            .fix("Move the client to a version that is served, and restart it"),
    )
}

/// Without an audit log nobody can tell who is refused now: what was called until the upgrade may be called still.
fn called_before(ctx: &Context<'_>, path: &UpgradePath) -> Outcome {
    let before = ctx.before()?;
    let calls = usage::of(before.metrics()?, ctx.knowledge);
    Ok(calls
        .filter_map(|usage| Some(was_called(&usage, usage.known?, ended(path, usage.known?)?)))
        .collect())
}

fn was_called(usage: &Usage<'_>, api: &Api, removed: Minor) -> Finding {
    let at = api_version(usage.group, usage.version);
    let address = url(usage.group, usage.version, usage.resource);
    let (severity, what) = if usage.is_unavoidable() {
        let what = "the control plane itself did, as the kind has no other version";
        (Severity::Note, what)
    } else {
        (
            Severity::Risk,
            "only an audit log tells whether somebody still does",
        )
    };
    let message =
        format!("was called at {at} until the upgrade, and that is gone since {removed}; {what}");
    let finding = Finding {
        api: Some(fate::affected(api)),
        evidence: usage.evidence().collect(),
        ..Finding::new(
            severity,
            Subject::cluster(&at, &api.kind, &address),
            short(&message, 200),
        )
    };
    finding
        .telling_apart("before")
        .fix("Move the clients that the pre-check found to a version that is served")
        .fix("Give the API server's audit log (--audit-log FILE): it names whoever is refused now")
}
