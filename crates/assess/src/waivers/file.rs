//! Files of waivers, as TOML or YAML. Strict: what is not understood is refused, with its line, for a waiver that silently covers
//! nothing, or more than was meant, is worse than none.

use std::collections::BTreeMap;

use airworthy_model::Waiver;
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Deserialize;

use super::{Acceptance, Covers, LabelSelector, SubjectPattern};
use crate::Catalogue;

/// Largest file, in bytes.
const MOST_BYTES: usize = 1 << 20;
/// Most waivers of a file.
const MOST_ROWS: usize = 10_000;
/// Longest text of a member, in characters.
const LONGEST: usize = 1000;

const MEMBERS: [&str; 7] = [
    "check",
    "subject",
    "fingerprint",
    "nodes",
    "owner",
    "reason",
    "expires",
];

/// How a file of waivers is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `[[waiver]]` tables.
    Toml,
    /// A list under `waivers`.
    Yaml,
}

impl Form {
    /// By the ending of a file's name.
    pub fn of_name(name: &str) -> Option<Self> {
        let ending = name.rsplit_once('.')?.1;
        match ending.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// What is wrong with a file of waivers; each line begins with file and line, as far as there is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct WaiverFileError(pub Vec<String>);

/// The waivers of a file. `origin` is its name, for what is said of them; the names of checks are those of `catalogue`.
pub fn parse(
    text: &str,
    form: Form,
    origin: &str,
    catalogue: &Catalogue,
) -> Result<Vec<Acceptance>, WaiverFileError> {
    let said = |(line, why): Fault| match line {
        0 => format!("{origin}: {why}"),
        line => format!("{origin}:{line}: {why}"),
    };
    let rows = rows(text, form).map_err(|fault| WaiverFileError(vec![said(fault)]))?;
    let mut wrong = Vec::new();
    let mut read = Vec::new();
    for row in rows {
        match row.acceptance(origin, catalogue) {
            Ok(acceptance) => read.push(acceptance),
            Err(fault) => wrong.push(said(fault)),
        }
    }
    if wrong.is_empty() {
        Ok(read)
    } else {
        Err(WaiverFileError(wrong))
    }
}

fn rows(text: &str, form: Form) -> Result<Vec<Row>, Fault> {
    if text.len() > MOST_BYTES {
        return Err((0, format!("it has more than {MOST_BYTES} bytes")));
    }
    let rows = match form {
        Form::Toml => toml_rows(text),
        Form::Yaml => yaml_rows(text),
    }?;
    if rows.len() > MOST_ROWS {
        return Err((0, format!("it has more than {MOST_ROWS} waivers")));
    }
    Ok(rows)
}

/// One waiver, as written: the line it begins at, and each member with its line.
struct Row {
    line: usize,
    members: BTreeMap<String, (usize, String)>,
}

/// A line, 0 where none is known, and what is wrong there.
type Fault = (usize, String);

impl Row {
    fn acceptance(mut self, origin: &str, catalogue: &Catalogue) -> Result<Acceptance, Fault> {
        let unknown = self
            .members
            .iter()
            .find(|(name, _)| !MEMBERS.contains(&name.as_str()));
        if let Some((name, (line, _))) = unknown {
            let known = MEMBERS.join(", ");
            return Err((
                *line,
                format!("a waiver has no member {name:?}; it has {known}"),
            ));
        }
        let line = self.line;
        let (at, check) = self.take("check")?;
        catalogue
            .known(&check)
            .map_err(|error| (at, error.to_string()))?;
        let covers = self.covers()?;
        let (_, owner) = self.take("owner")?;
        let (_, reason) = self.take("reason")?;
        let (at, expires) = self.take("expires")?;
        let expires = moment(&expires).ok_or_else(|| (at, format!("expires {expires:?} is neither a day (2027-01-31) nor a time (2027-01-31T12:00:00Z)")))?;
        let waiver = Waiver {
            owner,
            reason,
            expires: Some(expires),
            source: format!("{origin}:{line}"),
        };
        Ok(Acceptance {
            check,
            covers,
            waiver,
        })
    }

    /// A member that has to be there and say something.
    fn take(&mut self, name: &str) -> Result<(usize, String), Fault> {
        let Some((line, text)) = self.members.remove(name) else {
            return Err((self.line, format!("the waiver has no {name}")));
        };
        let words: Vec<_> = text.split_whitespace().collect();
        let text = words.join(" ");
        if text.is_empty() {
            return Err((line, format!("{name} is empty")));
        }
        if text.contains(char::is_control) {
            return Err((line, format!("{name} has control characters")));
        }
        if text.chars().count() > LONGEST {
            return Err((line, format!("{name} has more than {LONGEST} characters")));
        }
        Ok((line, text))
    }

    fn covers(&mut self) -> Result<Covers, Fault> {
        let ways = ["subject", "fingerprint", "nodes"];
        let given: Vec<_> = ways
            .into_iter()
            .filter(|name| self.members.contains_key(*name))
            .collect();
        let [way] = given.as_slice() else {
            let said = "the waiver must have exactly one of subject, fingerprint and nodes: a check as a whole cannot be waived";
            return Err((self.line, said.to_owned()));
        };
        let (line, text) = self.take(way)?;
        let covers = match *way {
            "subject" => SubjectPattern::parse(&text).map(Covers::Subject).ok_or("an object as reports name it: \"Node worker-1\", \"PodDisruptionBudget shop/web\", \"Pod shop/*\""),
            "nodes" => LabelSelector::parse(&text).map(Covers::Nodes).ok_or("labels of nodes: \"pool=batch,zone!=b,!spot\""),
            _ => fingerprint(&text).map(Covers::Fingerprint).ok_or("the 32 hex digits that -o wide and -o json show"),
        };
        covers.map_err(|expected| {
            (
                line,
                format!("{way} {text:?} is not understood; expected is {expected}"),
            )
        })
    }
}

fn fingerprint(text: &str) -> Option<String> {
    let is_one = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then(|| text.to_ascii_lowercase())
}

/// A time, or the end of a day (UTC).
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let next = text.parse::<Date>().ok()?.checked_add(1.day()).ok()?;
    Some(next.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlFile {
    #[serde(default)]
    waiver: Vec<toml::Spanned<BTreeMap<String, toml::Spanned<toml::Value>>>>,
}

fn toml_rows(text: &str) -> Result<Vec<Row>, Fault> {
    let file: TomlFile = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| line_of(text, span.start));
        (line, error.message().to_owned())
    })?;
    let rows = file.waiver.into_iter().map(|row| {
        let line = line_of(text, row.span().start);
        let members = row.into_inner().into_iter().map(|(name, value)| {
            let line = line_of(text, value.span().start);
            text_of(value.into_inner())
                .map(|text| (name.clone(), (line, text)))
                .map_err(|kind| (line, format!("{name} is not text but {kind}")))
        });
        let members = members.collect::<Result<_, _>>()?;
        Ok(Row { line, members })
    });
    rows.collect()
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.bytes().take(at);
    1 + before.filter(|byte| *byte == b'\n').count()
}

/// Text, and days and times, which TOML writes without quotes; the error is the kind of what else it is.
fn text_of(value: toml::Value) -> Result<String, &'static str> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Datetime(time) => Ok(time.to_string()),
        other => Err(other.type_str()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlFile {
    #[serde(default)]
    waivers: Vec<serde_saphyr::Spanned<BTreeMap<String, serde_saphyr::Spanned<String>>>>,
}

fn yaml_rows(text: &str) -> Result<Vec<Row>, Fault> {
    let line_of = |at: serde_saphyr::Location| usize::try_from(at.line()).unwrap_or(0);
    let file: YamlFile = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(0, line_of);
        (line, error.without_snippet().to_string())
    })?;
    let rows = file.waivers.into_iter().map(|row| Row {
        line: line_of(row.referenced),
        members: row
            .value
            .into_iter()
            .map(|(name, text)| (name, (line_of(text.referenced), text.value)))
            .collect(),
    });
    Ok(rows.collect())
}
