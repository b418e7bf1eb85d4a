//! The text format in which programs show their metrics, read line by line: the text is megabytes and a few lines count.

use crate::{session::Sink, wire::DecodeError};

/// Longest line that is read: one without an end would fill the memory.
const MOST_LINE: usize = 1 << 20;

/// What takes the lines of a text, one by one and without their ends.
pub(crate) trait Lines: Default {
    /// Takes the next line.
    fn line(&mut self, line: &[u8]);
}

/// A body that is handed on by lines, however its chunks end.
#[derive(Default)]
pub(crate) struct ByLine<L> {
    rest: Vec<u8>,
    lines: L,
}

impl<L: Lines> Sink for ByLine<L> {
    fn take(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        let mut chunk = chunk;
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            let (line, after) = (&chunk[..end], &chunk[end + 1..]);
            if self.rest.is_empty() {
                self.lines.line(line);
            } else {
                self.rest.extend_from_slice(line);
                self.lines.line(&self.rest);
                self.rest.clear();
            }
            chunk = after;
        }
        self.rest.extend_from_slice(chunk);
        if self.rest.len() > MOST_LINE {
            return Err(DecodeError::EndlessLine);
        }
        Ok(())
    }
}

impl<L> ByLine<L> {
    /// What took the lines; an error when the text ends in the middle of one.
    pub(crate) fn finish(self) -> Result<L, &'static str> {
        if self.rest.is_empty() {
            Ok(self.lines)
        } else {
            Err("the text ends in the middle of a line")
        }
    }
}

/// One line of the text format.
pub(crate) struct Sample<'a> {
    pub name: &'a str,
    labels: Vec<(&'a str, String)>,
    pub value: f64,
}

impl<'a> Sample<'a> {
    /// Reads a line; nothing when it is none with a value.
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        let name_ends = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(name_ends);
        let mut labels = Vec::new();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            while !rest.starts_with('}') {
                let (label, after) = parse_label(rest)?;
                labels.push(label);
                rest = after;
            }
            rest = &rest[1..];
        }
        let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
        Some(Self {
            name,
            labels,
            value,
        })
    }

    /// The value of a label; empty when there is none.
    pub(crate) fn label(&self, name: &str) -> String {
        let label = self.labels.iter().find(|(key, _)| *key == name);
        label.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The value as a whole number; `as` clamps what is none.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` clamps, which is wanted"
    )]
    pub(crate) fn count(&self) -> i64 {
        self.value as i64
    }
}

/// Reads `name="value"` and the comma that may follow.
fn parse_label(text: &str) -> Option<((&str, String), &str)> {
    let (name, rest) = text.split_once("=\"")?;
    let mut value = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let after = &rest[at + 1..];
                return Some(((name, value), after.strip_prefix(',').unwrap_or(after)));
            }
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_in_labels_are_undone() {
        let sample = Sample::parse(r#"x{path="a\"b\\c,d\n",y="z"} 1 1700"#).unwrap();
        assert_eq!(
            (sample.label("path").as_str(), sample.label("y").as_str()),
            ("a\"b\\c,d\n", "z")
        );
    }
}
