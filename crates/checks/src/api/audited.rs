//! What an audit log adds to the metric: who called. Users and programs are named from it alone.

use std::collections::BTreeSet;

use airworthy_knowledge::{api_version, url};
use airworthy_model::{
    Breaks, Finding, Severity, Subject, UpgradePath,
    facts::{ApiCaller, AuditLog},
    finding::AffectedApi,
};
use jiff::Timestamp;

use super::{
    deprecated_api_check::{DAY, meets},
    usage::Usage,
    uses::{
        self, ApiUse, Ended, Strength,
        calls::{self, Client, is_client},
        fate, system,
    },
};
use crate::{
    Context, Judgement, Outcome,
    text::{short, some_of},
};

/// One finding a client, with what the metric counts of the same version, and one note of what the control plane calls itself.
pub(crate) fn judge(
    ctx: &Context<'_>,
    path: &UpgradePath,
    log: &AuditLog,
    counted: &[Usage<'_>],
) -> Outcome {
    let uses = uses::reported_by(ctx, Strength::Call)?;
    let known = uses.iter().map(|one| running(ctx, path, log, one));
    let clients = calls::clients(ctx, log);
    let other = clients.iter().filter(|client| client.use_of(ctx).is_none());
    let other = other.map(|client| lasting(ctx, path, log, client));
    let mut findings: Vec<_> = known.chain(other).collect();
    for finding in &mut findings {
        let address = finding.api.as_ref().map(|api| api.url.clone());
        let same =
            |usage: &&Usage<'_>| address == Some(url(usage.group, usage.version, usage.resource));
        finding
            .evidence
            .extend(counted.iter().filter(same).flat_map(Usage::evidence));
    }
    findings.extend(by_control_plane(ctx, path, log));
    Ok(Judgement::from(findings).without(calls::gaps(log)))
}

/// Whether a call is so young that its client runs. A log cannot know of what came after its end.
fn is_recent(ctx: &Context<'_>, log: &AuditLog, called: Option<Timestamp>) -> bool {
    let now = log.last.map_or(ctx.now(), |last| last.min(ctx.now()));
    // A call without a time may be of now.
    called.is_none_or(|called| now.as_second() - called.as_second() < DAY)
}

/// A client that calls what the target does not serve.
fn running(ctx: &Context<'_>, path: &UpgradePath, log: &AuditLog, one: &ApiUse<'_>) -> Finding {
    let mut finding = uses::describe(ctx, one, Strength::Call);
    if is_recent(ctx, log, one.called) && is_taken_away(path, one) {
        finding.severity = Severity::Blocker;
    }
    finding.message = short(&format!("{}{}", finding.message, last(one.called)), 200);
    finding
}

/// Whether the calls are answered now and will not be: what the running minor dropped already fails without any upgrade, unless
/// the server said that it still serves it, as one that emulates an older minor does.
fn is_taken_away(path: &UpgradePath, one: &ApiUse<'_>) -> bool {
    let fate::Fate::Removed { since } = one.ended.fate else {
        return false;
    };
    one.ended.hop.is_some() && (path.crosses(since) || one.marked)
}

/// Parts of a second help nobody.
fn last(called: Option<Timestamp>) -> String {
    let second = called.and_then(|time| Timestamp::from_second(time.as_second()).ok());
    second
        .map(|time| format!(", last at {time}"))
        .unwrap_or_default()
}

/// A client that calls what the target still serves by the tables, or what they do not know. The server's word counts where it
/// names an earlier minor.
fn lasting(ctx: &Context<'_>, path: &UpgradePath, log: &AuditLog, client: &Client<'_>) -> Finding {
    let row = client.newest();
    let at = api_version(&row.group, &row.version);
    let told = client.rows.iter().filter_map(|row| row.removed_release);
    let removed = told.chain(client.known.and_then(|api| api.removed)).min();
    let hop = meets(path, removed);
    let (severity, end) = match (hop, removed) {
        (Some(_), Some(removed)) if is_recent(ctx, log, row.last_seen) => {
            (Severity::Blocker, format!("gone in {removed}"))
        }
        (Some(_), Some(removed)) => (Severity::Risk, format!("gone in {removed}")),
        (_, Some(removed)) => (
            Severity::Note,
            format!("gone in {removed}, not on this path"),
        ),
        (_, None) => (
            Severity::Note,
            "deprecated without a date of removal".to_owned(),
        ),
    };
    let caller = calls::caller(row);
    let message = format!(
        "calls {} {}{}, {end}{}",
        short(&at, 60),
        row.resource,
        uses::program(&caller),
        last(row.last_seen)
    );
    let api = client
        .known
        .map_or_else(|| unknown(row, &at), fate::affected);
    Finding {
        hop,
        evidence: client.evidence().collect(),
        caller: Some(caller),
        api: Some(api),
        breaks: (severity > Severity::Note).then_some(Breaks::RunningClient),
        ..Finding::new(severity, uses::caller(row), short(&message, 200))
    }
    .telling_apart(format!("{at} {} {}", row.resource, system::product(&row.user_agent)).trim_end())
    .fix("Move the client to a version that lasts, and restart it")
}

fn unknown(row: &ApiCaller, at: &str) -> AffectedApi {
    AffectedApi {
        url: url(&row.group, &row.version, &row.resource),
        api_version: at.to_owned(),
        removed: row.removed_release,
        ..AffectedApi::default()
    }
}

/// Everybody whom the log names as a caller of what the metric counts.
pub(crate) fn rows<'a>(
    log: &'a AuditLog,
    usage: &Usage<'_>,
) -> impl Iterator<Item = &'a ApiCaller> {
    let (group, version, resource) = (usage.group, usage.version, usage.resource);
    let same = move |row: &&ApiCaller| {
        row.group == group && row.version == version && row.resource == resource
    };
    log.callers.iter().filter(same)
}

/// Whether the log says all there is to say of what the metric counts: it names clients, which have findings of their own; or it
/// names the control plane alone, reaches back to the start of the process, and holds as many calls as were counted.
pub(crate) fn tells_all(log: &AuditLog, usage: &Usage<'_>) -> bool {
    if rows(log, usage).any(is_client) {
        return true;
    }
    let seen: u64 = rows(log, usage).map(|row| row.count).sum();
    let reaches_back = log
        .first
        .zip(usage.started)
        .is_some_and(|(first, started)| first <= started);
    let whole = calls::gaps(log).is_none();
    seen > 0 && reaches_back && whole && usage.count().is_some_and(|counted| counted <= seen)
}

/// What the control plane calls itself: it changes with the upgrade, and is nobody's to repair.
fn by_control_plane(ctx: &Context<'_>, path: &UpgradePath, log: &AuditLog) -> Option<Finding> {
    let ends = |row: &&ApiCaller| {
        let api = ctx.knowledge.api(&row.group, &row.version, &row.resource);
        api.is_some_and(|api| {
            Ended::of(ctx.knowledge, path, &api.api_version(), &api.kind).is_some()
        })
    };
    let rows: Vec<_> = log
        .callers
        .iter()
        .filter(|row| !is_client(row))
        .filter(ends)
        .collect();
    let callers: BTreeSet<_> = rows
        .iter()
        .filter_map(|row| system::component(&row.user, &row.user_agent))
        .collect();
    let apis: BTreeSet<_> = rows
        .iter()
        .map(|row| format!("{} {}", api_version(&row.group, &row.version), row.resource))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let message = format!(
        "{} called {}, which the target does not serve: part of the control plane, and no client of anybody's",
        some_of(callers),
        some_of(apis.iter().map(String::as_str))
    );
    let finding = Finding {
        evidence: rows.into_iter().map(calls::evidence).collect(),
        ..Finding::new(
            Severity::Note,
            Subject::cluster("", "ControlPlane", "callers"),
            short(&message, 200),
        )
    };
    Some(finding.fix("Nothing has to be done: these callers change with the control plane"))
}
