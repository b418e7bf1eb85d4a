//! Editing one object inside its text. Each step reads the text anew, so that no place is ever stale; comments, order and style of
//! everything else stay as they are.

use std::ops::Range;

use serde_json::Value;

use super::{
    path::{Path, Step},
    render,
};
use crate::{Chunk, Kind, Node, Object, Style, object::objects, parse};

/// Why an object cannot be changed by a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) String);

type Done = Result<(), Refusal>;

/// One object of a text that is being changed.
#[derive(Debug)]
pub(super) struct Editor {
    text: String,
    document: usize,
    object: usize,
}

impl Editor {
    /// The object with this place in a document of this place.
    pub(super) fn new(text: String, document: usize, object: usize) -> Self {
        Self {
            text,
            document,
            object,
        }
    }

    /// The text as it is now.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn read<T>(&self, look: impl FnOnce(Object<'_>) -> T) -> Result<T, Refusal> {
        let chunk = Chunk {
            bytes: self.text.as_bytes(),
            offset: 0,
            line: 0,
            index: 0,
        };
        let (documents, problem) = parse::read(chunk);
        if let Some(problem) = problem {
            return Err(Refusal(format!(
                "the changed text does not parse: {problem}"
            )));
        }
        let lost = || Refusal("the object is not where it was".into());
        let document = documents.get(self.document).ok_or_else(lost)?;
        let object = objects(document.root()).get(self.object).copied();
        Ok(look(object.ok_or_else(lost)?))
    }

    fn read_at<T>(
        &self,
        path: &Path,
        look: impl FnOnce(Node<'_>) -> T,
    ) -> Result<Option<T>, Refusal> {
        self.read(|object| Ok(walk(object.node, path)?.map(look)))?
    }

    /// What stands at the end of a way; nothing where the way ends earlier.
    pub(super) fn value(&self, path: &Path) -> Result<Option<Value>, Refusal> {
        self.read_at(path, render::value)
    }

    /// Whether something stands there.
    pub(super) fn has(&self, path: &Path) -> Result<bool, Refusal> {
        Ok(self.read_at(path, |_| ())?.is_some())
    }

    /// All ways that a pattern means: `spec.rules[].http.paths[]`.
    pub(super) fn each(&self, pattern: &str) -> Result<Vec<Path>, Refusal> {
        let mut ways = vec![Path::default()];
        for part in pattern.split('.').filter(|part| !part.is_empty()) {
            let (key, many) = part
                .strip_suffix("[]")
                .map_or((part, false), |key| (key, true));
            let mut next = Vec::new();
            for way in ways {
                let way = way.key(key);
                let items = self.read_at(&way, |node| node.items().count())?;
                match items {
                    Some(items) if many => next.extend((0..items).map(|item| way.index(item))),
                    Some(_) => next.push(way),
                    None => (),
                }
            }
            ways = next;
        }
        Ok(ways)
    }

    /// Gives a scalar another text.
    pub(super) fn set(&mut self, path: &Path, to: &str) -> Done {
        let edit = self.read_at(path, |node| {
            let text = match node.style() {
                Style::DoubleQuoted => render::quoted(to),
                Style::SingleQuoted if !to.contains('\'') => format!("'{to}'"),
                _ => render::scalar(to),
            };
            (node.kind() == Kind::Scalar).then(|| (node.span(), text))
        })?;
        let no_text = || Refusal(format!("{path} is no text"));
        let edit = edit.flatten().ok_or_else(no_text)?;
        self.apply(vec![edit]);
        Ok(())
    }

    /// Gives a key another name. Does nothing where the key is not there.
    pub(super) fn rename(&mut self, path: &Path, to: &str) -> Done {
        let edit = self.entry(path, |entries, at, _, _| {
            let key = entries[at].key;
            let quoted = key.style() == Style::DoubleQuoted;
            let text = if quoted {
                render::quoted(to)
            } else {
                render::scalar(to)
            };
            vec![(key.span(), text)]
        })?;
        self.apply(edit.unwrap_or_default());
        Ok(())
    }

    /// Takes a key and its value away. Does nothing where the key is not there.
    pub(super) fn remove(&mut self, path: &Path) -> Done {
        let edit = self.entry(path, |entries, at, mapping, text| {
            let range = if mapping.style() == Style::Flow {
                flow_removal(entries, at)
            } else {
                block_removal(entries, at, text)
            };
            let rest = if entries.len() > 1 || mapping.style() == Style::Flow {
                ""
            } else {
                "{}"
            };
            let range = if entries.len() > 1 {
                range
            } else {
                entries[at].span()
            };
            vec![(range, rest.to_owned())]
        })?;
        self.apply(edit.unwrap_or_default());
        Ok(())
    }

    /// Adds a key at the end of a mapping. A mapping that is not there is made.
    pub(super) fn insert(&mut self, mapping: &Path, key: &str, value: &Value) -> Done {
        let line_feed = self.line_feed();
        let edit = self.read_at(mapping, |node| {
            insertion(node, key, value, &self.text)
                .map(|(at, text)| (at, text.replace('\n', line_feed)))
        })?;
        match edit {
            Some(Some(edit)) => self.apply(vec![edit]),
            Some(None) => return Err(Refusal(format!("{mapping} is no mapping"))),
            None => {
                let none = || Refusal(format!("{mapping} is not there"));
                let (parent, name) = mapping.split().ok_or_else(none)?;
                let inner = Value::Object([(key.to_owned(), value.clone())].into_iter().collect());
                return self.insert(&parent, name, &inner);
            }
        }
        Ok(())
    }

    /// Puts keys of a mapping, those that are there, under a new key at the place of the first.
    pub(super) fn nest(&mut self, mapping: &Path, keys: &[&str], under: &str) -> Done {
        let line_feed = self.line_feed();
        let edits = self.read_at(mapping, |node| {
            let entries = entries(node);
            let chosen = |entry: &&Entry<'_>| keys.contains(&entry.key.text().unwrap_or_default());
            let moved: Vec<_> = entries.iter().filter(chosen).copied().collect();
            if moved.is_empty() {
                Vec::new()
            } else if node.style() == Style::Flow {
                nest_flow(&entries, &moved, under)
            } else {
                nest_block(&moved, under, &self.text, line_feed)
            }
        })?;
        self.apply(edits.unwrap_or_default());
        Ok(())
    }

    /// Puts the keys of a mapping in the place of the key that holds it.
    pub(super) fn lift(&mut self, path: &Path) -> Done {
        let edit = self.entry(path, |all, at, outer, text| {
            let (entry, inner) = (all[at], entries(all[at].value));
            let first = inner.first()?;
            if outer.style() == Style::Flow || entry.value.style() == Style::Flow {
                let inner: Vec<_> = inner.iter().map(flow_source).collect();
                return Some((entry.span(), inner.join(", ")));
            }
            let (from, to) = (indent(first.key), indent(entry.key));
            let lines = &text[first.span().start..entry.span().end];
            Some((entry.span(), shifted(lines, from, to)))
        })?;
        let none = || Refusal(format!("{path} holds no keys"));
        match edit {
            Some(edit) => self.apply(vec![edit.ok_or_else(none)?]),
            None => return Ok(()),
        }
        Ok(())
    }

    /// Gives a key another value, where the key is there.
    pub(super) fn replace(&mut self, path: &Path, value: &Value) -> Done {
        let edit = self.read_at(path, |node| (node.span(), render::flow(value)))?;
        self.apply(edit.into_iter().collect());
        Ok(())
    }

    /// Writes what stands at one place again as a key of a mapping, with its comments where both stand in lines of their own.
    pub(super) fn copy(&mut self, from: &Path, mapping: &Path, key: &str) -> Done {
        let Some(value) = self.value(from)? else {
            return Ok(());
        };
        let lines = self.entry(from, |all, at, outer, text| {
            let entry = all[at];
            let block = outer.style() == Style::Block && entry.value.style() == Style::Block;
            let old = indent(entry.key);
            let behind = entry.key.span().end..line_end(text, entry.span().end);
            block.then(|| (old, text[behind].to_owned()))
        })?;
        let into = self.read_at(mapping, |node| {
            let last = entries(node).last().copied()?;
            (node.style() == Style::Block).then(|| (indent(last.key), last.span().end))
        })?;
        let (Some(Some((old, lines))), Some(Some((new, end)))) = (lines, into) else {
            return self.insert(mapping, key, &value);
        };
        let lines = format!(
            "{}{}{}",
            " ".repeat(new),
            render::scalar(key),
            shifted(&lines, old, new)
        );
        let edit = new_lines(&self.text, end, &lines);
        self.apply(vec![edit]);
        Ok(())
    }

    /// Looks at the mapping that holds the last key of a way.
    fn entry<T>(
        &self,
        path: &Path,
        look: impl FnOnce(&[Entry<'_>], usize, Node<'_>, &str) -> T,
    ) -> Result<Option<T>, Refusal> {
        let Some((parent, key)) = path.split() else {
            return Ok(None);
        };
        let found = self.read_at(&parent, |mapping| {
            let entries = entries(mapping);
            let at = entries
                .iter()
                .rposition(|entry| entry.key.text() == Some(key))?;
            Some(look(&entries, at, mapping, &self.text))
        })?;
        Ok(found.flatten())
    }

    fn line_feed(&self) -> &'static str {
        if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// Applies changes that do not overlap.
    fn apply(&mut self, mut edits: Vec<(Range<usize>, String)>) {
        edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        for (range, text) in edits {
            self.text.replace_range(range, &text);
        }
    }
}

/// Goes a way through what stands there; what an alias or a merge key brings in belongs to others too and is not touched.
fn walk<'d>(object: Node<'d>, path: &Path) -> Result<Option<Node<'d>>, Refusal> {
    let mut node = own(object, path)?;
    for step in &path.0 {
        let next = match step {
            Step::Index(index) => node.items().nth(*index),
            Step::Key(key) => {
                let entry = node.entry_of(key);
                let here = entry.filter(|(name, _)| within(*name, node));
                if entry.is_some() && here.is_none() {
                    return Err(shared(path));
                }
                here.map(|(_, value)| value)
            }
        };
        match next {
            Some(next) => node = own(next, path)?,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

fn within(inner: Node<'_>, outer: Node<'_>) -> bool {
    let (inner, outer) = (inner.span(), outer.span());
    outer.start <= inner.start && inner.end <= outer.end
}

fn own<'d>(node: Node<'d>, path: &Path) -> Result<Node<'d>, Refusal> {
    if node.kind() == Kind::Alias {
        Err(shared(path))
    } else {
        Ok(node)
    }
}

fn shared(path: &Path) -> Refusal {
    Refusal(format!(
        "{path} comes from an anchor that other parts of the file may use"
    ))
}

/// One key with its value.
#[derive(Clone, Copy)]
struct Entry<'d> {
    key: Node<'d>,
    value: Node<'d>,
}

impl Entry<'_> {
    /// From the key to the end of the value.
    fn span(&self) -> Range<usize> {
        let (key, value) = (self.key.span(), self.value.span());
        // A block scalar may end behind its last line feed.
        let end = value.start + self.value.source().trim_end().len();
        key.start..end.max(key.end)
    }
}

fn entries(mapping: Node<'_>) -> Vec<Entry<'_>> {
    mapping
        .entries()
        .map(|(key, value)| Entry { key, value })
        .collect()
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |feed| feed + 1)
}

/// Behind the line feed that follows.
fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |feed| at + feed + 1)
}

fn flow_removal(entries: &[Entry<'_>], at: usize) -> Range<usize> {
    let span = entries[at].span();
    match (entries.get(at + 1), at.checked_sub(1)) {
        (Some(next), _) => span.start..next.span().start,
        (None, Some(before)) => entries[before].span().end..span.end,
        (None, None) => span,
    }
}

/// Whole lines, except for a key that stands behind a dash.
fn block_removal(entries: &[Entry<'_>], at: usize, text: &str) -> Range<usize> {
    let span = entries[at].span();
    let start = line_start(text, span.start);
    match entries.get(at + 1) {
        Some(next) if !text[start..span.start].trim().is_empty() => span.start..next.span().start,
        _ => start..line_end(text, span.end),
    }
}

/// Where a new entry goes, and its text.
fn insertion(
    mapping: Node<'_>,
    key: &str,
    value: &Value,
    text: &str,
) -> Option<(Range<usize>, String)> {
    let flow = format!("{}: {}", render::quoted(key), render::flow(value));
    if mapping.is_null() {
        return Some(in_place_of_null(mapping.span(), &flow, text));
    }
    if mapping.kind() != Kind::Mapping {
        return None;
    }
    let entries = entries(mapping);
    let Some(last) = entries.last() else {
        return Some((mapping.span(), format!("{{{flow}}}")));
    };
    let end = last.span().end;
    if mapping.style() == Style::Flow {
        return Some((end..end, format!(", {flow}")));
    }
    let indent = indent(last.key);
    let entry = render::block_entry(key, value, indent);
    Some(new_lines(
        text,
        end,
        &format!("{}{entry}", " ".repeat(indent)),
    ))
}

/// A null that is left out stands behind the colon of its key.
fn in_place_of_null(span: Range<usize>, flow: &str, text: &str) -> (Range<usize>, String) {
    if !span.is_empty() {
        return (span, format!("{{{flow}}}"));
    }
    let colon = text[span.start..].find(':').map_or(0, |colon| colon + 1);
    let at = span.start + colon;
    (at..at, format!(" {{{flow}}}"))
}

/// Lines that follow the line in which `end` stands.
fn new_lines(text: &str, end: usize, lines: &str) -> (Range<usize>, String) {
    let at = line_end(text, end);
    let lines = lines.trim_end_matches(['\r', '\n']);
    let lines = if text[..at].ends_with('\n') {
        format!("{lines}\n")
    } else {
        format!("\n{lines}")
    };
    (at..at, lines)
}

/// Columns before a key of a block mapping.
fn indent(key: Node<'_>) -> usize {
    usize::try_from(key.column()).unwrap_or(1).saturating_sub(1)
}

fn nest_flow(
    entries: &[Entry<'_>],
    moved: &[Entry<'_>],
    under: &str,
) -> Vec<(Range<usize>, String)> {
    let inner: Vec<_> = moved.iter().map(flow_source).collect();
    let name = match moved[0].key.style() {
        Style::DoubleQuoted => render::quoted(under),
        _ => render::scalar(under),
    };
    let is_moved = |entry: &Entry<'_>| {
        moved[1..]
            .iter()
            .any(|other| other.key.span() == entry.key.span())
    };
    // What stays, and the new entry in the place of the first that moves.
    let kept = entries
        .iter()
        .filter(|entry| !is_moved(entry))
        .map(|entry| {
            if entry.key.span() == moved[0].key.span() {
                format!("{name}: {{{}}}", inner.join(", "))
            } else {
                flow_source(entry)
            }
        });
    let kept: Vec<_> = kept.collect();
    let whole = entries[0].span().start..entries[entries.len() - 1].span().end;
    vec![(whole, kept.join(", "))]
}

fn nest_block(
    moved: &[Entry<'_>],
    under: &str,
    text: &str,
    line_feed: &str,
) -> Vec<(Range<usize>, String)> {
    let first = moved[0].span();
    let indent = first.start - line_start(text, first.start);
    let head = format!(
        "{}:{line_feed}{}",
        render::scalar(under),
        " ".repeat(indent + 2)
    );
    let mut edits = Vec::new();
    let mut body = deeper(&text[first.start..line_end(text, first.end)], false);
    for entry in &moved[1..] {
        let lines = line_start(text, entry.span().start)..line_end(text, entry.span().end);
        if !body.ends_with('\n') {
            body += line_feed;
        }
        body += &deeper(&text[lines.clone()], true);
        edits.push((lines, String::new()));
    }
    edits.push((first.start..line_end(text, first.end), head + &body));
    edits
}

fn flow_source(entry: &Entry<'_>) -> String {
    format!("{}: {}", entry.key.source(), entry.value.source())
}

/// Moves all lines but the first from one column to another.
fn shifted(lines: &str, from: usize, to: usize) -> String {
    let mut moved = String::with_capacity(lines.len() + 64);
    for (place, line) in lines.split_inclusive('\n').enumerate() {
        let margin = line.len() - line.trim_start_matches(' ').len();
        if place == 0 || line.trim().is_empty() {
            moved += line;
        } else {
            moved += &" ".repeat((margin + to).saturating_sub(from));
            moved += &line[margin..];
        }
    }
    moved
}

/// Moves lines two columns to the right; the first too when it begins at the start of its line.
fn deeper(lines: &str, first: bool) -> String {
    let mut moved = String::with_capacity(lines.len() + 16);
    for (place, line) in lines.split_inclusive('\n').enumerate() {
        if (first || place > 0) && !line.trim().is_empty() {
            moved += "  ";
        }
        moved += line;
    }
    moved
}

#[cfg(test)]
mod tests;
