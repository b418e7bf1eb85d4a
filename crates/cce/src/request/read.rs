//! Reading of JSON within bounds, and the words for what is wrong with it.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{ApiError, wire::object::Object};

/// The largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 12 * 1024 * 1024;

/// How deep objects and lists may stand inside each other; no body of the API needs ten levels of its own.
const DEPTH_LIMIT: usize = 64;

/// Most values that follow another one: what a body of the largest size can cost in memory is bounded by it.
const VALUES_LIMIT: usize = 200_000;

/// Reads the body of an operation that has none: nothing, or an object that is passed over.
pub fn parse_nothing(body: &[u8]) -> Result<(), ApiError> {
    if body.trim_ascii().is_empty() {
        return Ok(());
    }
    read::<Map<String, Value>>(body).map(|_| ())
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    within(body, BODY_LIMIT)?;
    from_json(body).map_err(|error| {
        let shown = shortened(&error.to_string(), 300);
        not_expected(&format!(": {shown}"))
    })
}

/// Reads a body that holds a secret: what is wrong with it is told by its place only.
pub(super) fn read_secret<T: DeserializeOwned>(body: &[u8], limit: usize) -> Result<T, ApiError> {
    within(body, limit)?;
    from_json(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        not_expected(&format!(" at line {line} column {column}"))
    })
}

fn from_json<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice::<Object<T>>(body).map(|Object(read)| read)
}

fn not_expected(how: &str) -> ApiError {
    ApiError::invalid_request(&format!("The body is not the JSON expected here{how}."))
}

fn within(body: &[u8], limit: usize) -> Result<(), ApiError> {
    if body.len() > limit {
        return Err(ApiError::body_too_large(limit));
    }
    Extent::default().take(body)
}

/// How deep and how long a text is, taken for JSON. The reader itself does not count what it passes over.
#[derive(Default)]
struct Extent {
    depth: usize,
    values: usize,
}

impl Extent {
    fn take(&mut self, body: &[u8]) -> Result<(), ApiError> {
        let mut bytes = body.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => skip_text(&mut bytes),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b',' => self.values += 1,
                _ => {}
            }
            if self.depth > DEPTH_LIMIT {
                return Err(ApiError::invalid_request(&format!(
                    "The body is nested deeper than {DEPTH_LIMIT} levels."
                )));
            }
        }
        if self.values > VALUES_LIMIT {
            return Err(ApiError::invalid_request(&format!(
                "The body has more than {VALUES_LIMIT} values."
            )));
        }
        Ok(())
    }
}

/// Goes on behind the quotation mark that ends the text.
fn skip_text<'a>(bytes: &mut impl Iterator<Item = &'a u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

/// A text that is not empty.
pub(super) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// A text that must be there.
pub(super) fn demanded(path: &str, text: Option<String>) -> Result<String, ApiError> {
    given(text).ok_or_else(|| missing(path))
}

/// A text that must be there and can only be `expected`.
pub(super) fn fixed(path: &str, found: Option<String>, expected: &str) -> Result<(), ApiError> {
    let found = demanded(path, found)?;
    one_of(path, &found, &[expected])
}

/// A text that can only be `expected` when it is there.
pub(super) fn fixed_if_given(
    path: &str,
    found: Option<&String>,
    expected: &str,
) -> Result<(), ApiError> {
    match given(found.cloned()) {
        Some(found) => one_of(path, &found, &[expected]),
        None => Ok(()),
    }
}

pub(super) fn one_of(path: &str, found: &str, expected: &[&str]) -> Result<(), ApiError> {
    if expected.contains(&found) {
        return Ok(());
    }
    Err(ApiError::invalid_request(&format!(
        "{path} must be {}, not {}.",
        expected.join(" or "),
        quoted(found)
    )))
}

pub(super) fn same_cluster(path_id: &str, named: Option<String>) -> Result<(), ApiError> {
    match given(named) {
        Some(named) if named != path_id => Err(ApiError::invalid_request(&format!(
            "spec.clusterID {} is not the cluster of the path.",
            quoted(&named)
        ))),
        _ => Ok(()),
    }
}

pub(super) fn missing(path: &str) -> ApiError {
    ApiError::invalid_request(&format!("{path} is missing."))
}

/// `text` in quotes, control characters escaped, cut at 80 characters.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text, 80))
}

fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
