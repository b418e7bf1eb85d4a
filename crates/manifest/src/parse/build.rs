//! Building the tree of one document.

use super::{
    MAX_DEPTH, MAX_NODES,
    document::{Document, Entry, Kind, Style},
    split::{Chunk, number},
};
use crate::Problem;

/// A place in the text of a chunk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Bytes before it.
    pub(super) offset: usize,
    /// From 1.
    pub(super) line: usize,
    /// From 1.
    pub(super) column: usize,
}

impl Place {
    /// A problem here.
    pub(super) fn problem(self, chunk: &Chunk<'_>, why: impl Into<String>) -> Problem {
        Problem::at(
            chunk.line.saturating_add(number(self.line)),
            number(self.column),
            why,
        )
    }
}

/// A tree in the making.
#[derive(Debug, Default)]
pub(super) struct Builder {
    nodes: Vec<Entry>,
    values: Vec<(u32, Box<str>)>,
    targets: Vec<(u32, u32)>,
    /// Collections that are not closed yet.
    open: Vec<u32>,
    /// Nodes with an anchor, by the anchor's number.
    anchors: Vec<(usize, u32)>,
    /// Where the last node ended.
    last: usize,
}

impl Builder {
    /// Adds a node without children, or the start of a collection.
    fn push(
        &mut self,
        kind: Kind,
        style: Style,
        place: Place,
        end: usize,
    ) -> Result<u32, &'static str> {
        if self.nodes.len() == MAX_NODES {
            return Err("the document has more than a million values");
        }
        let at = number(self.nodes.len());
        self.nodes.push(Entry {
            start: number(place.offset),
            end: number(end),
            line: number(place.line),
            column: number(place.column),
            past: at + 1,
            kind,
            style,
            binary: false,
        });
        self.last = end;
        Ok(at)
    }

    /// Adds a scalar; its value where that is not what stands there.
    pub(super) fn scalar(
        &mut self,
        style: Style,
        place: Place,
        end: usize,
        value: Option<Box<str>>,
    ) -> Result<(), &'static str> {
        let at = self.push(Kind::Scalar, style, place, end)?;
        self.values.extend(value.map(|value| (at, value)));
        Ok(())
    }

    /// Begins a mapping or a sequence.
    pub(super) fn open(
        &mut self,
        kind: Kind,
        style: Style,
        place: Place,
    ) -> Result<(), &'static str> {
        if self.open.len() == MAX_DEPTH {
            return Err("nested more than 250 deep");
        }
        let at = self.push(kind, style, place, place.offset)?;
        self.open.push(at);
        Ok(())
    }

    /// Ends it; a block collection ends with its last child.
    pub(super) fn close(&mut self, end: usize) {
        let Some(at) = self.open.pop() else { return };
        let past = number(self.nodes.len());
        let entry = &mut self.nodes[at as usize];
        if entry.style == Style::Flow {
            self.last = end;
        }
        entry.end = number(self.last.max(entry.start as usize));
        entry.past = past;
    }

    /// Adds a reference to an anchored node.
    pub(super) fn alias(
        &mut self,
        anchor: usize,
        place: Place,
        end: usize,
    ) -> Result<(), &'static str> {
        let at = self.push(Kind::Alias, Style::Plain, place, end)?;
        let known = self.anchors.iter().rfind(|(id, _)| *id == anchor);
        self.targets.extend(known.map(|(_, target)| (at, *target)));
        Ok(())
    }

    /// The last node has an anchor.
    pub(super) fn anchor(&mut self, anchor: usize) {
        let last = number(self.nodes.len()).saturating_sub(1);
        self.anchors.push((anchor, last));
    }

    /// The last node is tagged as binary.
    pub(super) fn binary(&mut self) {
        if let Some(entry) = self.nodes.last_mut() {
            entry.binary = true;
        }
    }

    /// Where the last node ended.
    pub(super) fn last(&self) -> usize {
        self.last
    }

    /// The document; nothing when it has no content.
    pub(super) fn finish<'a>(
        self,
        chunk: &Chunk<'a>,
        text: &'a str,
        index: u32,
        json: bool,
    ) -> Option<Document<'a>> {
        let first = self.nodes.first()?;
        if self.nodes.len() == 1 && first.kind == Kind::Scalar && first.start == first.end {
            return None;
        }
        Some(Document {
            text,
            offset: chunk.offset,
            line: chunk.line,
            index,
            nodes: self.nodes,
            values: self.values,
            targets: self.targets,
            json,
        })
    }
}
