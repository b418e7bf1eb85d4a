//! Lists, page by page: all of a list or nothing.

mod namespaces;
mod pages;

use self::pages::{Attempt, Part};
use crate::{
    failure::{Cause, Failure},
    resource::{Resource, Versions},
    session::Session,
    wire::Wire,
};

/// How often a list that expired is read again from the start.
const RESTARTS: u32 = 2;
/// Definitions carry schemas: many at once are megabytes.
const LARGE_OBJECTS_PAGE: u32 = 50;

/// A list to be read.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub path: String,
    pub selector: &'static str,
    pub page_size: u32,
    /// Nothing but the metadata of each object is asked for.
    pub metadata_only: bool,
    /// The objects are in namespaces, of which each has a list of its own.
    pub namespaced: bool,
}

impl Listing {
    /// All objects at a path, whole.
    pub(crate) fn at(path: impl Into<String>, session: &Session<'_>) -> Self {
        Self {
            path: path.into(),
            selector: "",
            page_size: session.plan.limits.page_size.max(1),
            metadata_only: false,
            namespaced: false,
        }
    }

    pub(crate) fn of(resource: &Resource, version: &str, session: &Session<'_>) -> Self {
        let mut listing = Self::at(resource.path(version), session);
        if resource.name == "customresourcedefinitions" {
            listing.page_size = listing.page_size.min(LARGE_OBJECTS_PAGE);
        }
        listing
    }
}

/// Reads a built-in kind at the best version; `keep` gets each object with the version that it was read at.
pub(crate) async fn list<W: Wire, F>(
    session: &Session<'_>,
    versions: Versions<'_>,
    resource: &Resource,
    keep: impl Fn(W, &str, &mut Vec<F>),
) -> Result<Vec<F>, Failure> {
    let mut to_ask = versions.to_ask(resource).map_err(|why| Failure {
        request: format!("GET {}", resource.label()),
        cause: Cause::NoVersion(why),
    })?;
    let last = to_ask.pop().expect("there is a version to ask for");
    let listing = |version| Listing {
        namespaced: versions.in_namespaces(resource, version),
        ..Listing::of(resource, version, session)
    };
    for version in to_ask {
        let listing = listing(version);
        let read = read(session, &listing, |wire, rows| keep(wire, version, rows)).await;
        let absent = |failure: &Failure| failure.status() == Some(http::StatusCode::NOT_FOUND);
        if !read.as_ref().is_err_and(absent) {
            return read;
        }
    }
    let listing = listing(last);
    read(session, &listing, |wire, rows| keep(wire, last, rows)).await
}

/// Reads a whole list into rows.
pub(crate) async fn read<W: Wire, F>(
    session: &Session<'_>,
    listing: &Listing,
    keep: impl Fn(W, &mut Vec<F>),
) -> Result<Vec<F>, Failure> {
    let mut rows = fold(session, listing, keep).await?;
    rows.shrink_to_fit();
    Ok(rows)
}

/// Reads a whole list into what begins empty and is given each object. When the list expires on the way (410) it is read
/// again from the start, which is noted.
pub(crate) async fn fold<W: Wire, S: Default>(
    session: &Session<'_>,
    listing: &Listing,
    keep: impl Fn(W, &mut S),
) -> Result<S, Failure> {
    let (mut restarts, mut by_namespace) = (0, listing.namespaced);
    loop {
        let failure = match read_once(session, listing, &keep, by_namespace).await {
            Ok(Some(rows)) => {
                if restarts > 0 {
                    session.note(&listing.path, read_again(restarts), false);
                }
                return Ok(rows);
            }
            // Tried namespace by namespace in vain.
            Ok(None) => {
                by_namespace = false;
                continue;
            }
            Err(failure) => failure,
        };
        if failure.status() != Some(http::StatusCode::GONE) {
            return Err(failure);
        }
        restarts += 1;
        if restarts > RESTARTS {
            let cause = Cause::Expired(restarts);
            return Err(Failure { cause, ..failure });
        }
    }
}

fn read_again(restarts: u32) -> String {
    format!("expired while it was read and was read again from the start ({restarts} ×)")
}

/// Reads a list once. Nothing when it was tried namespace by namespace in vain.
async fn read_once<W: Wire, S: Default>(
    session: &Session<'_>,
    listing: &Listing,
    keep: &impl Fn(W, &mut S),
    by_namespace: bool,
) -> Result<Option<S>, Failure> {
    let mut attempt = Attempt::new(session, listing, keep);
    if by_namespace && let Some(parts) = namespaces::chosen(session, listing).await {
        return attempt.again(parts).await;
    }
    let whole = Part::whole(listing);
    let first = attempt.page(&whole, "").await?;
    if by_namespace
        && let Some(parts) = namespaces::parts(session, listing, attempt.objects, &first).await
    {
        return attempt.again(parts).await;
    }
    attempt.rest(&whole, first.r#continue).await?;
    Ok(Some(attempt.kept))
}
