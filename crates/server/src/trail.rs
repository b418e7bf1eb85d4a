//! The trail of a project, for those who administer it.

use airworthy_cce::{ApiError, time::MicroTime};
use airworthy_store::{Entry, Kept};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Answer, app::App, call::Call, openapi::path_of};

/// Most entries of an answer.
const MOST: u32 = 1000;

/// Entries of an answer to somebody who does not say how many.
const USUAL: u32 = 100;

/// Entries of the trail, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestList {
    /// Always `RequestList`.
    kind: &'static str,
    /// Always `v1`.
    api_version: &'static str,
    /// The entries.
    items: Vec<RequestEntry>,
    /// What `before` has to be for the entries that are older; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<i64>,
}

/// One request that changed something or wanted to, or one attempt to log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestEntry {
    /// Number of the entry; later ones have larger ones.
    id: i64,
    /// When it was answered.
    at: MicroTime,
    /// Who asked: `key:` and the access key, or `user:` and the name.
    actor: String,
    /// The caller's role in the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// Address that the request came from.
    from: String,
    /// Name of the operation.
    operation: String,
    /// Cluster it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    /// Status of the answer.
    status: u16,
    /// Code of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    /// What `X-Request-Id` of the answer said.
    request_id: String,
    /// What it did beyond its operation: the items that a pre-check accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Lists who changed what in the project, or wanted to, and who logged in for it, newest first.
///
/// Entries are kept for 90 days, and at most 100,000 of a project.
#[utoipa::path(
    get,
    path = path_of("ListRequests"),
    operation_id = "ListRequests",
    tag = "Operation",
    params(
        ("before" = Option<i64>, Query, description = "Only entries with a smaller number, for the next page."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Most entries, 100 if not given."),
    ),
    responses((status = 200, description = "The entries.", body = RequestList)),
)]
pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer<RequestList> {
    let before = number(&call, "before", 1..=i64::MAX)?;
    let limit = number(&call, "limit", 1..=i64::from(MOST))?
        .and_then(|limit| u32::try_from(limit).ok())
        .unwrap_or(USUAL);
    let store = app.service.store();
    // One more than shown tells whether there are older ones.
    let mut kept = store.trail(&call.project, before, limit + 1).await?;
    let is_last = kept.len() <= limit as usize;
    kept.truncate(limit as usize);
    Ok(Json(RequestList {
        kind: "RequestList",
        api_version: "v1",
        before: kept.last().map(|kept| kept.id).filter(|_| !is_last),
        items: kept.into_iter().map(shown).collect(),
    }))
}

fn number(
    call: &Call,
    name: &str,
    allowed: std::ops::RangeInclusive<i64>,
) -> Result<Option<i64>, ApiError> {
    let Some(text) = call.query(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    let (least, most) = (allowed.start(), allowed.end());
    number.map(Some).ok_or_else(|| {
        ApiError::invalid_request(&format!("{name} is no number from {least} to {most}."))
    })
}

fn shown(Kept { id, entry }: Kept) -> RequestEntry {
    let Entry { role, .. } = entry;
    RequestEntry {
        id,
        at: MicroTime(entry.at),
        actor: entry.actor,
        role: role.map(airworthy_model::Role::word),
        from: entry.source,
        operation: entry.operation,
        cluster: entry.cluster_id,
        status: entry.status,
        error_code: entry.error_code,
        request_id: entry.request_id,
        detail: entry.detail,
    }
}
