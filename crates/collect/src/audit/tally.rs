//! What events add up to: who called what, and which programs called at all. Bounded whatever comes.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Minor,
    audit::{Call, Client},
    facts::{ApiCaller, AuditLog, ClientSeen, Unreadable},
};
use jiff::Timestamp;

use super::{
    MOST_ROWS,
    event::{self, Event, ObjectRef, Refusal, Stage},
    outline::{self, Layout},
};

/// The longest name or user agent that is kept; a client may send any.
const MOST_TEXT: usize = 256;

/// Most verbs of a row, of answered and of refused calls: an API server knows fewer.
pub(super) const MOST_VERBS: usize = 32;

/// Most problems that are told one by one.
const MOST_PROBLEMS: usize = 100;

/// Between the parts of a key. No name holds it, and no header.
const SEPARATOR: char = '\0';

/// Counts of calls, and when they were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Events of answers that began.
    started: u64,
    /// Events of answers that ended.
    ended: u64,
    span: Option<Span>,
}

/// From the first to the last, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: i64,
    last: i64,
}

impl Span {
    fn join(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (Some(a), Some(b)) = (one, other) else {
            return one.or(other);
        };
        Some(Self {
            first: a.first.min(b.first),
            last: a.last.max(b.last),
        })
    }
}

impl Count {
    fn one(stage: Stage, times: Option<(i64, i64)>) -> Self {
        Self {
            started: u64::from(stage == Stage::Started),
            ended: u64::from(stage == Stage::Ended),
            span: times.map(|(first, last)| Span { first, last }),
        }
    }

    fn add(&mut self, other: Self) {
        self.started = self.started.saturating_add(other.started);
        self.ended = self.ended.saturating_add(other.ended);
        self.span = Span::join(self.span, other.span);
    }

    /// A watch has an event when it starts and another when it ends, of which the log may hold either.
    fn calls(&self) -> u64 {
        self.started.max(self.ended)
    }

    fn first(&self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.span?.first).ok()
    }

    fn last(&self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.span?.last).ok()
    }
}

/// The rows of callers: of those who were answered, and of those who were refused because nothing is served at their version.
#[derive(Debug, Default)]
pub struct Callers {
    /// Calls that were answered.
    pub answered: Vec<ApiCaller>,
    /// Calls that were refused.
    pub refused: Vec<ApiCaller>,
}

/// The rows of callers, from their calls verb by verb.
pub fn callers(calls: impl IntoIterator<Item = Call>) -> Callers {
    let (mut answered, mut refused) = (Rows::default(), Rows::default());
    for mut call in calls {
        let verb = call.refused().map(str::to_owned);
        let rows = match verb {
            None => &mut answered,
            Some(verb) => {
                call.verb = verb;
                &mut refused
            }
        };
        rows.add(call);
    }
    Callers {
        answered: answered.finish(),
        refused: refused.finish(),
    }
}

/// Callers by group, version, resource, subresource, user and user agent.
#[derive(Default)]
struct Rows(BTreeMap<[String; 6], ApiCaller>);

impl Rows {
    fn add(&mut self, call: Call) {
        let key = [
            call.group,
            call.version,
            call.resource,
            call.subresource,
            call.user,
            call.user_agent,
        ];
        let row = self.0.entry(key).or_default();
        let count = call.started.max(call.ended);
        *row.verbs.entry(call.verb).or_default() += count;
        row.count += count;
        row.failed += call.failed;
        row.first_seen = [row.first_seen, call.first_seen]
            .into_iter()
            .flatten()
            .min();
        row.last_seen = row.last_seen.max(call.last_seen);
        row.removed_release = [row.removed_release, call.removed_release]
            .into_iter()
            .flatten()
            .min();
    }

    fn finish(self) -> Vec<ApiCaller> {
        let named = |(key, row): ([String; 6], ApiCaller)| {
            let [group, version, resource, subresource, user, user_agent] = key;
            ApiCaller {
                group,
                version,
                resource,
                subresource,
                user,
                user_agent,
                ..row
            }
        };
        self.0.into_iter().map(named).collect()
    }
}

/// The calls of one row.
#[derive(Debug, Default)]
struct Row {
    verbs: BTreeMap<String, (Count, u64)>,
    removed_release: Option<Minor>,
}

/// Adds events up.
pub struct Tally<'k> {
    knowledge: &'k Knowledge,
    ending: HashSet<Vec<u8>>,
    layout: Layout,
    rows: HashMap<String, Row>,
    clients: HashMap<String, Count>,
    /// Made anew for each event, in the same memory.
    key: String,
    most_rows: usize,
    events: u64,
    /// Events that are about a resource.
    about: u64,
    uncounted: u64,
    uncounted_clients: u64,
    span: Option<Span>,
    refused: BTreeMap<Refusal, (u64, Place)>,
    problems: Vec<Unreadable>,
    more_problems: u64,
}

impl fmt::Debug for Tally<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally")
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: u64,
}

impl<'k> Tally<'k> {
    /// Nothing yet. The knowledge tells which versions end although no server annotates them.
    pub fn new(knowledge: &'k Knowledge) -> Self {
        Self {
            ending: outline::ending(knowledge),
            knowledge,
            layout: Layout::default(),
            rows: HashMap::new(),
            clients: HashMap::new(),
            key: String::new(),
            most_rows: MOST_ROWS,
            events: 0,
            about: 0,
            uncounted: 0,
            uncounted_clients: 0,
            span: None,
            refused: BTreeMap::new(),
            problems: Vec::new(),
            more_problems: 0,
        }
    }

    /// Adds an event, or a list of events, of which nothing is known yet: a line of a log or a body that a server sent.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let mut events = event::decode(bytes)?;
        for event in &mut events {
            self.event(event);
        }
        Ok(())
    }

    /// Adds the lines of a log, of which those that cannot be read are counted.
    pub fn lines(&mut self, lines: &[u8]) {
        self.block(lines, "", &mut 0);
    }

    /// Adds the lines of a block; `line` is the number of the line before it, and is carried on.
    pub(super) fn block(&mut self, block: &[u8], file: &str, line: &mut u64) {
        let finder = self.layout.deprecated.clone();
        let mut marks = finder.find_iter(block).peekable();
        let block_end = block.len() - usize::from(block.ends_with(b"\n"));
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &block[..block_end]).chain([block_end]) {
            let mut marked = false;
            while marks.next_if(|at| *at < end).is_some() {
                marked = true;
            }
            *line += 1;
            if let Err(refusal) = self.line(&block[start..end], marked) {
                self.refuse(refusal, file, *line);
            }
            start = end + 1;
        }
    }

    fn line(&mut self, line: &[u8], marked: bool) -> Result<(), Refusal> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !marked
            && let Some(outline) = self.layout.outline(line)
            && !self.ending.contains(outline.group_version)
        {
            let count = Count::one(outline.stage, Some((outline.received, outline.staged)));
            self.seen(outline.user, outline.user_agent, count);
            self.about += u64::from(!outline.group_version.is_empty());
            return Ok(());
        }
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        self.add(line)
    }

    fn event(&mut self, event: &Event<'_>) {
        let count = Count::one(event.stage(), event.times());
        self.seen(event.user(), event.user_agent(), count);
        let Some(object) = event.object() else { return };
        self.about += 1;
        if event.stage() == Stage::Received {
            return;
        }
        if self.matters(event, object) {
            self.call(event, object, count, str::to_owned);
        } else if self.is_refused(event, object) {
            self.call(event, object, count, Call::refused_verb);
        }
    }

    /// Whether nothing is served at the version any more. A server marks what it serves and has deprecated, so what is not marked and
    /// not found is either gone or an object that is not there: which of them, the minor that runs tells.
    fn is_refused(&self, event: &Event<'_>, object: &ObjectRef<'_>) -> bool {
        event.not_found()
            && self
                .knowledge
                .removed_in(&object.api_group, &object.api_version, &object.resource)
                .is_some()
    }

    /// A call that the server marked was served. Of others it must be known that the version ends, and an error may mean that
    /// it has ended: who is answered 404 today does not stop working tomorrow.
    fn matters(&self, event: &Event<'_>, object: &ObjectRef<'_>) -> bool {
        let removed = || {
            self.knowledge
                .removed_in(&object.api_group, &object.api_version, &object.resource)
        };
        event.deprecated() || (!event.failed() && removed().is_some())
    }

    /// Notes a client.
    fn seen(&mut self, user: &str, user_agent: &str, count: Count) {
        self.events += 1;
        self.span = Span::join(self.span, count.span);
        if count.calls() == 0 {
            return;
        }
        key(&mut self.key, &[user, user_agent]);
        if let Some(known) = self.clients.get_mut(&self.key) {
            known.add(count);
        } else if self.clients.len() < self.most_rows {
            self.clients.insert(self.key.clone(), count);
        } else {
            self.uncounted_clients += count.calls();
        }
    }

    fn call(
        &mut self,
        event: &Event<'_>,
        object: &ObjectRef<'_>,
        count: Count,
        name: fn(&str) -> String,
    ) {
        let names = [
            &object.api_group,
            &object.api_version,
            &object.resource,
            &object.subresource,
        ]
        .map(AsRef::as_ref);
        let [group, version, resource, subresource] = names;
        key(
            &mut self.key,
            &[
                group,
                version,
                resource,
                subresource,
                event.user(),
                event.user_agent(),
            ],
        );
        if !self.rows.contains_key(&self.key) {
            if self.rows.len() >= self.most_rows {
                self.uncounted += count.calls();
                return;
            }
            self.rows.insert(self.key.clone(), Row::default());
        }
        let Some(row) = self.rows.get_mut(&self.key) else {
            return;
        };
        row.removed_release = [row.removed_release, event.removed_release()]
            .into_iter()
            .flatten()
            .min();
        let mut verb = name(shortened(event.verb()));
        if row.verbs.len() >= MOST_VERBS && !row.verbs.contains_key(&verb) {
            verb = name("other");
        }
        let failed = u64::from(event.failed());
        let entry = row.verbs.entry(verb).or_default();
        entry.0.add(count);
        entry.1 += failed;
    }

    /// Counts a line that could not be read, and keeps the place of the first of its kind.
    pub(super) fn refuse(&mut self, refusal: Refusal, file: &str, line: u64) {
        let place = || Place {
            file: file.to_owned(),
            line,
        };
        self.refused
            .entry(refusal)
            .or_insert_with(|| (0, place()))
            .0 += 1;
    }

    /// Notes a file that could not be read.
    pub(super) fn problem(&mut self, file: &str, why: String, cure: Option<&str>) {
        if self.problems.len() >= MOST_PROBLEMS {
            self.more_problems += 1;
            return;
        }
        let (file, cure) = (file.to_owned(), cure.map(str::to_owned));
        self.problems.push(Unreadable {
            file,
            why,
            cure,
            ..Unreadable::default()
        });
    }

    /// Events so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The time of the earliest event and that of the latest.
    pub fn span(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let time = |micros| Timestamp::from_microsecond(micros).ok();
        let span = self.span;
        (
            span.and_then(|span| time(span.first)),
            span.and_then(|span| time(span.last)),
        )
    }

    /// Calls that found no row because there are too many.
    pub fn uncounted(&self) -> (u64, u64) {
        (self.uncounted, self.uncounted_clients)
    }

    /// The calls of every row, verb by verb, in no order.
    #[allow(clippy::iter_over_hash_type)] // Whoever shows them sorts them.
    pub fn calls(&self) -> impl Iterator<Item = Call> {
        self.rows.iter().flat_map(|(key, row)| {
            row.verbs.iter().map(move |(verb, (count, failed))| Call {
                verb: verb.clone(),
                started: count.started,
                ended: count.ended,
                failed: *failed,
                first_seen: count.first(),
                last_seen: count.last(),
                removed_release: row.removed_release,
                ..named(key)
            })
        })
    }

    /// The programs that called, in no order.
    pub fn clients(&self) -> impl Iterator<Item = Client> {
        self.clients.iter().map(|(key, count)| {
            let (user, user_agent) = key.split_once(SEPARATOR).unwrap_or((key, ""));
            Client {
                user: user.to_owned(),
                user_agent: user_agent.to_owned(),
                started: count.started,
                ended: count.ended,
                last_seen: count.last(),
            }
        })
    }

    /// What it all adds up to.
    pub(super) fn finish(mut self, sources: Vec<String>) -> AuditLog {
        self.note_silence(&sources);
        let (first, last) = self.span();
        let mut clients: Vec<_> = self.clients().map(ClientSeen::from).collect();
        clients.sort_by(|a, b| (&a.user_agent, &a.user).cmp(&(&b.user_agent, &b.user)));
        let Callers { answered, refused } = callers(self.calls());
        AuditLog {
            callers: answered,
            refused,
            clients,
            sources,
            events: self.events,
            first,
            last,
            uncounted: self.uncounted,
            uncounted_clients: self.uncounted_clients,
            unreadable: self.refused.values().map(|(count, _)| count).sum(),
            problems: self.problems(),
        }
    }

    /// A log that holds nothing says nothing of who calls.
    fn note_silence(&mut self, sources: &[String]) {
        let all = sources.join(", ");
        if self.events == 0 {
            let cure = "look whether the API server writes to it (--audit-log-path) and what its audit policy leaves out";
            self.problem(&all, "it holds no audit event".to_owned(), Some(cure));
        } else if self.about == 0 {
            let cure = "let the audit policy log requests for resources at level Metadata";
            self.problem(
                &all,
                "no event of it is about a resource".to_owned(),
                Some(cure),
            );
        }
    }

    fn problems(self) -> Vec<Unreadable> {
        let lines = self
            .refused
            .into_iter()
            .map(|(refusal, (count, place))| Unreadable {
                file: place.file,
                line: place.line,
                column: 0,
                why: match count {
                    1 => refusal.to_string(),
                    _ => format!("{refusal}; this is the first of {count} such lines"),
                },
                cure: None,
            });
        let more = (self.more_problems > 0).then(|| Unreadable {
            why: format!("{} more files could not be read", self.more_problems),
            ..Unreadable::default()
        });
        self.problems.into_iter().chain(more).chain(lines).collect()
    }
}

/// Joins names to a key. Their own separators are dropped, so that no name can pose as two.
fn key(key: &mut String, names: &[&str]) {
    key.clear();
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            key.push(SEPARATOR);
        }
        let name = shortened(name);
        if name.contains(SEPARATOR) {
            key.extend(name.chars().filter(|char| *char != SEPARATOR));
        } else {
            key.push_str(name);
        }
    }
}

/// The names of a key.
fn named(key: &str) -> Call {
    let mut names = key.split(SEPARATOR).map(str::to_owned);
    let mut next = || names.next().unwrap_or_default();
    Call {
        group: next(),
        version: next(),
        resource: next(),
        subresource: next(),
        user: next(),
        user_agent: next(),
        ..Call::default()
    }
}

fn shortened(text: &str) -> &str {
    if text.len() <= MOST_TEXT {
        return text;
    }
    let mut end = MOST_TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
