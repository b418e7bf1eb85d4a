//! Which clients an audit log saw calling at versions that the target does not serve, and what it cannot know.

use std::collections::BTreeMap;

use airworthy_knowledge::Api;
use airworthy_model::{
    Breaks, Evidence, EvidenceKind, Missing, Need, Reason,
    facts::{ApiCaller, AuditLog},
    finding::Caller,
};
use jiff::Timestamp;

use super::{ApiUse, Strength, fate::Ended, owner, system};
use crate::Context;

/// The audit log, where one was given: none is no reason to know less than before.
pub(crate) fn log<'a>(ctx: &Context<'a>) -> Result<Option<&'a AuditLog>, Missing> {
    match ctx.audit() {
        Err(missing) if matches!(missing.reason, Reason::NotCollected | Reason::SwitchedOff) => {
            Ok(None)
        }
        read => read.map(Some),
    }
}

/// One program of one user, and its calls of one resource at one version.
pub(crate) struct Client<'a> {
    /// Never empty.
    pub(crate) rows: Vec<&'a ApiCaller>,
    /// What the tables know of what it calls.
    pub(crate) known: Option<&'a Api>,
}

/// The clients that a log names. The control plane is not among them.
pub(crate) fn clients<'a>(ctx: &Context<'a>, log: &'a AuditLog) -> Vec<Client<'a>> {
    let mut clients: BTreeMap<_, Client<'a>> = BTreeMap::new();
    for row in log.callers.iter().filter(|row| is_client(row)) {
        let api = (&*row.group, &*row.version, &*row.resource);
        let key = (api, &*row.user, system::product(&row.user_agent));
        let client = || Client {
            rows: Vec::new(),
            known: ctx.knowledge.api(api.0, api.1, api.2),
        };
        clients.entry(key).or_insert_with(client).rows.push(row);
    }
    clients.into_values().collect()
}

/// Whether a caller is neither part of the control plane nor ourselves.
pub(crate) fn is_client(row: &ApiCaller) -> bool {
    system::component(&row.user, &row.user_agent).is_none()
}

/// What clients call that the target does not serve.
pub(crate) fn uses<'a>(ctx: &Context<'a>) -> Result<Vec<ApiUse<'a>>, Missing> {
    let clients = log(ctx)?.map(|log| clients(ctx, log)).unwrap_or_default();
    Ok(clients
        .iter()
        .filter_map(|client| client.use_of(ctx))
        .collect())
}

impl<'a> Client<'a> {
    /// The row of the latest call.
    pub(crate) fn newest(&self) -> &'a ApiCaller {
        let newest = self
            .rows
            .iter()
            .max_by_key(|row| (row.last_seen, &row.user_agent));
        newest.expect("a client has rows")
    }

    /// Its use of a version that ends by the tables.
    pub(crate) fn use_of(&self, ctx: &Context<'a>) -> Option<ApiUse<'a>> {
        let (api, newest) = (self.known?, self.newest());
        let ended = Ended::of(
            ctx.knowledge,
            ctx.path().ok()?,
            &api.api_version(),
            &api.kind,
        )?;
        Some(ApiUse {
            breaks: Breaks::RunningClient,
            evidence: self
                .evidence()
                .map(|evidence| (Strength::Call, evidence))
                .collect(),
            caller: Some(caller(newest)),
            called: newest.last_seen,
            marked: self.rows.iter().any(|row| row.removed_release.is_some()),
            wrote: wrote(&self.rows),
            ..ApiUse::new(ended, owner::caller(newest))
        })
    }

    /// One piece a row.
    pub(crate) fn evidence(&self) -> impl Iterator<Item = Evidence> {
        self.rows.iter().map(|row| evidence(row))
    }
}

/// Who called, as the log names it.
pub(crate) fn caller(row: &ApiCaller) -> Caller {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Caller {
        user: text(&row.user),
        user_agent: text(&row.user_agent),
    }
}

/// The time within which a client wrote at the version.
fn wrote(rows: &[&ApiCaller]) -> Option<(Timestamp, Timestamp)> {
    const WRITES: [&str; 3] = ["create", "update", "patch"];
    let writes = |row: &&&ApiCaller| WRITES.iter().any(|verb| row.verbs.contains_key(*verb));
    let times = || rows.iter().filter(writes);
    let first = times().filter_map(|row| row.first_seen).min()?;
    Some((first, times().filter_map(|row| row.last_seen).max()?))
}

/// What the log says of one caller.
pub(crate) fn evidence(row: &ApiCaller) -> Evidence {
    let verbs: Vec<_> = row
        .verbs
        .iter()
        .map(|(verb, count)| format!("{verb} {count}"))
        .collect();
    let resource = [row.resource.as_str(), row.subresource.as_str()].join("/");
    let first = row
        .first_seen
        .map(|time| format!(", first at {time}"))
        .unwrap_or_default();
    Evidence {
        kind: EvidenceKind::Call,
        source: "audit log".into(),
        observed_at: row.last_seen,
        detail: format!(
            "{} with {}: {} {}{first}",
            row.user,
            if row.user_agent.is_empty() {
                "no user agent"
            } else {
                &row.user_agent
            },
            resource.trim_end_matches('/'),
            verbs.join(", ")
        ),
    }
}

/// What of the log could not be read, or was not kept.
pub(crate) fn gaps(log: &AuditLog) -> Option<Missing> {
    if log.unreadable == 0 && log.uncounted == 0 && log.problems.is_empty() {
        return None;
    }
    let first = log.problems.first().map(|problem| {
        let line = if problem.line == 0 {
            String::new()
        } else {
            format!(":{}", problem.line)
        };
        format!("; first {}{line}: {}", problem.file, problem.why)
    });
    let detail = format!(
        "{} lines could not be read and {} calls are of more callers than are kept{}",
        log.unreadable,
        log.uncounted,
        first.unwrap_or_default()
    );
    Some(Missing {
        reason: Reason::Malformed,
        cure: log
            .problems
            .first()
            .and_then(|problem| problem.cure.clone()),
        ..Missing::not_collected(Need::Audit, detail)
    })
}
