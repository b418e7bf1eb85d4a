//! JSON: one value or several, one after the other.

use super::{
    build::{Builder, Place},
    document::{Document, Kind, Style},
    split::{Chunk, number},
};
use crate::Problem;

/// The documents before the first thing that is wrong, and that.
pub(super) fn read<'a>(chunk: &Chunk<'a>, text: &'a str) -> (Vec<Document<'a>>, Option<Problem>) {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        text,
        at: Place {
            offset: 0,
            line: 1,
            column: 1,
        },
        builder: Builder::default(),
        open: Vec::new(),
    };
    let mut documents = Vec::new();
    loop {
        reader.blanks();
        if reader.peek().is_none() {
            return (documents, None);
        }
        if let Err(why) = reader.value() {
            let problem = reader.at.problem(chunk, format!("not JSON: {why}"));
            return (documents, Some(problem));
        }
        let index = chunk.index + number(documents.len());
        let builder = std::mem::take(&mut reader.builder);
        documents.extend(builder.finish(chunk, text, index, true));
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: Place,
    builder: Builder,
    /// Collections that are not closed yet.
    open: Vec<Kind>,
}

type Step = Result<(), &'static str>;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at.offset).copied()
    }

    fn step(&mut self) {
        match self.peek() {
            Some(b'\n') => {
                self.at.line += 1;
                self.at.column = 1;
            }
            // Bytes that continue a character take no column of their own.
            Some(byte) if byte & 0xc0 != 0x80 => self.at.column += 1,
            _ => (),
        }
        self.at.offset += 1;
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.step();
        }
    }

    /// One value with all that is in it, without recursion.
    fn value(&mut self) -> Step {
        loop {
            self.blanks();
            self.begin()?;
            if !self.after_value()? {
                return Ok(());
            }
        }
    }

    /// A scalar, or the start of collections up to the first scalar or end in them.
    fn begin(&mut self) -> Step {
        loop {
            let kind = match self.peek() {
                Some(b'{') => Kind::Mapping,
                Some(b'[') => Kind::Sequence,
                Some(b'"') => return self.string(),
                Some(_) => return self.word(),
                None => return Err("it ends in the middle"),
            };
            self.builder.open(kind, Style::Flow, self.at)?;
            self.open.push(kind);
            self.step();
            self.blanks();
            if self.peek() == Some(closing(kind)) {
                return Ok(());
            }
            if kind == Kind::Mapping {
                self.key()?;
            }
        }
    }

    /// What follows a value: the ends of collections, then a comma and the next value. False when all is closed.
    fn after_value(&mut self) -> Result<bool, &'static str> {
        loop {
            let Some(kind) = self.open.last().copied() else {
                return Ok(false);
            };
            self.blanks();
            match self.peek() {
                Some(b',') => {
                    self.step();
                    self.blanks();
                    if kind == Kind::Mapping {
                        self.key()?;
                    }
                    return Ok(true);
                }
                Some(byte) if byte == closing(kind) => {
                    self.step();
                    self.open.pop();
                    self.builder.close(self.at.offset);
                }
                None => return Err("it ends in the middle"),
                Some(_) => return Err("expected a comma or the end of the object or array"),
            }
        }
    }

    fn key(&mut self) -> Step {
        if self.peek() != Some(b'"') {
            return Err("expected a key in double quotes");
        }
        self.string()?;
        self.blanks();
        if self.peek() != Some(b':') {
            return Err("expected a colon");
        }
        self.step();
        self.blanks();
        Ok(())
    }

    fn string(&mut self) -> Step {
        let start = self.at;
        self.step();
        let mut escapes = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = true;
                    self.step();
                }
                Some(0..=0x1f) => return Err("a control character in a text"),
                None => return Err("a text that does not end"),
                Some(_) => (),
            }
            if self.peek().is_none() {
                return Err("a text that does not end");
            }
            self.step();
        }
        self.step();
        let source = &self.text[start.offset..self.at.offset];
        let decode = || {
            serde_json::from_str::<Box<str>>(source)
                .map_err(|_| "an escape that JSON does not have")
        };
        let value = escapes.then(decode).transpose()?;
        self.builder
            .scalar(Style::DoubleQuoted, start, self.at.offset, value)
    }

    fn word(&mut self) -> Step {
        let start = self.at;
        while matches!(
            self.peek(),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.')
        ) {
            self.step();
        }
        let word = &self.text[start.offset..self.at.offset];
        if serde_json::from_str::<serde::de::IgnoredAny>(word).is_err() {
            self.at = start;
            return Err("expected a value");
        }
        self.builder
            .scalar(Style::Plain, start, self.at.offset, None)
    }
}

const fn closing(kind: Kind) -> u8 {
    if matches!(kind, Kind::Mapping) {
        b'}'
    } else {
        b']'
    }
}
