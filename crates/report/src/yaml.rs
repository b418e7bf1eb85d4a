//! The report of [`crate::json`] as YAML.

use std::fmt::Write as _;

use airworthy_model::Assessment;
use serde::Serialize;
use serde_json::Value;

use crate::{json::Report, text::steers};

/// The report as a YAML document.
pub fn render(assessment: &Assessment) -> String {
    let text = to_text(&Report::from(assessment));
    text.expect("reports have only text keys and finite numbers")
}

/// Data as YAML in which no character is raw that a terminal obeys: the serialiser knows controls, and we the characters that
/// turn or hide text.
pub(crate) fn to_text<T: Serialize>(value: &T) -> Option<String> {
    let text = serde_saphyr::to_string(value).ok()?;
    if !text.contains(steers) {
        return Some(text);
    }
    let masked = masked(serde_json::to_value(value).ok()?);
    Some(unmasked(&serde_saphyr::to_string(&masked).ok()?))
}

/// Stands before the number of a character that is to be escaped; no text means anything by it, and it is always escaped itself.
const MARK: char = '\u{ffff}';
/// How the serialiser writes the mark.
const WRITTEN: &str = "\\uFFFF";

fn masked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(mask(&text)),
        Value::Array(list) => list.into_iter().map(masked).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (mask(&key), masked(value)))
            .collect(),
        other => other,
    }
}

fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let looks_marked = text.contains(WRITTEN);
    for c in text.chars() {
        if c == MARK || steers(c) || (looks_marked && c == '\\') {
            // Writing to a String cannot fail.
            let _ = write!(out, "{MARK}{:08X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn unmasked(text: &str) -> String {
    text.replace(WRITTEN, "\\U")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_turns_or_hides_text_is_escaped_and_comes_back() {
        for text in [
            "plain",
            "a\u{202e}b",
            "\u{2066}",
            "x\u{e0041}\u{ffff}y\u{ad}",
            "\\uFFFF0000202E \u{200b}",
            "\\uFFFF0000202E",
            "back\\\u{202e}slash",
            "two\nlines \u{61c}",
            "\u{1b}[2J\u{feff}",
        ] {
            let value = json!([{ "key": text, text: 1, "other": "\\uFFFF\u{202e}" }]);
            let written = to_text(&value).unwrap();
            assert!(!written.contains(steers), "{written}");
            let read: Value = serde_saphyr::from_str(&written).unwrap();
            assert_eq!(read, value, "{written}");
        }
    }
}
