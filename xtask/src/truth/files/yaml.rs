//! Writes objects as YAML in the styles that people use.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// How keys and collections look.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // Each is a habit of its own, and all go together.
pub(super) struct Style {
    /// Keys and texts in quotes.
    pub(super) quoted: bool,
    /// The last key first.
    pub(super) reversed: bool,
    /// Items of lists further to the right than their key.
    pub(super) indented: bool,
    /// A comment behind every value and before every key.
    pub(super) commented: bool,
}

/// One document without `---`.
pub(super) fn block(value: &Value, style: Style) -> String {
    let mut text = String::new();
    write(&mut text, value, 0, style);
    text
}

/// One line in braces.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let fields = in_order(map).into_iter();
            let fields = fields.map(|(key, value)| format!("{}: {}", plain(key), flow(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}

fn write(text: &mut String, value: &Value, depth: usize, style: Style) {
    match value {
        Value::Object(map) if !map.is_empty() => fields(text, map, depth, style),
        Value::Array(items) if !items.is_empty() => list(text, items, depth, style),
        scalar => drop(writeln!(text, "{}", leaf(scalar, style))),
    }
}

fn fields(text: &mut String, map: &Map<String, Value>, depth: usize, style: Style) {
    let mut all = in_order(map);
    if style.reversed {
        all.reverse();
    }
    for (number, (key, value)) in all.into_iter().enumerate() {
        // The first field of an item stands behind its dash.
        if number > 0 || !text.ends_with("- ") {
            if style.commented {
                let _ = writeln!(
                    text,
                    "{:depth$}# about {key}: apiVersion: extensions/v1beta1",
                    ""
                );
            }
            let _ = write!(text, "{:depth$}", "");
        }
        let _ = write!(text, "{}:", word(key, style));
        below(text, value, depth, style);
    }
}

/// What it is comes first, as people write it.
fn in_order(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let head = ["apiVersion", "kind", "metadata"];
    let place = |key: &str| {
        head.iter()
            .position(|first| *first == key)
            .unwrap_or(head.len())
    };
    let mut all: Vec<_> = map.iter().collect();
    all.sort_by_key(|(key, _)| place(key));
    all
}

fn below(text: &mut String, value: &Value, depth: usize, style: Style) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            write(text, value, depth + 2, style);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            write(
                text,
                value,
                if style.indented { depth + 2 } else { depth },
                style,
            );
        }
        scalar => {
            let comment = if style.commented { "  # as it is" } else { "" };
            let _ = writeln!(text, " {}{comment}", leaf(scalar, style));
        }
    }
}

fn list(text: &mut String, items: &[Value], depth: usize, style: Style) {
    for (number, item) in items.iter().enumerate() {
        // A list in a list begins behind the dash of the outer one.
        if number > 0 || !text.ends_with("- ") {
            let _ = write!(text, "{:depth$}", "");
        }
        text.push_str("- ");
        write(text, item, depth + 2, style);
    }
}

fn leaf(value: &Value, style: Style) -> String {
    match value {
        Value::String(text) => word(text, style),
        other => other.to_string(),
    }
}

fn word(text: &str, style: Style) -> String {
    if style.quoted {
        Value::from(text).to_string()
    } else {
        plain(text)
    }
}

/// Without quotes where that means the same.
fn plain(text: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_text = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(simple);
    if is_text && !words.contains(&text.to_lowercase().as_str()) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_style_means_the_same() {
        let value = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "empty": {}, "none": [],
            "spec": { "schedule": "0 4 * * *", "suspend": true, "list": [{ "a": 1, "b": [1, 2] }, ["x", ["y"]], "true"] },
        });
        for bits in 0..16u8 {
            let on = |bit: u8| bits & (1 << bit) != 0;
            let style = Style {
                quoted: on(0),
                reversed: on(1),
                indented: on(2),
                commented: on(3),
            };
            let text = block(&value, style);
            let read: Value =
                serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(read, value, "{text}");
        }
        let read: Value = serde_saphyr::from_str(&flow(&value)).unwrap();
        assert_eq!(read, value);
    }
}
