//! Small values as text that goes into a manifest.

use serde_json::Value;

use crate::{Kind, Node, Style};

/// A scalar as YAML: bare where it reads back as the same text, else as JSON has it, which YAML reads too.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A text in double quotes, as JSON and YAML read it.
pub(super) fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// Whether YAML reads the bare text as that text, and as no number, boolean or null.
fn is_plain(text: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    begins && text.chars().all(safe) && !word.contains(&text.to_ascii_lowercase().as_str())
}

/// A value in flow style: JSON, which is YAML too.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), flow(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// `key: value` in block style, without the indentation of its first line and without a last line feed.
pub(super) fn block_entry(key: &str, value: &Value, indent: usize) -> String {
    let key = scalar(key);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let inner = indent + 2;
            let entry = |(name, value): (&String, &Value)| block_entry(name, value, inner);
            lines(&key, map.iter().map(entry), inner)
        }
        Value::Array(items) if !items.is_empty() => {
            let item = |item| format!("- {}", block_item(item, indent + 2));
            lines(&key, items.iter().map(item), indent)
        }
        Value::String(text) => format!("{key}: {}", scalar(text)),
        other => format!("{key}: {}", flow(other)),
    }
}

/// A key with what follows in lines of their own.
fn lines(key: &str, lines: impl Iterator<Item = String>, indent: usize) -> String {
    let pad = " ".repeat(indent);
    lines.fold(format!("{key}:"), |text, line| text + "\n" + &pad + &line)
}

fn block_item(value: &Value, indent: usize) -> String {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, value)| block_entry(key, value, indent))
                .collect();
            entries.join(&format!("\n{}", " ".repeat(indent)))
        }
        Value::String(text) => scalar(text),
        other => flow(other),
    }
}

/// What a node says, as JSON has it.
pub(super) fn value(node: Node<'_>) -> Value {
    let node = node.resolve();
    match node.kind() {
        Kind::Mapping => {
            let entries = node.entries();
            let pair = |(key, of): (Node<'_>, Node<'_>)| {
                (key.text().unwrap_or_default().to_owned(), value(of))
            };
            Value::Object(entries.map(pair).collect())
        }
        Kind::Sequence => Value::Array(node.items().map(value).collect()),
        Kind::Scalar | Kind::Alias => scalar_value(node),
    }
}

/// Texts in quotes are texts; bare ones are what JSON makes of them, where it does.
fn scalar_value(node: Node<'_>) -> Value {
    let text = node.text().unwrap_or_default();
    if node.is_null() {
        return Value::Null;
    }
    let bare = node.style() == Style::Plain;
    let typed = bare.then(|| serde_json::from_str(text).ok()).flatten();
    match typed {
        Some(value @ (Value::Bool(_) | Value::Number(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Reads a text as one value; for tests of what was rendered.
#[cfg(test)]
pub(super) fn read(text: &str) -> Value {
    crate::parse(text.as_bytes())
        .ok()
        .and_then(|documents| documents.first().map(|document| value(document.root())))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_rendered_reads_back() {
        for value in [
            json!({"a": "b", "n": 1, "t": true, "text": "true", "number": "1e3", "odd": "a: b # c", "empty": "", "null": null}),
            json!({"list": [1, "x", {"a": {"b": "c"}, "d": []}, ["y"]], "map": {}, "deep": {"er": {"x": "-"}}}),
            json!({"a.b/c": "d", "true": "e", "1": "f"}),
        ] {
            let text = format!("top:\n  {}\n", block_entry("x", &value, 2));
            assert_eq!(read(&text), json!({"top": {"x": value}}), "{text}");
            assert_eq!(read(&flow(&value)), value);
        }
    }
}
