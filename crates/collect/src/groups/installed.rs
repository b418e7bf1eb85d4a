//! Custom resources of well-known add-ons: listed where they are installed, and none where they are not.

use airworthy_model::facts::Served;

use crate::{
    failure::Failure,
    list::{self, Listing},
    resource::Versions,
    session::Session,
    wire::Wire,
};

/// All objects of a kind; none where it is not served. Without discovery it is asked for, and may turn out to be absent.
pub(crate) async fn all<W: Wire, F>(
    session: &Session<'_>,
    versions: Versions<'_>,
    (group, resource, known): (&str, &str, &[&str]),
    fact: impl Fn(W, &str) -> F,
) -> Result<Vec<F>, Failure> {
    let version = match versions.served {
        Some(served) => known
            .iter()
            .copied()
            .find(|version| may_serve(served, group, version, resource)),
        None => known.first().copied(),
    };
    let Some(version) = version else {
        return Ok(Vec::new());
    };
    let path = airworthy_knowledge::url(group, version, resource);
    let listing = Listing::at(path, session);
    let at = airworthy_knowledge::api_version(group, version);
    let rows = list::read(session, &listing, |wire: W, rows| {
        rows.push(fact(wire, &at));
    });
    match rows.await {
        Err(failure) if failure.status() == Some(http::StatusCode::NOT_FOUND) => Ok(Vec::new()),
        read => read,
    }
}

fn may_serve(served: &Served, group: &str, version: &str, resource: &str) -> bool {
    served.serves(group, version, resource)
        || served
            .failed
            .contains(&airworthy_knowledge::api_version(group, version))
}
