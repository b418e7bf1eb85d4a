//! YAML, by the events of its parser.

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StructureStyle, Tag, options};

use super::{
    MAX_DEPTH,
    build::{Builder, Place},
    document::{Document, Kind, Style, inside},
    split::{Chunk, number},
};
use crate::Problem;

/// The namespace of YAML's own tags.
const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// The documents before the first thing that is wrong, and that.
pub(super) fn read<'a>(chunk: &Chunk<'a>, text: &'a str) -> (Vec<Document<'a>>, Option<Problem>) {
    let mut reader = Reader {
        chunk,
        text,
        builder: Builder::default(),
        documents: Vec::new(),
    };
    let problem = reader.run().err();
    (reader.documents, problem)
}

struct Reader<'c, 'a> {
    chunk: &'c Chunk<'a>,
    text: &'a str,
    builder: Builder,
    documents: Vec<Document<'a>>,
}

impl<'a> Reader<'_, 'a> {
    fn run(&mut self) -> Result<(), Problem> {
        let options = options! {
            emit_comments: false,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = event.map_err(|error| {
                place(error.marker()).problem(self.chunk, reason(&error.info()))
            })?;
            let start = place(&span.start);
            self.take(event, &span, start)
                .map_err(|why| start.problem(self.chunk, why))?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'a>, span: &Span, start: Place) -> Result<(), &'static str> {
        let end = place(&span.end).offset;
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                self.scalar(&value, style, start, end)?;
                self.marks(anchor, tag.as_deref());
            }
            Event::MappingStart(style, anchor, tag) => {
                self.builder.open(Kind::Mapping, collection(style), start)?;
                self.marks(anchor, tag.as_deref());
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.builder
                    .open(Kind::Sequence, collection(style), start)?;
                self.marks(anchor, tag.as_deref());
            }
            Event::MappingEnd | Event::SequenceEnd => self.builder.close(end),
            Event::Alias(anchor) => self.builder.alias(anchor, start, end)?,
            Event::DocumentEnd => self.finish(),
            _ => (),
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        start: Place,
        end: usize,
    ) -> Result<(), &'static str> {
        let style = written(style);
        let (start, end) = match style {
            Style::Literal | Style::Folded => self.block(start, end),
            _ => (start, end),
        };
        let left_out = start.offset == end && style == Style::Plain;
        let source = self.text.get(start.offset..end).unwrap_or_default();
        let own = !left_out && inside(source, style) != value;
        let value = own.then(|| value.into());
        self.builder.scalar(style, start, end, value)
    }

    /// The parser tells the lines of a block scalar without what announces them, and with the empty lines that follow.
    fn block(&self, start: Place, end: usize) -> (Place, usize) {
        let before = self
            .text
            .get(self.builder.last()..start.offset)
            .unwrap_or_default();
        let start = before.find(['|', '>']).map_or(start, |at| {
            let offset = self.builder.last() + at;
            let line = self.text[..offset].rfind('\n').map_or(0, |at| at + 1);
            Place {
                offset,
                line: start.line - before[at..].matches('\n').count(),
                column: self.text[line..offset].chars().count() + 1,
            }
        });
        let kept = self.text.get(start.offset..end).unwrap_or_default();
        let kept = kept.trim_end_matches(['\n', '\r']);
        (start, start.offset + kept.len())
    }

    fn marks(&mut self, anchor: usize, tag: Option<&Tag>) {
        if anchor != 0 {
            self.builder.anchor(anchor);
        }
        let suffix = tag.and_then(|tag| tag.suffix_in_namespace(YAML_TAGS));
        if suffix.is_some_and(|suffix| suffix == "binary") {
            self.builder.binary();
        }
    }

    fn finish(&mut self) {
        let index = self.chunk.index + number(self.documents.len());
        let builder = std::mem::take(&mut self.builder);
        let document = builder.finish(self.chunk, self.text, index, false);
        self.documents.extend(document);
    }
}

const fn written(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

const fn collection(style: StructureStyle) -> Style {
    match style {
        StructureStyle::Flow => Style::Flow,
        StructureStyle::Block => Style::Block,
    }
}

fn place(marker: &Marker) -> Place {
    Place {
        offset: marker.byte_offset().unwrap_or_default(),
        line: marker.line(),
        column: marker.col() + 1,
    }
}

/// The parser's words, where there are no better ones.
fn reason(info: &str) -> String {
    if info.contains("recursion limit") || info.contains("nesting") {
        return format!("nested more than {MAX_DEPTH} deep");
    }
    format!("not YAML: {info}")
}
