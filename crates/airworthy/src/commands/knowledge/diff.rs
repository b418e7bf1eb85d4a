//! `airworthy knowledge diff`: what an upgrade changes, as far as the tables know.

use std::fmt::Write as _;

use airworthy_knowledge::{Api, Class, Gate, GateStage, Knowledge, Serving, Span};
use airworthy_model::Minor;
use anyhow::{Result, bail};
use serde::Serialize;

use super::{columns, print};
use crate::cli::ListFormat;

#[derive(Serialize)]
struct Answer {
    from: Minor,
    to: Minor,
    apis: Vec<Change>,
    fields: Vec<Change>,
    gates: Vec<Change>,
    flags: Vec<Change>,
    plugins: Vec<Change>,
}

/// One thing that is otherwise afterwards.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    #[serde(rename = "change")]
    what: What,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

/// In the order in which it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
enum What {
    Removed,
    SwitchedOff,
    Locked,
    Deprecated,
    SwitchedOn,
    New,
    NewOffByDefault,
    Promoted,
}

impl What {
    const fn words(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::SwitchedOff => "off by default now",
            Self::Locked => "locked",
            Self::Deprecated => "deprecated",
            Self::SwitchedOn => "on by default now",
            Self::New => "new",
            Self::NewOffByDefault => "new, off by default",
            Self::Promoted => "promoted",
        }
    }
}

pub(super) fn run(from: Minor, to: Minor, output: ListFormat) -> Result<u8> {
    let knowledge = Knowledge::embedded();
    if from >= to {
        bail!("{from} is not below {to}");
    }
    for minor in [from, to] {
        if !knowledge.covers(minor) {
            bail!(
                "nothing is known of {minor}: the knowledge is of Kubernetes {} to {}",
                knowledge.oldest,
                knowledge.newest
            );
        }
    }
    let step = Step { from, to };
    let answer = Answer {
        from,
        to,
        apis: sorted(knowledge.apis().filter_map(|row| step.api(row))),
        fields: sorted(knowledge.apis().flat_map(|row| step.fields(knowledge, row))),
        gates: sorted(knowledge.gates().iter().filter_map(|row| step.gate(row))),
        flags: sorted(knowledge.flags().iter().filter_map(|row| {
            let name = format!("{} --{}", row.component, row.flag);
            step.known(name, &row.spans).or_else(|| {
                step.deprecated(format!("{} --{}", row.component, row.flag), row.deprecated)
            })
        })),
        plugins: sorted(knowledge.plugins().iter().filter_map(|row| {
            step.known(row.plugin.clone(), &row.spans)
                .or_else(|| step.switched(&row.plugin, &row.default_on))
        })),
    };
    print(&answer, || answer.table(), output)
}

fn sorted(changes: impl Iterator<Item = Change>) -> Vec<Change> {
    let mut changes: Vec<_> = changes.collect();
    changes.sort();
    changes
}

fn change(what: What, name: String) -> Change {
    Change {
        what,
        name,
        detail: String::new(),
    }
}

/// From one minor to another.
#[derive(Clone, Copy)]
struct Step {
    from: Minor,
    to: Minor,
}

impl Step {
    /// What becomes of a kind. Lists go with what they list.
    fn api(self, row: &Api) -> Option<Change> {
        if row.class == Class::List {
            return None;
        }
        let what = match (row.serving(self.from), row.serving(self.to)) {
            (Serving::Served | Serving::OffByDefault, Serving::Removed { .. }) => What::Removed,
            (Serving::Served, Serving::OffByDefault) => What::SwitchedOff,
            (Serving::OffByDefault, Serving::Served) => What::SwitchedOn,
            (Serving::NotYet { .. }, Serving::Served) => What::New,
            (Serving::NotYet { .. }, Serving::OffByDefault) => What::NewOffByDefault,
            (_, Serving::Served | Serving::OffByDefault)
                if row.marked_deprecated(self.to) && !row.marked_deprecated(self.from) =>
            {
                What::Deprecated
            }
            _ => return None,
        };
        Some(Change {
            what,
            name: format!("{} {}", row.api_version(), row.kind),
            detail: detail(what, row, self.from),
        })
    }

    /// The fields that the kinds of both minors lose.
    fn fields(self, knowledge: &Knowledge, row: &Api) -> Vec<Change> {
        if row.class == Class::List {
            return Vec::new();
        }
        let kind = (&*row.group, &*row.version, &*row.kind);
        let removed = knowledge.fields_removed(kind, self.from, self.to);
        let gone = removed.into_iter().map(|field| Change {
            what: What::Removed,
            name: format!("{} {} {}", row.api_version(), row.kind, field.path),
            detail: field.note.unwrap_or_default(),
        });
        gone.collect()
    }

    fn gate(self, row: &Gate) -> Option<Change> {
        let at = |minor: Minor| {
            row.stages
                .iter()
                .find(|stage| stage.from <= minor && minor <= stage.to)
        };
        let name = row.gate.clone();
        let words = |stage: &GateStage| {
            format!(
                "{}, {} by default",
                stage.stage.name(),
                if stage.default { "on" } else { "off" }
            )
        };
        let (what, detail) = match (at(self.from), at(self.to)) {
            (Some(before), None) => (What::Removed, format!("was {}", words(before))),
            (None, Some(after)) => (
                if after.default {
                    What::New
                } else {
                    What::NewOffByDefault
                },
                after.stage.name().to_owned(),
            ),
            (Some(before), Some(after)) if before.default != after.default => (
                if after.default {
                    What::SwitchedOn
                } else {
                    What::SwitchedOff
                },
                words(after),
            ),
            (Some(before), Some(after)) if !before.locked && after.locked => {
                (What::Locked, words(after))
            }
            (Some(before), Some(after)) if before.stage != after.stage => {
                (What::Promoted, words(after))
            }
            _ => return None,
        };
        Some(Change { what, name, detail })
    }

    fn within(self, spans: &[Span]) -> (bool, bool) {
        let at = |minor| spans.iter().any(|span| span.contains(minor));
        (at(self.from), at(self.to))
    }

    fn known(self, name: String, spans: &[Span]) -> Option<Change> {
        match self.within(spans) {
            (true, false) => Some(change(What::Removed, name)),
            (false, true) => Some(change(What::New, name)),
            _ => None,
        }
    }

    fn switched(self, name: &str, on: &[Span]) -> Option<Change> {
        match self.within(on) {
            (true, false) => Some(change(What::SwitchedOff, name.to_owned())),
            (false, true) => Some(change(What::SwitchedOn, name.to_owned())),
            _ => None,
        }
    }

    fn deprecated(self, name: String, since: Option<Minor>) -> Option<Change> {
        let since = since.filter(|since| self.from < *since && *since <= self.to);
        since.map(|_| change(What::Deprecated, name))
    }
}

/// What to do about a kind that goes.
fn detail(what: What, row: &Api, from: Minor) -> String {
    if !matches!(what, What::Removed | What::SwitchedOff | What::Deprecated) {
        return String::new();
    }
    let instead = row.replacement.as_ref().map(|version| {
        let kind = row.replacement_kind.as_ref().unwrap_or(&row.kind);
        format!("use {version} {kind}")
    });
    let only =
        (row.serving(from) == Serving::OffByDefault).then(|| "was off by default".to_owned());
    instead
        .into_iter()
        .chain(only)
        .collect::<Vec<_>>()
        .join("; ")
}

impl Answer {
    fn table(&self) -> String {
        let parts = [
            ("APIs", &self.apis),
            ("Fields", &self.fields),
            ("Feature gates", &self.gates),
            ("Flags", &self.flags),
            ("Admission plugins", &self.plugins),
        ];
        let mut text = format!("Kubernetes {} → {}\n", self.from, self.to);
        for (title, changes) in parts.into_iter().filter(|(_, changes)| !changes.is_empty()) {
            let rows: Vec<_> = changes
                .iter()
                .map(|row| {
                    [
                        format!("  {}", row.what.words()),
                        row.name.clone(),
                        row.detail.clone(),
                    ]
                })
                .collect();
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{title} ({})\n{}", changes.len(), columns(&rows));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apis(from: u16, to: u16) -> Vec<Change> {
        let step = Step {
            from: Minor::v1(from),
            to: Minor::v1(to),
        };
        sorted(Knowledge::embedded().apis().filter_map(|row| step.api(row)))
    }

    #[test]
    fn tells_what_goes_what_comes_and_what_is_marked() {
        let found = apis(24, 25);
        let of = |name: &str| found.iter().find(|change| change.name == name);
        let budget = of("policy/v1beta1 PodDisruptionBudget").unwrap();
        assert_eq!(
            (budget.what, &*budget.detail),
            (What::Removed, "use policy/v1 PodDisruptionBudget")
        );
        assert!(of("policy/v1 PodDisruptionBudget").is_none());
        assert!(of("policy/v1beta1 PodDisruptionBudgetList").is_none());
        let found = apis(32, 33);
        let endpoints = found
            .iter()
            .find(|change| change.name == "v1 Endpoints")
            .unwrap();
        assert_eq!(endpoints.what, What::Deprecated);
        let found = apis(33, 34);
        let class = found
            .iter()
            .find(|change| change.name == "resource.k8s.io/v1 DeviceClass")
            .unwrap();
        assert_eq!(class.what, What::New);
    }

    #[test]
    fn what_matters_most_stands_first() {
        let found = apis(19, 37);
        assert_eq!(found[0].what, What::Removed);
        assert!(found.is_sorted());
    }
}
