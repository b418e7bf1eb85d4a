//! Kinds that a cluster need not have: listed where they are installed, and none where they are not.

use http::StatusCode;

use crate::{
    failure::Failure,
    list,
    resource::{Resource, Versions},
    session::Session,
    wire::Wire,
};

/// All objects of a kind; none where it is not served. Without discovery it is asked for at each version that is understood, and none of
/// them may be served. What is served and cannot be read is not none.
pub(crate) async fn all<W: Wire, F>(
    session: &Session<'_>,
    versions: Versions<'_>,
    (group, name, known): (&'static str, &'static str, &'static [&'static str]),
    fact: impl Fn(W, &str) -> F,
) -> Result<Vec<F>, Failure> {
    let resource = Resource {
        group,
        versions: known,
        name,
        namespace: None,
    };
    if versions.none_of(&resource) {
        return Ok(Vec::new());
    }
    let keep = |wire: W, version: &str, rows: &mut Vec<F>| {
        rows.push(fact(
            wire,
            &airworthy_knowledge::api_version(group, version),
        ));
    };
    let absent = |failure: &Failure| failure.status() == Some(StatusCode::NOT_FOUND);
    match list::list(session, versions, &resource, keep).await {
        Err(failure) if versions.served.is_none() && absent(&failure) => Ok(Vec::new()),
        read => read,
    }
}
