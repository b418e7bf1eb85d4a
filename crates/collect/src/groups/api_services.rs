//! Registrations of APIs. One that became unavailable a moment ago gets a second look: back ends restart.

use airworthy_model::facts::{ApiService, Condition};
use jiff::{SignedDuration, Timestamp};

use crate::{
    failure::Failure,
    list::list,
    resource::{API_SERVICES, Versions},
    session::Session,
    wire::api::Registration,
};

/// Younger than this, unavailability may be a restart.
const YOUNG: SignedDuration = SignedDuration::from_secs(60);

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<ApiService>, Failure> {
    let first = sample(session, versions).await?;
    let now = session.server_now().unwrap_or_else(Timestamp::now);
    if !first.iter().any(|service| is_young_and_bad(service, now)) {
        return Ok(first);
    }
    session.wait(session.plan.limits.second_look).await;
    let Ok(mut second) = sample(session, versions).await else {
        return Ok(first);
    };
    for service in &mut second {
        let before = first.iter().find(|before| before.name == service.name);
        service.resampled = before.is_some_and(|before| is_young_and_bad(before, now));
    }
    Ok(second)
}

async fn sample(session: &Session<'_>, versions: Versions<'_>) -> Result<Vec<ApiService>, Failure> {
    let keep = |wire: Registration, _: &str, rows: &mut Vec<ApiService>| rows.push(wire.into());
    list(session, versions, &API_SERVICES, keep).await
}

fn is_young_and_bad(service: &ApiService, now: Timestamp) -> bool {
    let available = Condition::find(&service.conditions, "Available");
    available.is_some_and(|condition| {
        let since = condition.last_transition;
        !condition.is_true() && since.is_some_and(|since| now.duration_since(since) < YOUNG)
    })
}
