//! `airworthy trail`: who changed what, as lines of JSON.

use airworthy_model::Role;
use airworthy_store::{Kept, Store};
use anyhow::{Result, anyhow};
use jiff::{SpanRelativeTo, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::{admin::known_project, serve::open};
use crate::{cli::Trail, config::Config, console};

/// Entries that are read at once.
const PAGE: u32 = 1000;

pub(crate) async fn run(args: Trail, mut config: Config) -> Result<u8> {
    let since = args
        .since
        .as_deref()
        .map(|text| time(text, Timestamp::now()));
    let since = since.transpose()?;
    let store = open(&args.store, &mut config).await?;
    if let Some(project) = &args.project {
        known_project(&store, project).await?;
    }
    print(&store, args.project.as_deref(), since).await?;
    store.close().await?;
    Ok(0)
}

async fn print(store: &Store, project: Option<&str>, since: Option<Timestamp>) -> Result<()> {
    let mut after = 0;
    loop {
        let page = store.trail_since(project, since, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.id;
        let lines: Vec<_> = page.iter().map(|kept| shown(kept).to_string()).collect();
        console::print(&lines.join("\n"))?;
    }
}

/// A time, a day, or a span before now.
fn time(text: &str, now: Timestamp) -> Result<Timestamp> {
    let wrong = || {
        anyhow!(
            "--since {text:?} is no time: 2026-11-22T08:00:00Z, 2026-11-22 or a span such as 24h is expected"
        )
    };
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    if let Ok(day) = text.parse::<Date>() {
        return Ok(day
            .to_zoned(TimeZone::UTC)
            .map_err(|_| wrong())?
            .timestamp());
    }
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let span = span.map_err(|_| wrong())?;
    now.checked_sub(span.abs()).map_err(|_| wrong())
}

/// The members are those of `GET /audit/v1/projects/{project_id}/requests`, and the project.
fn shown(Kept { id, entry }: &Kept) -> Value {
    let mut shown = json!({
        "id": id,
        "at": entry.at,
        "project": entry.project_id,
        "actor": entry.actor,
        "role": entry.role.map(Role::word),
        "from": entry.source,
        "operation": entry.operation,
        "cluster": entry.cluster_id,
        "status": entry.status,
        "errorCode": entry.error_code,
        "requestId": entry.request_id,
        "detail": entry.detail,
    });
    if let Some(members) = shown.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_days_or_spans() {
        let now = "2026-11-22T08:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-20T01:02:03Z", "2026-11-20T01:02:03Z"),
            ("2026-11-20T01:02:03+01:00", "2026-11-20T00:02:03Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("90m", "2026-11-22T06:30:00Z"),
            ("24h", "2026-11-21T08:00:00Z"),
            ("7d", "2026-11-15T08:00:00Z"),
        ] {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(time(text, now).unwrap(), expected, "{text}");
        }
        for text in ["", "yesterday", "7", "2026-13-01", "1month", "99999999999h"] {
            assert!(time(text, now).is_err(), "{text}");
        }
    }
}
