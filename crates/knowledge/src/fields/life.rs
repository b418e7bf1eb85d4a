//! The life of one field, for people who ask for it by name.

use airworthy_model::Minor;
use serde::Serialize;

use super::rows::{Deprecation, FieldRow};
use crate::{
    Knowledge,
    api::{Provenance, Span, api_version},
};

/// What is known of a field of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldLife<'a> {
    /// Group and version of the kind.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The path that was asked for.
    pub path: String,
    /// The minors that know it.
    pub spans: Vec<Span>,
    /// Feature gates that it waits for in the newest minor that knows it.
    pub gates: Vec<&'a str>,
    /// Rules of declarative validation in that minor.
    pub rules: Vec<&'a str>,
    /// The values that minor takes, where it takes no others.
    pub values: Option<Vec<&'a str>>,
    /// Since when it is called deprecated.
    pub deprecated: Option<&'a Deprecation>,
    /// The file that declares the type which has it.
    pub source: &'a Provenance,
}

impl Knowledge {
    /// Finds fields by a name such as `Pod.spec.hostUsers` or `apps/v1/Deployment.spec.template.spec.hostUsers`. One without a
    /// version may be found in several; nothing is found where no minor knows the field.
    pub fn field_lives(&self, name: &str) -> Vec<FieldLife<'_>> {
        let (version, rest) = match name.rsplit_once('/') {
            Some((version, rest)) => (Some(version), rest),
            None => (None, name),
        };
        let mut segments = rest.split('.');
        let kind = segments.next().unwrap_or_default();
        let path: Vec<_> = segments
            .map(|segment| segment.trim_end_matches(['[', ']', '{', '}']))
            .collect();
        if path.is_empty() {
            return Vec::new();
        }
        let kinds = self.fields.get().kinds_named(kind).into_iter();
        kinds
            .filter(|(group, of)| version.is_none_or(|asked| asked == api_version(group, of)))
            .filter_map(|(group, of)| self.life((group, of, kind), &path))
            .collect()
    }

    fn life(&self, kind: (&str, &str, &str), path: &[&str]) -> Option<FieldLife<'_>> {
        let fields = self.fields.get();
        let known = self
            .minors()
            .filter(|minor| fields.knows(kind, path, *minor));
        let spans = runs(known);
        let newest = spans.last()?.to;
        let (at, field) = self.last_member(kind, path, newest)?;
        Some(FieldLife {
            api_version: api_version(kind.0, kind.1),
            kind: kind.2.to_owned(),
            path: path.join("."),
            spans,
            gates: field.gates(newest).collect(),
            rules: field.rules(newest).collect(),
            values: self.field_values(kind, path, newest),
            deprecated: field.deprecated.as_ref(),
            source: &fields.row(at).source,
        })
    }

    /// The row of the last segment that is a field: what follows are keys of maps, or what nothing is known of.
    fn last_member(
        &self,
        kind: (&str, &str, &str),
        path: &[&str],
        minor: Minor,
    ) -> Option<(usize, &FieldRow)> {
        let fields = self.fields.get();
        (1..=path.len())
            .rev()
            .find_map(|length| fields.field_at(kind, &path[..length], minor))
    }
}

fn runs(minors: impl Iterator<Item = Minor>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for minor in minors {
        match spans.last_mut() {
            Some(span) if span.to.next() == minor => span.to = minor,
            _ => spans.push(Span {
                from: minor,
                to: minor,
            }),
        }
    }
    spans
}
