//! From the bytes of a request to what it asks for, or to the [`ApiError`] that says why not.
//!
//! Nothing here panics, whatever the bytes; size, nesting and number of values are bounded. Empty texts count as absent, and
//! members that nobody knows are passed over.

mod checks;
mod cluster;
mod delay;
mod read;
mod token;
mod upgrade;
mod workflow;

use http::{HeaderMap, header::CONTENT_TYPE};

use crate::ApiError;
use read::quoted;

pub use checks::{PostcheckRequest, PrecheckRequest, Skip, parse_postcheck, parse_precheck};
pub use cluster::{ClusterRequest, parse_cluster, parse_delete_options};
pub use delay::{parse_delay, parse_instant};
pub use read::{BODY_LIMIT, parse_nothing};
pub use token::{TOKEN_BODY_LIMIT, TokenRequest, TokenScope, Wanted, parse_token_request};
pub use upgrade::{BatchScope, DEFAULT_STEP, UpgradeRequest, parse_upgrade};
pub use workflow::{WorkflowChange, WorkflowRequest, parse_workflow, parse_workflow_update};

/// Refuses a request whose body is not announced as JSON; a request without body needs no such check.
pub fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = value.and_then(|text| text.split(';').next()).map(str::trim);
    match media {
        Some(media) if media.eq_ignore_ascii_case("application/json") => Ok(()),
        Some(other) => Err(ApiError::content_type(&format!(
            "Send application/json, not {}.",
            quoted(other)
        ))),
        None => Err(ApiError::content_type("Send application/json.")),
    }
}

/// Refuses an identifier of the path (`what` names it, such as `cluster_id`) that cannot be one.
pub fn check_id(what: &str, id: &str) -> Result<(), ApiError> {
    if is_id(id) {
        return Ok(());
    }
    Err(ApiError::invalid_request(&format!(
        "{what} {} is not an id: 8-4-4-4-12 small letters and digits are expected.",
        quoted(id)
    )))
}

/// Refuses a project of the path that is a client's unfilled placeholder.
pub fn check_project_id(id: &str) -> Result<(), ApiError> {
    let unfilled = ["{project_id}", "%7Bproject_id%7D", "%7bproject_id%7d"];
    if id.is_empty() || unfilled.contains(&id) {
        return Err(ApiError::invalid_request(
            "The path carries no project id: the client's credentials lack one, so set project_id there.",
        ));
    }
    Ok(())
}

fn is_id(id: &str) -> bool {
    let mut groups = id.split('-');
    let fits = [8, 4, 4, 4, 12].into_iter().all(|length| {
        groups.next().is_some_and(|group| {
            group.len() == length
                && group
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        })
    });
    fits && groups.next().is_none()
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
