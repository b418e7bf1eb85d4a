//! A document: a tree of nodes that know their places.

use std::ops::Range;

/// What sort of node it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text, number, boolean or null.
    Scalar,
    /// Keys with values.
    Mapping,
    /// Items.
    Sequence,
    /// A reference to an anchored node.
    Alias,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A scalar without quotes; aliases too.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A collection by indentation.
    Block,
    /// A collection in braces or brackets.
    Flow,
}

/// One node, in the order of the text; its children follow it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) line: u32,
    pub(super) column: u32,
    /// The place after its last descendant.
    pub(super) past: u32,
    pub(super) kind: Kind,
    pub(super) style: Style,
    pub(super) binary: bool,
}

/// What stands between the quotes, where there are some.
pub(super) fn inside(source: &str, style: Style) -> &str {
    match style {
        Style::SingleQuoted | Style::DoubleQuoted => {
            source.get(1..source.len().max(2) - 1).unwrap_or_default()
        }
        _ => source,
    }
}

/// One document of a file.
#[derive(Debug)]
pub struct Document<'a> {
    /// The text of its chunk.
    pub(super) text: &'a str,
    pub(super) offset: usize,
    pub(super) line: u32,
    pub(super) index: u32,
    pub(super) nodes: Vec<Entry>,
    /// Values of scalars that do not stand in the text as they are, by node.
    pub(super) values: Vec<(u32, Box<str>)>,
    /// What aliases refer to, by node.
    pub(super) targets: Vec<(u32, u32)>,
    /// Whether it was written as JSON.
    pub(super) json: bool,
}

impl<'a> Document<'a> {
    /// Its outermost node.
    pub fn root(&self) -> Node<'_> {
        Node {
            document: self,
            at: 0,
        }
    }

    /// Its place in the file, from 0.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Whether it is JSON, not YAML.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The text that spans of its nodes point into once [`Document::offset`] is taken off.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Where its text begins in the file, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// All nodes, in the order of the text.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..)
            .zip(&self.nodes)
            .map(|(at, _)| Node { document: self, at })
    }
}

/// A node of a document.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    at: u32,
}

/// How deep merge keys and aliases are followed.
const MAX_MERGES: usize = 8;

impl<'d> Node<'d> {
    fn entry(self) -> &'d Entry {
        &self.document.nodes[self.at as usize]
    }

    fn sibling(self, at: u32) -> Self {
        Self { at, ..self }
    }

    /// What sort it is.
    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    /// How it is written.
    pub fn style(self) -> Style {
        self.entry().style
    }

    /// Its bytes in the file, without anchor and tag. A block collection goes from its first child to the end of its last; a
    /// block sequence may begin behind its first dash. A block scalar goes from its `|` or `>` to its last line's end. An
    /// empty span: the value is left out.
    pub fn span(self) -> Range<usize> {
        let entry = self.entry();
        let base = self.document.offset;
        base + entry.start as usize..base + entry.end as usize
    }

    /// Its bytes.
    pub fn source(self) -> &'d str {
        let entry = self.entry();
        &self.document.text[entry.start as usize..entry.end as usize]
    }

    /// Line in the file, from 1.
    pub fn line(self) -> u32 {
        self.document.line + self.entry().line
    }

    /// Column in characters, from 1.
    pub fn column(self) -> u32 {
        self.entry().column
    }

    /// Whether it carries the tag `!!binary`: what it says is not what stands there.
    pub fn is_binary(self) -> bool {
        self.entry().binary
    }

    /// The node that an alias refers to; itself for any other.
    #[must_use]
    pub fn resolve(self) -> Self {
        let targets = &self.document.targets;
        match targets.binary_search_by_key(&self.at, |(alias, _)| *alias) {
            Ok(found) => self.sibling(targets[found].1),
            Err(_) => self,
        }
    }

    /// The value of a scalar as text, aliases followed. The empty text for a value that is left out.
    pub fn text(self) -> Option<&'d str> {
        let node = self.resolve();
        (node.kind() == Kind::Scalar).then(|| node.value())
    }

    fn value(self) -> &'d str {
        let values = &self.document.values;
        match values.binary_search_by_key(&self.at, |(node, _)| *node) {
            Ok(found) => &values[found].1,
            Err(_) => inside(self.source(), self.style()),
        }
    }

    /// Whether it is the null of YAML, written or left out.
    pub fn is_null(self) -> bool {
        let node = self.resolve();
        node.style() == Style::Plain
            && matches!(node.text(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// Keys and values of a mapping as they stand there, aliases of the mapping followed; none for other nodes.
    pub fn entries(self) -> impl Iterator<Item = (Node<'d>, Node<'d>)> {
        let mut children = self.children(Kind::Mapping);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// As [`Node::entries`], but none for an alias: each mapping of a document is met once.
    pub(crate) fn own_entries(self) -> impl Iterator<Item = (Node<'d>, Node<'d>)> {
        let own = (self.kind() == Kind::Mapping).then(|| self.entries());
        own.into_iter().flatten()
    }

    /// Items of a sequence, aliases of the sequence followed; none for other nodes.
    pub fn items(self) -> impl Iterator<Item = Node<'d>> {
        self.children(Kind::Sequence)
    }

    fn children(self, kind: Kind) -> impl Iterator<Item = Node<'d>> {
        let node = self.resolve();
        let past = if node.kind() == kind {
            node.entry().past
        } else {
            0
        };
        let mut next = node.at + 1;
        std::iter::from_fn(move || {
            let child = (next < past).then(|| node.sibling(next))?;
            next = child.entry().past;
            Some(child)
        })
    }

    /// The value of a key, as kubectl reads it: of a key that is there several times the last, and what merge keys bring in
    /// comes after what stands there.
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        self.entry_of(key).map(|(_, value)| value)
    }

    /// The key and the value of a key.
    pub fn entry_of(self, key: &str) -> Option<(Node<'d>, Node<'d>)> {
        self.look_up(key, MAX_MERGES)
    }

    fn look_up(self, key: &str, depth: usize) -> Option<(Node<'d>, Node<'d>)> {
        let own = self
            .entries()
            .filter(|(name, _)| name.text() == Some(key))
            .last();
        own.or_else(|| self.merged(key, depth.checked_sub(1)?))
    }

    fn merged(self, key: &str, depth: usize) -> Option<(Node<'d>, Node<'d>)> {
        let merges = self.entries().filter(|(name, _)| name.is_merge());
        let (_, from) = merges.last()?;
        match from.resolve().kind() {
            Kind::Sequence => from.items().find_map(|one| one.look_up(key, depth)),
            _ => from.look_up(key, depth),
        }
    }

    /// Whether it is the key `<<` that brings in the keys of other mappings.
    pub fn is_merge(self) -> bool {
        self.style() == Style::Plain && self.text() == Some("<<")
    }

    /// What stands at the end of a way of keys.
    pub fn at(self, path: &[&str]) -> Option<Node<'d>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Its place in the order of the text.
    pub fn ordinal(self) -> u32 {
        self.at
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:?} {}:{} {:?}",
            self.kind(),
            self.line(),
            self.column(),
            self.source()
        )
    }
}
