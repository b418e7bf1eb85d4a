//! One run on one cluster: sends requests one way, within the limits of the plan, and keeps count.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use airworthy_model::facts::{CollectionNote, CollectionReport};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use tokio::{
    sync::{Semaphore, SemaphorePermit, SetOnce},
    time::{Instant, timeout_at},
};

use crate::{
    connect::Connection,
    failure::{Cause, Failure, cause_of},
    plan::{Encoding, Plan, Progress, ProgressEvent},
    wire::{self, DecodeError},
};

/// How often a request is sent again after the server asked for a pause.
const RETRIES: u32 = 3;
/// Most versions that are told apart.
const MOST_VERSIONS: usize = 4;
/// From how many seconds on clocks count as different: a header tells whole seconds, and the way takes time.
const CLOCKS_DIFFER: i64 = 3;
/// What is in the path of a request that a node answers.
const NODE_PROXY: &str = "/proxy/";
/// The pause when the server names none.
const PAUSE: Duration = Duration::from_secs(1);

/// A request that can be sent more than once.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub accept: &'static str,
    pub body: Bytes,
    /// Whoever asks holds all slots already: see [`Session::alone`].
    alone: bool,
}

impl Ask {
    pub(crate) fn get(path: impl Into<String>, accept: &'static str) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            query: String::new(),
            accept,
            body: Bytes::new(),
            alone: false,
        }
    }

    pub(crate) fn post_json(path: impl Into<String>, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            body: body.into(),
            ..Self::get(path, wire::JSON)
        }
    }

    pub(crate) fn query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// `GET /api/v1/pods`.
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(crate) fn failed(&self, cause: Cause) -> Failure {
        Failure {
            request: self.name(),
            cause,
        }
    }

    fn request(&self) -> Result<Request<Body>, http::Error> {
        let uri = if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        };
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(uri)
            .header(header::ACCEPT, self.accept);
        if !self.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, wire::JSON);
        }
        request.body(Body::from(self.body.to_vec()))
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub body: Bytes,
    /// The server warned that what was asked for is deprecated.
    pub deprecated: bool,
}

impl Answer {
    /// What the server says about its status.
    pub(crate) fn message(&self) -> String {
        let status = wire::decode_status(&self.content_type, self.body.clone());
        let message = status.or_else(|| Some(self.status.canonical_reason()?.to_owned()));
        let message = wire::scrub::scrub(message.unwrap_or_default());
        crate::failure::short(&message)
    }
}

/// What takes the chunks of a body.
pub(crate) trait Sink: Default {
    /// Takes the next chunk; what it takes may be refused.
    fn take(&mut self, chunk: &[u8]) -> Result<(), DecodeError>;
}

impl Sink for Vec<u8> {
    fn take(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        self.extend_from_slice(chunk);
        Ok(())
    }
}

/// One run.
pub(crate) struct Session<'a> {
    pub(crate) connection: &'a Connection,
    pub plan: &'a Plan,
    progress: &'a Progress<'a>,
    slots: Semaphore,
    ends: Instant,
    requests: AtomicU64,
    bytes: AtomicU64,
    notes: Mutex<Vec<CollectionNote>>,
    /// The versions that API servers behind the address told.
    versions: Mutex<BTreeSet<String>>,
    /// How far the API server's clock is ahead of ours, in seconds, once it has answered.
    clock: OnceLock<i64>,
    /// Objects of each kind, as metrics told.
    stored: SetOnce<BTreeMap<String, i64>>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        connection: &'a Connection,
        plan: &'a Plan,
        progress: &'a Progress<'a>,
    ) -> Self {
        Self {
            connection,
            plan,
            progress,
            slots: Semaphore::new(plan.limits.slots() as usize),
            ends: Instant::now() + plan.limits.run_budget,
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            notes: Mutex::new(Vec::new()),
            versions: Mutex::default(),
            clock: OnceLock::new(),
            stored: SetOnce::new(),
        }
    }

    /// Takes down how many objects there are of each kind; nothing where metrics did not tell.
    pub(crate) fn count(&self, stored: Option<&BTreeMap<String, i64>>) {
        // Metrics are read once in a run.
        let _ = self.stored.set(stored.cloned().unwrap_or_default());
    }

    /// How many objects there are of a kind of the core group, as soon as metrics are read or known to be missing.
    pub(crate) async fn stored(&self, resource: &str) -> Option<usize> {
        let stored = self.stored.wait().await.get(resource)?;
        usize::try_from(*stored).ok()
    }

    pub(crate) fn tell(&self, event: ProgressEvent) {
        (self.progress)(event);
    }

    pub(crate) fn note(
        &self,
        source: impl Into<String>,
        detail: impl Into<String>,
        incomplete: bool,
    ) {
        let note = CollectionNote {
            source: source.into(),
            detail: detail.into(),
            incomplete,
        };
        let mut notes = self.notes.lock().expect("no panic while noting");
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Takes down the version that an API server told.
    pub(crate) fn met(&self, version: &str) {
        let mut versions = self.versions.lock().expect("no panic while noting");
        // Nobody runs so many; a server that makes them up is told by the first few.
        if versions.len() < MOST_VERSIONS {
            versions.insert(version.to_owned());
        }
    }

    /// Notes that API servers of several versions answered, when they did.
    pub(crate) fn note_mixture(&self) {
        let versions = self.versions.lock().expect("no panic while noting").clone();
        if versions.len() < 2 {
            return;
        }
        let versions: Vec<_> = versions.into_iter().collect();
        let detail = format!(
            "API servers of different versions answer at this address ({}): an upgrade is under way or was not finished, \
             and what was read is a mixture; the oldest counts as the version",
            versions.join(", ")
        );
        self.note("/version", detail, true);
    }

    pub(crate) fn report(&self) -> CollectionReport {
        let mut notes = self.notes.lock().expect("no panic while noting").clone();
        notes.sort_by(|a, b| (&a.source, &a.detail).cmp(&(&b.source, &b.detail)));
        CollectionReport {
            requests: self.requests.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            seconds: 0,
            notes,
        }
    }

    /// What to accept for a built-in kind.
    pub(crate) fn accept(&self) -> &'static str {
        match self.plan.encoding {
            Encoding::Protobuf => "application/vnd.kubernetes.protobuf, application/json;q=0.9",
            Encoding::Json => wire::JSON,
        }
    }

    /// What to accept for a list of the metadata of a kind.
    pub(crate) fn accept_metadata(&self) -> &'static str {
        match self.plan.encoding {
            Encoding::Protobuf => {
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, \
                 application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1;q=0.9"
            }
            Encoding::Json => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        }
    }

    /// The answer, when its status is a success.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<Answer, Failure> {
        let answer = self.exchange(ask).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(ask.failed(Cause::Status(answer.status, answer.message())))
    }

    /// The answer, whatever its status; sent again after a pause when the server is too busy.
    pub(crate) async fn exchange(&self, ask: &Ask) -> Result<Answer, Failure> {
        self.exchange_within(ask, self.plan.limits.page_bytes).await
    }

    /// The same with a bound on the body.
    pub(crate) async fn exchange_within(&self, ask: &Ask, most: usize) -> Result<Answer, Failure> {
        let (head, body) = self.patiently::<Vec<u8>>(ask, most).await?;
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let content_type = head.headers.get(header::CONTENT_TYPE);
        let mut warnings = head.headers.get_all(header::WARNING).iter().map(text);
        Ok(Answer {
            status: head.status,
            content_type: content_type.map(text).unwrap_or_default(),
            deprecated: warnings.any(|warning| warning.contains("deprecated")),
            body: body.into(),
        })
    }

    /// The answer with its body in a sink of the caller's choice.
    pub(crate) async fn patiently<S: Sink>(
        &self,
        ask: &Ask,
        most: usize,
    ) -> Result<(http::response::Parts, S), Failure> {
        let mut retries = 0;
        loop {
            let (head, body) = self
                .attempt(ask, most)
                .await
                .map_err(|cause| ask.failed(cause))?;
            let Some(pause) = pause(ask, &head) else {
                return Ok((head, body));
            };
            if retries == RETRIES || !self.has_time_for(pause) {
                return Ok((head, body));
            }
            retries += 1;
            let path = ask.path.clone();
            self.tell(ProgressEvent::Waiting { path, pause });
            tokio::time::sleep(pause).await;
        }
    }

    /// Whether the run goes on after a pause. A server may ask for one that no clock can tell the end of.
    fn has_time_for(&self, pause: Duration) -> bool {
        let over = Instant::now().checked_add(pause);
        over.is_some_and(|over| over < self.ends)
    }

    async fn attempt<S: Sink>(
        &self,
        ask: &Ask,
        most: usize,
    ) -> Result<(http::response::Parts, S), Cause> {
        let limits = &self.plan.limits;
        let _slot = if ask.alone {
            None
        } else {
            Some(self.slots(1).await?)
        };
        let deadline = Instant::now() + limits.request_deadline;
        match timeout_at(deadline.min(self.ends), self.send(ask, most)).await {
            Ok(result) => result,
            Err(_) if deadline < self.ends => Err(Cause::Deadline(limits.request_deadline)),
            Err(_) => Err(Cause::Budget(limits.run_budget)),
        }
    }

    /// The right to ask for something that is much work while nothing else is asked for, as long as it is held.
    pub(crate) async fn alone(&self, ask: &mut Ask) -> Result<SemaphorePermit<'_>, Failure> {
        let all = self.slots(self.plan.limits.slots()).await;
        let all = all.map_err(|cause| ask.failed(cause))?;
        ask.alone = true;
        Ok(all)
    }

    async fn slots(&self, many: u32) -> Result<SemaphorePermit<'_>, Cause> {
        let slots = timeout_at(self.ends, self.slots.acquire_many(many)).await;
        let slots = slots.map_err(|_| Cause::Budget(self.plan.limits.run_budget))?;
        Ok(slots.expect("the slots are never closed"))
    }

    async fn send<S: Sink>(
        &self,
        ask: &Ask,
        most: usize,
    ) -> Result<(http::response::Parts, S), Cause> {
        let request = ask
            .request()
            .map_err(|error| Cause::Malformed(error.to_string()))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = self.connection.client().send(request).await;
        let response: Response<Body> = response.map_err(|error| cause_of(&error))?;
        let (head, mut body) = response.into_parts();
        if !ask.path.contains(NODE_PROXY) {
            self.set_clock(&head);
        }
        let mut sink = S::default();
        let mut taken = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| cause_of(&error))?;
            let Ok(chunk) = frame.into_data() else {
                continue;
            };
            taken += chunk.len();
            self.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if taken > most {
                return Err(Cause::TooLarge(most));
            }
            sink.take(&chunk)?;
        }
        Ok((head, sink))
    }

    /// Compares clocks, by the first answer that tells the time.
    fn set_clock(&self, head: &http::response::Parts) {
        if self.clock.get().is_none()
            && let Some(there) = server_time(&head.headers)
        {
            let _ = self
                .clock
                .set(there.as_second() - Timestamp::now().as_second());
        }
    }

    /// How far the API server's clock is ahead of ours, in seconds; nothing while they agree as far as a header can tell.
    pub(crate) fn clock_difference(&self) -> Option<i64> {
        let seconds = self.clock.get().copied()?;
        (seconds.abs() >= CLOCKS_DIFFER).then_some(seconds)
    }

    /// The time by the API server's clock, once it has answered.
    pub(crate) fn server_now(&self) -> Option<Timestamp> {
        let ahead = SignedDuration::from_secs(*self.clock.get()?);
        Timestamp::now().checked_add(ahead).ok()
    }

    /// Waits, but not beyond the end of the run.
    pub(crate) async fn wait(&self, pause: Duration) {
        tokio::time::sleep_until((Instant::now() + pause).min(self.ends)).await;
    }
}

/// The time that the `Date` of an answer tells: the clock of whoever answered.
pub fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    let there = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(there.timestamp())
}

/// How long the server wants us to wait before we ask again; `None` when it does not.
fn pause(ask: &Ask, head: &http::response::Parts) -> Option<Duration> {
    if !matches!(head.status.as_u16(), 429 | 503) {
        return None;
    }
    let seconds = head.headers.get(header::RETRY_AFTER);
    let seconds = seconds.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    // Behind the proxy to a node, 503 says that the node cannot be reached, not that the server is busy.
    if seconds.is_none() && ask.path.contains(NODE_PROXY) {
        return None;
    }
    Some(seconds.map_or(PAUSE, Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_tells_a_time() {
        let read = |text| {
            let told = [(header::DATE, HeaderValue::from_static(text))];
            server_time(&HeaderMap::from_iter(told)).map(Timestamp::as_second)
        };
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(read("yesterday"), None);
    }
}
