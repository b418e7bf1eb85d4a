//! The pages of one attempt at a list.

use std::{
    collections::HashSet,
    fmt::Write as _,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use tokio::sync::SemaphorePermit;

use super::{Listing, namespaces::Parts};
use crate::{
    failure::{Cause, Failure},
    plan::ProgressEvent,
    session::{Answer, Ask, Session},
    wire::{Wire, decode_list, meta::ListMeta},
};

/// Pages come to about this size where little of a list is left: the larger a page, the longer other clients of the API server wait meanwhile.
const SMALL_PAGE: u64 = 768 << 10;
/// And to this where much is left. For each page etcd goes through all of that, so few pages cost less.
const LARGE_PAGE: u64 = 3 << 20;
/// From how many objects on much is left.
const MUCH: i64 = 10_000;
/// How many times as many objects the next page may have: the next objects may be larger.
const GROWTH: u32 = 5;
/// A list that leads back to where it has been would never end, and its objects would count twice.
const GOES_ROUND: &str = "the same continue token twice";
const DEPRECATED: &str = "the server warns that this version is deprecated";

/// What is listed at one path.
pub(super) struct Part {
    path: String,
    /// What the first page is asked with.
    query: String,
}

impl Part {
    pub(super) fn whole(listing: &Listing) -> Self {
        Self {
            path: listing.path.clone(),
            query: String::new(),
        }
    }

    /// What was in a namespace at a resource version.
    fn of(listing: &Listing, namespace: &str, resource_version: &str) -> Option<Self> {
        let (group, resource) = listing.path.rsplit_once('/')?;
        Some(Self {
            path: format!("{group}/namespaces/{namespace}/{resource}"),
            query: format!(
                "&resourceVersion={}&resourceVersionMatch=Exact",
                escape(resource_version)
            ),
        })
    }
}

/// One attempt at a list: what was kept so far.
pub(super) struct Attempt<'s, 'a, S, K> {
    session: &'s Session<'a>,
    listing: &'s Listing,
    keep: &'s K,
    pub kept: S,
    pub objects: usize,
    pages: u32,
    page_size: u32,
    largest: u32,
}

impl<'s, 'a, S: Default, K> Attempt<'s, 'a, S, K> {
    pub(super) fn new(session: &'s Session<'a>, listing: &'s Listing, keep: &'s K) -> Self {
        let page_size = listing.page_size;
        Self {
            session,
            listing,
            keep,
            kept: S::default(),
            objects: 0,
            pages: 0,
            page_size,
            largest: session.plan.limits.largest_page.max(page_size),
        }
    }

    /// Reads all again from the start, namespace by namespace. Nothing when the server does not list so, or when there are more or fewer objects
    /// than in the whole: then some are in a namespace that is not listed.
    pub(super) async fn again<W: Wire>(mut self, parts: Parts) -> Result<Option<S>, Failure>
    where
        K: Fn(W, &mut S),
    {
        (self.kept, self.objects) = (S::default(), 0);
        for namespace in &parts.namespaces {
            let Some(part) = Part::of(self.listing, namespace, &parts.resource_version) else {
                return Ok(None);
            };
            if let Err(failure) = self.all(&part).await {
                let refused = failure
                    .status()
                    .is_some_and(|status| status != http::StatusCode::GONE);
                return if refused { Ok(None) } else { Err(failure) };
            }
        }
        let all = parts.total.is_none_or(|total| self.objects == total);
        Ok(all.then_some(self.kept))
    }

    async fn all<W: Wire>(&mut self, part: &Part) -> Result<(), Failure>
    where
        K: Fn(W, &mut S),
    {
        let first = self.page(part, "").await?;
        self.rest(part, first.r#continue).await
    }

    /// Reads what comes after a page that ended with this token.
    pub(super) async fn rest<W: Wire>(&mut self, part: &Part, first: String) -> Result<(), Failure>
    where
        K: Fn(W, &mut S),
    {
        let (mut token, mut tokens) = (first, HashSet::new());
        while !token.is_empty() {
            if !tokens.insert(digest(&token)) {
                let round = Cause::Malformed(GOES_ROUND.into());
                return Err(self.ask(part, &token).failed(round));
            }
            token = self.page(part, &token).await?.r#continue;
        }
        Ok(())
    }

    /// Reads one page, smaller ones where it is too large.
    pub(super) async fn page<W: Wire>(
        &mut self,
        part: &Part,
        token: &str,
    ) -> Result<ListMeta, Failure>
    where
        K: Fn(W, &mut S),
    {
        loop {
            let most = self.session.plan.limits.pages;
            if self.pages == most {
                return Err(self.ask(part, token).failed(Cause::TooManyPages(most)));
            }
            self.pages += 1;
            match self.try_page(part, token).await {
                Err(failure)
                    if self.page_size > 1 && matches!(failure.cause, Cause::TooLarge(_)) =>
                {
                    self.page_size = (self.page_size / 10).max(1);
                    self.largest = self.page_size;
                }
                page => return page,
            }
        }
    }

    async fn try_page<W: Wire>(&mut self, part: &Part, token: &str) -> Result<ListMeta, Failure>
    where
        K: Fn(W, &mut S),
    {
        let (session, listing) = (self.session, self.listing);
        let mut ask = self.ask(part, token);
        let (answer, _alone) = self.answer(&mut ask).await?;
        if answer.deprecated {
            session.note(&listing.path, DEPRECATED, false);
        }
        let (before, bytes) = (self.objects, answer.body.len());
        let most = session.plan.limits.objects;
        let decoded = decode_list(&answer.content_type, answer.body, |wire| {
            self.objects += 1;
            // The rest of a page that is too long is counted and dropped.
            if self.objects <= most {
                (self.keep)(wire, &mut self.kept);
            }
        });
        let page = decoded.map_err(|error| ask.failed(error.into()))?;
        if self.objects > most {
            return Err(ask.failed(Cause::TooManyObjects(most)));
        }
        self.page_size = fitting(self.objects - before, bytes, self.most_after(&page), &page);
        let (path, objects) = (listing.path.clone(), self.objects);
        session.tell(ProgressEvent::Page { path, objects });
        Ok(page)
    }

    /// The answer, and the right to be alone that it came with.
    async fn answer(
        &self,
        ask: &mut Ask,
    ) -> Result<(Answer, Option<SemaphorePermit<'s>>), Failure> {
        let session = self.session;
        if self.pages == 1 {
            return Ok((session.ask(ask).await?, None));
        }
        // A list of several pages is much work for an API server: others of its clients would wait if it did two of them at once.
        let alone = session.alone(ask).await?;
        Ok((session.ask(ask).await?, Some(alone)))
    }

    /// Most objects of the page after this one.
    fn most_after(&self, page: &ListMeta) -> u32 {
        // The last page may have few objects, which say little of those in other namespaces; and the metadata of some objects among many, such as
        // of Helm's records among Secrets, says little of what the API server goes through for it.
        let chosen = self.listing.metadata_only && !self.listing.selector.is_empty();
        if page.r#continue.is_empty() || chosen {
            self.page_size
        } else {
            self.page_size.saturating_mul(GROWTH).min(self.largest)
        }
    }

    fn ask(&self, part: &Part, token: &str) -> Ask {
        let mut query = format!("limit={}", self.page_size);
        if !self.listing.selector.is_empty() {
            query.push('&');
            query.push_str(self.listing.selector);
        }
        if token.is_empty() {
            query.push_str(&part.query);
        } else {
            query.push_str("&continue=");
            query.push_str(&escape(token));
        }
        let accept = if self.listing.metadata_only {
            self.session.accept_metadata()
        } else {
            self.session.accept()
        };
        Ask::get(&part.path, accept).query(query)
    }
}

/// Stands for a token: a server may give thousands of long ones.
fn digest(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}

/// A page size at which the page after this one, of so many objects and bytes, is about as large as is comfortable.
fn fitting(objects: usize, bytes: usize, most: u32, page: &ListMeta) -> u32 {
    let much = page.remaining_item_count.is_none_or(|left| left >= MUCH);
    let comfortable = if much && !page.r#continue.is_empty() {
        LARGE_PAGE
    } else {
        SMALL_PAGE
    };
    let (objects, bytes) = (objects as u64, (bytes as u64).max(1));
    let fitting = objects.max(1) * comfortable / bytes;
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
        let page = |left| ListMeta {
            r#continue: "token".into(),
            remaining_item_count: left,
            ..ListMeta::default()
        };
        for much in [None, Some(MUCH)] {
            let fitting = |objects, bytes, most| fitting(objects, bytes, most, &page(much));
            assert_eq!(fitting(500, 3 << 20, 2000), 500);
            assert_eq!(fitting(500, 6 << 20, 2000), 250);
            assert_eq!(fitting(500, usize::MAX / 2, 2000), 1);
            assert_eq!(fitting(500, 2 << 20, 2000), 750);
            assert_eq!(fitting(1500, 1 << 20, 2000), 2000);
            assert_eq!(fitting(0, 0, 500), 500);
            assert_eq!(fitting(1, 0, 1), 1);
        }
        assert_eq!(fitting(500, 3 << 20, 2000, &page(Some(MUCH - 1))), 125);
        // The end of a list: nothing is left.
        assert_eq!(fitting(500, 3 << 20, 2000, &ListMeta::default()), 125);
    }

    #[test]
    fn tokens_survive_the_query() {
        assert_eq!(escape("eyJ2Ijo+/="), "eyJ2Ijo%2B%2F%3D");
    }
}
