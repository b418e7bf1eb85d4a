//! From bytes to documents that know where each of their nodes stands.

mod build;
mod document;
mod json;
pub(crate) mod split;
mod yaml;

pub use document::{Document, Kind, Node, Style};
pub use split::Chunk;
pub(crate) use split::chunks;

use crate::Problem;

/// Mappings and sequences inside one another.
pub const MAX_DEPTH: usize = 250;
/// Nodes of one document.
pub const MAX_NODES: usize = 1_000_000;

/// Reads a whole file: YAML of several documents, or JSON values one after the other. Documents without content are left out.
/// `Err` names the first thing that is wrong.
pub fn parse(bytes: &[u8]) -> Result<Vec<Document<'_>>, Problem> {
    let mut all = Vec::new();
    for chunk in chunks(bytes)? {
        let index = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let (documents, problem) = read(Chunk { index, ..chunk });
        match problem {
            Some(problem) => return Err(problem),
            None => all.extend(documents),
        }
    }
    Ok(all)
}

/// Reads one chunk: the documents before the first thing that is wrong, and that.
pub fn read(chunk: Chunk<'_>) -> (Vec<Document<'_>>, Option<Problem>) {
    let text = match chunk.text() {
        Ok(text) => text,
        Err(problem) => return (Vec::new(), Some(problem)),
    };
    if !split::begins_like_json(text) {
        return yaml::read(&chunk, text);
    }
    match json::read(&chunk, text) {
        (documents, None) => (documents, None),
        broken => match yaml::read(&chunk, text) {
            (documents, None) => (documents, None),
            // A quoted key says that JSON was meant.
            _ if split::begins_like_json_object(text) => broken,
            broken => broken,
        },
    }
}

#[cfg(test)]
mod tests;
