//! Lists, page by page: all of a list or nothing.

use std::{
    collections::HashSet,
    fmt::Write as _,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use crate::{
    failure::{Cause, Failure},
    plan::ProgressEvent,
    resource::{Resource, Versions},
    session::{Ask, Session},
    wire::{Wire, decode_list, meta::ListMeta},
};

/// How often a list that expired is read again from the start.
const RESTARTS: u32 = 2;
/// Pages come to about this size. For each page etcd goes through all that is left of the list, so few pages cost less; and the larger a page,
/// the longer other clients of the API server wait now and then.
const COMFORTABLE_BYTES: u64 = 3 << 20;
/// How many times as many objects the next page may have: the next objects may be larger.
const GROWTH: u32 = 5;
/// A list that leads back to where it has been would never end, and its objects would count twice.
const GOES_ROUND: &str = "the same continue token twice";
const DEPRECATED: &str = "the server warns that this version is deprecated";
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
}

impl Listing {
    /// All objects at a path, whole.
    pub(crate) fn at(path: impl Into<String>, session: &Session<'_>) -> Self {
        Self {
            path: path.into(),
            selector: "",
            page_size: session.plan.limits.page_size.max(1),
            metadata_only: false,
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
    for version in to_ask {
        let listing = Listing::of(resource, version, session);
        let read = read(session, &listing, |wire, rows| keep(wire, version, rows)).await;
        let absent = |failure: &Failure| failure.status() == Some(http::StatusCode::NOT_FOUND);
        if !read.as_ref().is_err_and(absent) {
            return read;
        }
    }
    let listing = Listing::of(resource, last, session);
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
    let mut restarts = 0;
    loop {
        match read_once(session, listing, &keep).await {
            Err(failure) if failure.status() == Some(http::StatusCode::GONE) => {
                restarts += 1;
                if restarts > RESTARTS {
                    return Err(Failure {
                        cause: Cause::Expired(restarts),
                        ..failure
                    });
                }
            }
            Ok(rows) => {
                if restarts > 0 {
                    let detail = format!(
                        "expired while it was read and was read again from the start ({restarts} ×)"
                    );
                    session.note(&listing.path, detail, false);
                }
                return Ok(rows);
            }
            failed => return failed,
        }
    }
}

async fn read_once<W: Wire, S: Default>(
    session: &Session<'_>,
    listing: &Listing,
    keep: &impl Fn(W, &mut S),
) -> Result<S, Failure> {
    let (mut kept, mut objects) = (S::default(), 0);
    let (mut token, mut tokens) = (String::new(), HashSet::new());
    let mut page_size = listing.page_size;
    let mut largest = session.plan.limits.largest_page.max(page_size);
    let most = session.plan.limits.objects;
    for _ in 0..session.plan.limits.pages {
        let mut ask = page(session, listing, page_size, &token);
        // A list of several pages is much work for an API server: others of its clients would wait if it did two of them at once.
        let _alone = if token.is_empty() {
            None
        } else {
            Some(session.alone(&mut ask).await?)
        };
        let answer = match session.ask(&ask).await {
            Err(failure) if page_size > 1 && matches!(failure.cause, Cause::TooLarge(_)) => {
                page_size = (page_size / 10).max(1);
                largest = page_size;
                continue;
            }
            answer => answer?,
        };
        page_size = fitting(page_size, answer.body.len(), largest);
        if answer.deprecated {
            session.note(&listing.path, DEPRECATED, false);
        }
        let decoded = decode_list(&answer.content_type, answer.body, |wire| {
            objects += 1;
            // The rest of a page that is too long is counted and dropped.
            if objects <= most {
                keep(wire, &mut kept);
            }
        });
        let ListMeta { r#continue: next } = decoded.map_err(|error| ask.failed(error.into()))?;
        if objects > most {
            return Err(ask.failed(Cause::TooManyObjects(most)));
        }
        let path = listing.path.clone();
        session.tell(ProgressEvent::Page { path, objects });
        if next.is_empty() {
            return Ok(kept);
        }
        if !tokens.insert(digest(&next)) {
            return Err(ask.failed(Cause::Malformed(GOES_ROUND.into())));
        }
        token = next;
    }
    let ask = page(session, listing, page_size, "");
    Err(ask.failed(Cause::TooManyPages(session.plan.limits.pages)))
}

/// Stands for a token: a server may give thousands of long ones.
fn digest(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}

fn page(session: &Session<'_>, listing: &Listing, page_size: u32, token: &str) -> Ask {
    let mut query = format!("limit={page_size}");
    if !listing.selector.is_empty() {
        query.push('&');
        query.push_str(listing.selector);
    }
    if !token.is_empty() {
        query.push_str("&continue=");
        query.push_str(&escape(token));
    }
    let accept = if listing.metadata_only {
        session.accept_metadata()
    } else {
        session.accept()
    };
    Ask::get(&listing.path, accept).query(query)
}

/// A page size at which the next page is about as large as is comfortable.
fn fitting(page_size: u32, bytes: usize, largest: u32) -> u32 {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX).max(1);
    let fitting = u64::from(page_size) * COMFORTABLE_BYTES / bytes;
    let most = page_size.saturating_mul(GROWTH).min(largest).max(1);
    u32::try_from(fitting).map_or(most, |fitting| fitting.clamp(1, most))
}

/// A token as a query value; tokens are opaque and may hold anything.
fn escape(token: &str) -> String {
    let mut escaped = String::with_capacity(token.len());
    for byte in token.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            other => {
                let _ = write!(escaped, "%{other:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_as_large_as_is_comfortable() {
        assert_eq!(fitting(500, 3 << 20, 2000), 500);
        assert_eq!(fitting(500, 6 << 20, 2000), 250);
        assert_eq!(fitting(500, usize::MAX / 2, 2000), 1);
        assert_eq!(fitting(500, 2 << 20, 2000), 750);
        // Not more than five times as many at once, nor more than the most.
        assert_eq!(fitting(100, 0, 2000), 500);
        assert_eq!(fitting(1500, 1 << 20, 2000), 2000);
        assert_eq!(fitting(50, 1 << 10, 50), 50);
        assert_eq!(fitting(1, 0, 0), 1);
    }

    #[test]
    fn tokens_survive_the_query() {
        assert_eq!(escape("eyJ2Ijo+/="), "eyJ2Ijo%2B%2F%3D");
    }
}
