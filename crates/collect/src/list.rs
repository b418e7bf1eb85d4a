//! Lists, page by page: all of a list or nothing.

use std::{
    collections::HashSet,
    fmt::Write as _,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use futures::future::join;

use crate::{
    failure::{Cause, Failure},
    plan::ProgressEvent,
    resource::{Resource, Versions},
    session::{Answer, Ask, Session},
    wire::{Wire, decode_list, early_token, meta::ListMeta},
};

/// How often a list that expired is read again from the start.
const RESTARTS: u32 = 2;
/// Pages are made smaller when one is larger than this, so that few buffers are in memory.
const COMFORTABLE_BYTES: usize = 4 << 20;
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
    pub(crate) fn of(resource: &Resource, version: &str, session: &Session<'_>) -> Self {
        let most = session.plan.limits.page_size.max(1);
        let large = resource.name == "customresourcedefinitions";
        Self {
            path: resource.path(version),
            selector: "",
            page_size: if large {
                most.min(LARGE_OBJECTS_PAGE)
            } else {
                most
            },
            metadata_only: false,
        }
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
    let mut pages = Pages::of(session, listing);
    let most = session.plan.limits.objects;
    let mut answer = pages.page("").await?;
    loop {
        let early = pages.early(&answer);
        let decode = async {
            decode_list(&answer.content_type, answer.body, |wire| {
                objects += 1;
                // The rest of a page that is too long is counted and dropped.
                if objects <= most {
                    keep(wire, &mut kept);
                }
            })
        };
        // The server makes the next page while this one is decoded; whoever is polled first has sent its request by then.
        let (ahead, decoded) = join(pages.ahead(early.as_deref()), decode).await;
        let ListMeta { r#continue: next } = decoded.map_err(|error| pages.failed(error.into()))?;
        if objects > most {
            return Err(pages.failed(Cause::TooManyObjects(most)));
        }
        let path = listing.path.clone();
        session.tell(ProgressEvent::Page { path, objects });
        if next.is_empty() {
            return Ok(kept);
        }
        pages.turn_to(&next)?;
        answer = match ahead {
            Some(ahead) if early.as_ref() == Some(&next) => ahead?,
            _ => pages.page(&next).await?,
        };
    }
}

/// The pages of one reading of a list.
struct Pages<'a> {
    session: &'a Session<'a>,
    listing: &'a Listing,
    page_size: u32,
    /// How many were asked for.
    asked: u32,
    tokens: HashSet<u64>,
}

impl<'a> Pages<'a> {
    fn of(session: &'a Session<'a>, listing: &'a Listing) -> Self {
        Self {
            session,
            listing,
            page_size: listing.page_size,
            asked: 0,
            tokens: HashSet::new(),
        }
    }

    /// The page that a token leads to, made smaller while it is too large.
    async fn page(&mut self, token: &str) -> Result<Answer, Failure> {
        let most = self.session.plan.limits.pages;
        if self.asked == most {
            return Err(self.failed(Cause::TooManyPages(most)));
        }
        self.asked += 1;
        let ask = |size| page(self.session, self.listing, size, token);
        let answer = loop {
            match self.session.ask(&ask(self.page_size)).await {
                Err(Failure {
                    cause: Cause::TooLarge(_),
                    ..
                }) if self.page_size > 1 => self.page_size = (self.page_size / 10).max(1),
                answer => break answer?,
            }
        };
        self.page_size = fitting(self.page_size, answer.body.len());
        if answer.deprecated {
            self.session.note(&self.listing.path, DEPRECATED, false);
        }
        Ok(answer)
    }

    /// Where an answer leads, when it says so before its objects and nobody has been there.
    fn early(&self, answer: &Answer) -> Option<String> {
        let token = early_token(&answer.content_type, answer.body.clone())?;
        (!self.tokens.contains(&digest(&token))).then_some(token)
    }

    /// The page that an early token leads to.
    async fn ahead(&mut self, token: Option<&str>) -> Option<Result<Answer, Failure>> {
        Some(self.page(token?).await)
    }

    /// Fails where the list has been before.
    fn turn_to(&mut self, token: &str) -> Result<(), Failure> {
        if self.tokens.insert(digest(token)) {
            return Ok(());
        }
        Err(self.failed(Cause::Malformed(GOES_ROUND.into())))
    }

    fn failed(&self, cause: Cause) -> Failure {
        page(self.session, self.listing, self.page_size, "").failed(cause)
    }
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
fn fitting(page_size: u32, bytes: usize) -> u32 {
    if bytes <= COMFORTABLE_BYTES {
        return page_size;
    }
    let shrunk = u64::from(page_size) * COMFORTABLE_BYTES as u64 / bytes as u64;
    u32::try_from(shrunk).map_or(page_size, |shrunk| shrunk.clamp(1, page_size))
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
    fn large_pages_make_the_next_one_smaller() {
        assert_eq!(fitting(500, 1 << 20), 500);
        assert_eq!(fitting(500, 8 << 20), 250);
        assert_eq!(fitting(500, usize::MAX / 2), 1);
    }

    #[test]
    fn tokens_survive_the_query() {
        assert_eq!(escape("eyJ2Ijo+/="), "eyJ2Ijo%2B%2F%3D");
    }
}
