//! Reads what the samples print: each language shows answers and errors in its own way.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::common_sdk::{Ended, Language};

/// What a sample printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Printed {
    /// The answer, as the SDK understood it.
    Answer(Value),
    /// The service's error.
    Refused(Refusal),
}

/// An error of the service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u64,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Printed {
    pub(crate) fn read(language: Language, ended: &Ended) -> Result<Self> {
        let text = ended.stdout.trim();
        let printed = match language {
            Language::Python if text.starts_with('{') => serde_json::from_str(text)
                .map(Self::Answer)
                .map_err(Into::into),
            Language::Java if text.starts_with("class ") => object(text).map(Self::Answer),
            Language::Python | Language::Java => four_lines(text).map(Self::Refused),
            Language::Go | Language::GoLegacy => go(text),
        };
        printed.with_context(|| format!("{language:?} printed\n{text}\n{}", ended.stderr))
    }
}

/// Status, request id, code and message, a line each.
fn four_lines(text: &str) -> Result<Refusal> {
    let lines: Vec<&str> = text.lines().collect();
    let [status, _, code, message] = lines[..] else {
        bail!("neither an answer nor an error");
    };
    Ok(Refusal {
        status: status.parse()?,
        code: code.to_owned(),
        message: message.to_owned(),
    })
}

/// An answer has the name of its type in front, an error is bare JSON.
fn go(text: &str) -> Result<Printed> {
    let (name, json) = text.split_at(text.find('{').context("no JSON")?);
    let value: Value = serde_json::from_str(json)?;
    if !name.is_empty() {
        return Ok(Printed::Answer(value));
    }
    let member = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    Ok(Printed::Refused(Refusal {
        status: value["status_code"].as_u64().context("no status")?,
        code: member("error_code"),
        message: member("error_message"),
    }))
}

/// The text form of the Java SDK's models: `class Name {`, a member a line, `}`. What is `null` there is absent here.
fn object(text: &str) -> Result<Value> {
    let mut lines = text.lines().skip(1).peekable();
    let members = members(&mut lines)?;
    match lines.next() {
        None => Ok(members),
        Some(line) => bail!("more after the answer: {line}"),
    }
}

type Lines<'a> = std::iter::Peekable<std::iter::Skip<std::str::Lines<'a>>>;

/// Reads members up to the line that closes their object; that line stays when it says how a list goes on.
fn members(lines: &mut Lines<'_>) -> Result<Value> {
    let mut all = Map::new();
    let mut last = None;
    loop {
        let line = lines
            .peek()
            .context("the text ends within an object")?
            .trim();
        if line.starts_with('}') {
            if line == "}" {
                lines.next();
            }
            return Ok(Value::Object(all));
        }
        lines.next();
        match line.split_once(": ") {
            Some((name, value)) if is_name(name) => {
                // Words of the language get one in front.
                let name = name.trim_start_matches('_');
                last = Some(name.to_owned());
                match self::value(value, lines)? {
                    Value::Null => {}
                    value => drop(all.insert(name.to_owned(), value)),
                }
            }
            // A text of several lines.
            _ => match last.as_ref().and_then(|name| all.get_mut(name)) {
                Some(Value::String(text)) => *text = format!("{text}\n{line}"),
                _ => bail!("not a member: {line}"),
            },
        }
    }
}

fn value(text: &str, lines: &mut Lines<'_>) -> Result<Value> {
    if text == "null" {
        return Ok(Value::Null);
    }
    if text.starts_with("class ") && text.ends_with('{') {
        return members(lines);
    }
    if !(text.starts_with("[class ") && text.ends_with('{')) {
        return Ok(
            match text
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                Some("") => Value::Array(Vec::new()),
                Some(items) => items.split(", ").map(Value::from).collect(),
                None => text.into(),
            },
        );
    }
    let mut items = Vec::new();
    loop {
        items.push(members(lines)?);
        match lines.next().map(str::trim) {
            Some("}]") => return Ok(Value::Array(items)),
            Some(line) if line.starts_with("}, class ") => {}
            other => bail!("a list that neither ends nor goes on: {other:?}"),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(language: Language, stdout: &str) -> Printed {
        let ended = Ended {
            success: true,
            stdout: stdout.to_owned(),
            stderr: String::new(),
        };
        Printed::read(language, &ended).unwrap()
    }

    #[test]
    fn answers_of_all_languages_read_alike() {
        let expected = json!({
            "kind": "PreCheckTask",
            "status": {
                "phase": "Failed",
                "itemsStatus": [
                    { "name": "A", "message": "one: two\nthree", "riskSource": {} },
                    { "name": "B", "errorCodes": ["NotAssessed", "Other"] },
                ],
                "nodes": [],
            },
        });
        let java = "\
class Answer {
    kind: PreCheckTask
    status: class Status {
        phase: Failed
        message: null
        itemsStatus: [class Item {
            name: A
            message: one: two
            three
            riskSource: class RiskSource {
                nodeRisks: null
            }
            errorCodes: null
        }, class Item {
            name: B
            message: null
            errorCodes: [NotAssessed, Other]
        }]
        nodes: []
    }
}
";
        let expected = Printed::Answer(expected);
        assert_eq!(printed(Language::Java, java), expected);
        let Printed::Answer(value) = &expected else {
            unreachable!()
        };
        assert_eq!(printed(Language::Python, &value.to_string()), expected);
        assert_eq!(
            printed(Language::Go, &format!("Answer {value}\n")),
            expected
        );
    }

    #[test]
    fn errors_of_all_languages_read_alike() {
        let expected = || {
            Printed::Refused(Refusal {
                status: 400,
                code: "CCE.01400001".to_owned(),
                message: "Invalid request.".to_owned(),
            })
        };
        let lines = "400\n0123\nCCE.01400001\nInvalid request.\n";
        assert_eq!(printed(Language::Python, lines), expected());
        assert_eq!(printed(Language::Java, lines), expected());
        let go = r#"{"status_code":400,"request_id":"0123","error_code":"CCE.01400001","error_message":"Invalid request."}"#;
        assert_eq!(printed(Language::Go, go), expected());
    }
}
