//! Templates that nobody has rendered: what they become is not known.

use memchr::memmem;

use crate::{
    Chunk, Document, Kind, Node, Problem,
    parse::split::{lines, number},
};

/// The problem of a text that does not parse, and has the braces of a template where no comment is.
pub(crate) fn broken(chunk: &Chunk<'_>) -> Option<Problem> {
    let at = memmem::find_iter(chunk.bytes, b"{{").find(|at| !commented(chunk.bytes, *at))?;
    let before = &chunk.bytes[..at];
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    Some(problem(
        chunk,
        chunk.line + lines(before) + 1,
        number(column),
    ))
}

fn commented(bytes: &[u8], at: usize) -> bool {
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |at| at + 1);
    bytes[start..at].trim_ascii_start().starts_with(b"#")
}

/// The problem of a document that parses, but holds braces where YAML sees a mapping as a key.
pub(crate) fn unrendered(chunk: &Chunk<'_>, document: &Document<'_>) -> Option<Problem> {
    let place = document.nodes().find(|node| is_braces(*node))?;
    Some(problem(chunk, place.line(), place.column()))
}

fn is_braces(node: Node<'_>) -> bool {
    node.kind() == Kind::Mapping && node.source().starts_with("{{")
}

/// A problem of the template that begins here.
pub(crate) fn problem(chunk: &Chunk<'_>, line: u32, column: u32) -> Problem {
    let seen = versions(chunk.bytes);
    let seen = if seen.is_empty() {
        String::new()
    } else {
        format!("; apiVersion seen: {}", seen.join(", "))
    };
    let why = format!("a template that is not rendered{seen}");
    Problem::at(line, column, why)
        .cure("Give the folder of its chart, with helm on the PATH, or what it was rendered to")
}

/// The versions that stand in it as they are; a few.
fn versions(bytes: &[u8]) -> Vec<String> {
    const MOST: usize = 5;
    let lines = bytes.split(|byte| *byte == b'\n');
    let values = lines.filter_map(|line| line.trim_ascii().strip_prefix(b"apiVersion:"));
    let mut seen: Vec<String> = Vec::new();
    for value in values {
        let value = String::from_utf8_lossy(value.trim_ascii());
        if !value.contains("{{")
            && value.len() < 100
            && !seen.contains(&value.to_string())
            && seen.len() < MOST
        {
            seen.push(value.into_owned());
        }
    }
    seen
}
