//! One file, as large as it may be: which objects in it matter, and what of it could not be read.

use airworthy_model::{
    facts::{DesiredObject, Unreadable},
    finding::Location,
};

use crate::{
    Chunk, Document, Node, Object, Problem, Watch, objects,
    parse::{
        read,
        split::{self, lines, number},
    },
    template,
};

/// Most bytes of one document. An API server takes objects of three megabytes at most; only lists are larger.
pub const MAX_DOCUMENT: usize = 16 << 20;
/// Bytes of a document that is too long which are looked at again with those that follow: more than any text that is searched.
const OVERLAP: usize = 1024;

/// Objects that matter which are kept of one file.
const MAX_WATCHED: usize = 5_000;
/// Problems that are kept of one file.
const MAX_PROBLEMS: usize = 1_000;

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Objects in the documents that were parsed.
    pub objects: u64,
    /// Those that matter.
    pub watched: Vec<DesiredObject>,
    /// What could not be read.
    pub problems: Vec<Unreadable>,
    /// Objects that matter for which there was no room.
    pub more_watched: usize,
    /// Problems for which there was no room.
    pub more_problems: usize,
}

/// A document that is too long to be read.
#[derive(Debug)]
struct TooLong {
    /// Lines before it.
    line: u32,
    /// Whether it was told.
    told: bool,
}

/// How far a file has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing of it.
    Before,
    /// Its first bytes.
    Within,
    /// It is in an encoding that is not read: whatever follows is no text either.
    Refused,
}

/// Reads one file, piece by piece.
#[derive(Debug)]
pub struct Digest<'w> {
    watch: &'w Watch,
    file: String,
    state: State,
    /// Parse every document, whether it can matter or not.
    thorough: bool,
    /// Take what YAML can say and no object of Kubernetes can be, as Helm does: of a key that is there twice the last counts.
    lenient: bool,
    line: u32,
    index: u32,
    /// Within a document that is too long.
    skipping: Option<TooLong>,
    found: Found,
}

impl<'w> Digest<'w> {
    /// For a file of this name.
    pub fn new(watch: &'w Watch, file: impl Into<String>) -> Self {
        Self {
            watch,
            file: file.into(),
            state: State::Before,
            thorough: false,
            lenient: false,
            line: 0,
            index: 0,
            skipping: None,
            found: Found::default(),
        }
    }

    /// Parses every document: also those that cannot matter are objects that count, and have problems that are told.
    #[must_use]
    pub fn thorough(self) -> Self {
        Self {
            thorough: true,
            ..self
        }
    }

    /// Takes a key that is there twice, and a key that is no text, as Helm does.
    #[must_use]
    pub fn lenient(self) -> Self {
        Self {
            lenient: true,
            ..self
        }
    }

    /// What was found.
    pub fn finish(self) -> Found {
        self.found
    }

    /// Takes bytes of the file, from where the last call stopped. `last`: the file ends with them. Tells how many were taken;
    /// the others must be given again, with what follows them.
    pub fn take(&mut self, bytes: &[u8], last: bool) -> usize {
        if self.state == State::Refused {
            return bytes.len();
        }
        let mut from = match self.begin(bytes) {
            Ok(from) => from,
            Err(problem) => {
                self.state = State::Refused;
                self.tell(problem);
                return bytes.len();
            }
        };
        if last
            && self.skipping.is_none()
            && !self.thorough
            && !self.watch.may_matter(&bytes[from..])
        {
            return bytes.len();
        }
        if self.skipping.is_some() {
            from = self.skip(bytes, last);
        }
        while let Some(end) = split::next(bytes, from, last) {
            self.chunk(&bytes[from..end]);
            from = end;
        }
        if last {
            self.chunk(&bytes[from..]);
            return bytes.len();
        }
        if bytes.len() - from >= MAX_DOCUMENT {
            self.skipping = Some(TooLong {
                line: self.line,
                told: false,
            });
            from += self.skip(&bytes[from..], last);
        }
        from
    }

    fn begin(&mut self, bytes: &[u8]) -> Result<usize, Problem> {
        if std::mem::replace(&mut self.state, State::Within) == State::Within {
            return Ok(0);
        }
        split::byte_order_mark(bytes)
    }

    /// Passes over a document that is too long; it is a problem as soon as it may matter.
    fn skip(&mut self, bytes: &[u8], last: bool) -> usize {
        let end = split::next(bytes, 0, last);
        let piece = &bytes[..end.unwrap_or(bytes.len())];
        let matters = self.thorough || self.watch.piece_may_matter(piece);
        let untold = self
            .skipping
            .as_mut()
            .filter(|document| matters && !document.told);
        if let Some(document) = untold {
            document.told = true;
            let line = document.line + 1;
            let why = format!(
                "a document of more than {} MiB, which is not read",
                MAX_DOCUMENT >> 20
            );
            self.tell(
                Problem::at(line, 0, why).cure("Split it: one object a document, parted by ---"),
            );
        }
        let taken = match end {
            Some(end) => {
                self.skipping = None;
                self.index += 1;
                end
            }
            None if last => bytes.len(),
            None => bytes.len().saturating_sub(OVERLAP),
        };
        self.line += lines(&bytes[..taken]);
        taken
    }

    fn chunk(&mut self, bytes: &[u8]) {
        if split::has_content(bytes) {
            let chunk = Chunk {
                bytes,
                offset: 0,
                line: self.line,
                index: self.index,
            };
            self.index += 1;
            if self.thorough || self.watch.may_matter(bytes) {
                self.parse(chunk);
            }
        }
        self.line += lines(bytes);
    }

    fn parse(&mut self, chunk: Chunk<'_>) {
        let (documents, problem) = read(chunk);
        self.index = chunk.index + number(documents.len()).max(1);
        for document in &documents {
            self.document(&chunk, document);
        }
        if let Some(problem) = problem {
            self.tell(template::broken(&chunk).unwrap_or(problem));
        }
    }

    fn document(&mut self, chunk: &Chunk<'_>, document: &Document<'_>) {
        if let Some(problem) = template::unrendered(chunk, document) {
            return self.tell(problem);
        }
        for object in objects(document.root()) {
            self.object(chunk, document, object);
        }
        if !self.lenient
            && let Some(problem) = flaw(document)
        {
            self.tell(problem);
        }
    }

    fn object(&mut self, chunk: &Chunk<'_>, document: &Document<'_>, object: Object<'_>) {
        self.found.objects += 1;
        if let Some(problem) = unclear(chunk, object) {
            return self.tell(problem);
        }
        let (Some(api_version), Some(kind)) = (object.api_version(), object.kind()) else {
            return;
        };
        let fields = self.watch.fields(object);
        if !self.watch.watches(api_version, kind) && fields.is_empty() {
            return;
        }
        if self.found.watched.len() == MAX_WATCHED {
            self.found.more_watched += 1;
            return;
        }
        self.found.watched.push(DesiredObject {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: object.namespace().map(str::to_owned),
            name: object.name().unwrap_or_default().to_owned(),
            fields,
            location: Some(self.location(document, object)),
            hook: None,
        });
    }

    fn location(&self, document: &Document<'_>, object: Object<'_>) -> Location {
        let place = version_place(object);
        Location {
            file: self.file.clone(),
            line: place.line(),
            column: place.column(),
            document: document.index(),
        }
    }

    fn tell(&mut self, problem: Problem) {
        if self.found.problems.len() == MAX_PROBLEMS {
            self.found.more_problems += 1;
            return;
        }
        self.found.problems.push(Unreadable {
            file: self.file.clone(),
            line: problem.line.into(),
            column: problem.column,
            why: problem.why,
            cure: problem.cure,
        });
    }
}

/// Where the version of an object stands, or where the object begins when that comes from elsewhere.
pub(crate) fn version_place(object: Object<'_>) -> Node<'_> {
    let own = object
        .node
        .entries()
        .filter(|(key, _)| key.text() == Some("apiVersion"));
    own.map(|(_, value)| value).last().unwrap_or(object.node)
}

/// An object whose version or kind does not stand there as it will be.
pub(crate) fn unclear(chunk: &Chunk<'_>, object: Object<'_>) -> Option<Problem> {
    let words = ["apiVersion", "kind"].map(|key| object.node.get(key));
    words.into_iter().flatten().find_map(|word| {
        if word.resolve().is_binary() {
            let why = "written as !!binary, which is not read";
            return Some(Problem::at(word.line(), word.column(), why));
        }
        let template = word.text().is_some_and(|text| text.contains("{{"));
        template.then(|| template::problem(chunk, word.line(), word.column()))
    })
}

/// What YAML can say and no object of Kubernetes can be: a key that is no text, or a key that is there twice.
pub(crate) fn flaw(document: &Document<'_>) -> Option<Problem> {
    document.nodes().find_map(|node| {
        let key = strange_key(node).map(|key| (key, "a key that is no text".to_owned()));
        let (key, why) = key.or_else(|| {
            let key = repeated_key(node)?;
            let name: String = key.text().unwrap_or_default().chars().take(60).collect();
            Some((key, format!("the key {name} is there twice")))
        })?;
        Some(Problem::at(key.line(), key.column(), why))
    })
}

fn strange_key(mapping: Node<'_>) -> Option<Node<'_>> {
    mapping
        .own_entries()
        .map(|(key, _)| key)
        .find(|key| key.text().is_none())
}

fn repeated_key(mapping: Node<'_>) -> Option<Node<'_>> {
    let mut seen = std::collections::BTreeSet::new();
    mapping
        .own_entries()
        .map(|(key, _)| key)
        .find(|key| !key.is_merge() && !seen.insert(key.text()))
}
