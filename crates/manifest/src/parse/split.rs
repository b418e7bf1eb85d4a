//! Where one document ends and the next begins.

use memchr::{memchr, memmem};

use crate::Problem;

/// A part of a file that holds whole documents: from one `---` line to the next.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// How many bytes of the file stand before it.
    pub offset: usize,
    /// How many lines of the file stand before it.
    pub line: u32,
    /// How many documents of the file stand before it.
    pub index: u32,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

impl<'a> Chunk<'a> {
    /// Whether a line of the file, from 1, stands in it.
    pub(crate) fn holds(&self, line: u32) -> bool {
        line > self.line && line - self.line <= lines(self.bytes) + 1
    }

    /// The text, once it is known to be one.
    pub(crate) fn text(&self) -> Result<&'a str, Problem> {
        if let Some(at) = memchr(0, self.bytes) {
            return Err(self.problem(at, "a NUL byte: this is no text"));
        }
        std::str::from_utf8(self.bytes).map_err(|error| {
            self.problem(error.valid_up_to(), "not UTF-8")
                .cure("Save the file as UTF-8")
        })
    }

    fn problem(&self, at: usize, why: &str) -> Problem {
        let (line, column) = position(&self.bytes[..at]);
        Problem::at(self.line + line, column, why)
    }
}

/// Line and column, both from 1, of what follows these bytes.
fn position(before: &[u8]) -> (u32, u32) {
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let columns = String::from_utf8_lossy(&before[start..]).chars().count();
    (lines(before) + 1, number(columns + 1))
}

/// How many lines end in these bytes.
pub(crate) fn lines(bytes: &[u8]) -> u32 {
    number(memchr::memchr_iter(b'\n', bytes).count())
}

/// A count as the model has it; a file of more than four billion lines is none that anybody reads.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// How many bytes of a byte order mark stand at the start; an error for those of encodings that nothing of Kubernetes reads.
pub(crate) fn byte_order_mark(bytes: &[u8]) -> Result<usize, Problem> {
    if bytes.starts_with(BOM) {
        return Ok(BOM.len());
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let problem = Problem::whole("UTF-16, which Kubernetes' tools do not read");
        return Err(problem.cure("Save the file as UTF-8"));
    }
    Ok(0)
}

/// The chunks of a whole file, with content and numbered as if each held one document.
pub(crate) fn chunks(bytes: &[u8]) -> Result<Vec<Chunk<'_>>, Problem> {
    let mut chunks = Vec::new();
    let (mut offset, mut line) = (byte_order_mark(bytes)?, 0);
    while offset < bytes.len() {
        let end = next(bytes, offset, true).unwrap_or(bytes.len());
        let bytes = &bytes[offset..end];
        if has_content(bytes) {
            let index = number(chunks.len());
            chunks.push(Chunk {
                bytes,
                offset,
                line,
                index,
            });
        }
        line += lines(bytes);
        offset = end;
    }
    Ok(chunks)
}

/// Where the chunk ends that begins at `from`: at the next line that starts a document. Nothing when the bytes end first;
/// unless they are the `last` of their file, a line that they cut off is not judged.
pub(crate) fn next(bytes: &[u8], from: usize, last: bool) -> Option<usize> {
    let mut search = from;
    loop {
        let at = search + memmem::find(&bytes[search..], b"\n---")? + 1;
        let cut_off = !last && at + 3 == bytes.len();
        if !cut_off && ends_marker(bytes.get(at + 3)) && !only_directives(&bytes[from..at]) {
            return Some(at);
        }
        search = at;
    }
}

/// Whether a byte may follow `---` or `...`.
fn ends_marker(byte: Option<&u8>) -> bool {
    matches!(byte, None | Some(b' ' | b'\t' | b'\r' | b'\n'))
}

/// Directives belong to the document that follows them.
fn only_directives(bytes: &[u8]) -> bool {
    let mut directives = false;
    for line in bytes.split(|byte| *byte == b'\n') {
        match line.trim_ascii().first() {
            None | Some(b'#') => (),
            Some(b'%') if line[0] == b'%' => directives = true,
            Some(_) => return false,
        }
    }
    directives
}

/// Whether there is more than blank lines, comments and marks.
pub(crate) fn has_content(bytes: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.map(after_marker).any(|line| {
        let first = line.trim_ascii().first();
        first.is_some_and(|byte| *byte != b'#')
    })
}

fn after_marker(line: &[u8]) -> &[u8] {
    let marker = line.starts_with(b"---") || line.starts_with(b"...");
    if marker && ends_marker(line.get(3)) {
        &line[3..]
    } else {
        line
    }
}

/// Whether a text begins as a JSON object or array does.
pub(super) fn begins_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Whether a text begins as a JSON object with a quoted key does.
pub(super) fn begins_like_json_object(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{');
    inside.is_some_and(|inside| inside.trim_start().starts_with('"'))
}
