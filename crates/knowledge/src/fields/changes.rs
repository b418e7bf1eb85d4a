//! What changes for the fields of a kind between two minors.

use airworthy_model::Minor;

use super::{
    graph::{Fields, Node},
    rows::{Deprecation, FieldRow},
};
use crate::{Knowledge, component::Component, gates::GateState};

/// Types are entered so often on one path: JSON schemas hold one another, and so does nothing else.
const OFTEN: usize = 1;

/// A field that one minor knows and a later one does not: the later one drops it without a word, or refuses the object where
/// asked to be strict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedField {
    /// Names in JSON from the object down, with `[]` after lists and `{}` after maps: `spec.resourceClaims[].source`.
    pub path: String,
    /// The first minor that does not know it.
    pub removed_in: Minor,
    /// What the sources said of it before.
    pub note: Option<String>,
}

/// A field that one minor drops without a word and a later one reads, and judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedField {
    /// As in [`RemovedField::path`].
    pub path: String,
    /// The first minor that reads it.
    pub added_in: Minor,
    /// Why the later minor reads it.
    pub effect: Effect,
    /// What the sources of the later minor say that it demands: rules of declarative validation, members that must be there,
    /// values that it does not take. Empty where the sources say nothing in a form that can be relied on; it may be judged
    /// all the same.
    pub demands: Vec<String>,
}

/// Why a minor reads a field that an earlier one dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The earlier minor did not know it.
    New,
    /// The earlier minor did not know it, and the later one reads it only where these gates, off by default, are on.
    NewBehind(Vec<String>),
    /// The earlier minor knew it, and dropped it where a gate was not on; the later one has the gate on by default, or has no
    /// such gate any more.
    TurnedOn(String),
}

/// A field whose documentation calls it deprecated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeprecatedField<'a> {
    /// As in [`RemovedField::path`].
    pub path: String,
    /// Since when, and in which words.
    pub deprecation: &'a Deprecation,
}

type Kind<'a> = (&'a str, &'a str, &'a str);

impl Knowledge {
    /// The fields of a kind that `from` knows and `to` does not. Nothing where one of the two does not have the kind at all:
    /// then the kind is the finding.
    pub fn fields_removed(&self, kind: Kind<'_>, from: Minor, to: Minor) -> Vec<RemovedField> {
        let fields = self.fields.get();
        fields
            .differences(kind, from, to)
            .into_iter()
            .map(|lost| RemovedField {
                removed_in: self.turn(kind, &lost.path, from, to, false),
                note: lost
                    .field
                    .deprecated
                    .as_ref()
                    .map(|said| said.words.clone()),
                path: lost.path,
            })
            .collect()
    }

    /// The fields of a kind that `from` drops without a word and `to` reads: those that it did not know, and those that wait
    /// for a feature gate which was off and is on. A manifest that has one was taken by `from`, and may be refused by `to`.
    pub fn fields_added(&self, kind: Kind<'_>, from: Minor, to: Minor) -> Vec<AddedField> {
        let fields = self.fields.get();
        let new = fields.differences(kind, to, from);
        let mut found: Vec<_> = new
            .iter()
            .map(|new| AddedField {
                path: new.path.clone(),
                added_in: self.turn(kind, &new.path, from, to, true),
                effect: self.newly(new.field, to),
                demands: fields.demands(new, to),
            })
            .collect();
        found.extend(self.turned_on(kind, from, to));
        found
    }

    fn newly(&self, field: &FieldRow, to: Minor) -> Effect {
        let off: Vec<_> = field
            .gates(to)
            .filter(|gate| self.off_by_default(gate, to))
            .map(str::to_owned)
            .collect();
        if off.is_empty() {
            Effect::New
        } else {
            Effect::NewBehind(off)
        }
    }

    fn turned_on(&self, kind: Kind<'_>, from: Minor, to: Minor) -> Vec<AddedField> {
        let fields = self.fields.get();
        let mut found = Vec::new();
        fields.visit(kind, from, &mut |seen| {
            let gate = seen
                .field
                .gates(from)
                .find(|gate| self.off_by_default(gate, from));
            let Some(gate) = gate else { return };
            let segments = segments(&seen.path);
            let on = (from.minor..=to.minor)
                .map(Minor::v1)
                .find(|minor| !self.off_by_default(gate, *minor));
            if let (Some(added_in), true) = (on, fields.knows(kind, &segments, to)) {
                found.push(AddedField {
                    path: seen.path.clone(),
                    added_in,
                    effect: Effect::TurnedOn(gate.to_owned()),
                    demands: fields.demands(seen, to),
                });
            }
        });
        found
    }

    /// Whether an API server of the minor knows the gate and has it off where nobody says otherwise.
    fn off_by_default(&self, gate: &str, minor: Minor) -> bool {
        match self.gate(Component::KubeApiserver, gate, minor) {
            GateState::Known(stage) => !stage.default,
            GateState::NotYet { .. } => true,
            _ => false,
        }
    }

    /// The fields of a kind that a minor's documentation calls deprecated.
    pub fn fields_deprecated(&self, kind: Kind<'_>, minor: Minor) -> Vec<DeprecatedField<'_>> {
        let fields = self.fields.get();
        let mut found = Vec::new();
        fields.visit(kind, minor, &mut |seen| {
            let said = seen.field.deprecated.as_ref();
            if let Some(deprecation) = said.filter(|said| said.since <= minor) {
                found.push(DeprecatedField {
                    path: seen.path.clone(),
                    deprecation,
                });
            }
        });
        found
    }

    /// The first minor after `from` in which the path is known (`there`) or is not.
    fn turn(&self, kind: Kind<'_>, path: &str, from: Minor, to: Minor, there: bool) -> Minor {
        let fields = self.fields.get();
        let segments = segments(path);
        (from.minor..=to.minor)
            .map(Minor::v1)
            .find(|minor| {
                fields.kind(kind, *minor).is_some()
                    && fields.knows(kind, &segments, *minor) == there
            })
            .unwrap_or(to)
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.split('.')
        .map(|segment| segment.trim_end_matches(['[', ']', '{', '}']))
        .collect()
}

/// A field that was come upon.
pub(super) struct Seen<'a> {
    pub(super) path: String,
    /// The row that has the field.
    at: usize,
    pub(super) field: &'a FieldRow,
}

impl Fields {
    /// The fields that the kind has in one minor and not in the other; what is below one that lacks is not told.
    fn differences<'a>(&'a self, kind: Kind<'_>, has: Minor, lacks: Minor) -> Vec<Seen<'a>> {
        let mut walk = Differences {
            fields: self,
            has,
            lacks,
            path: Vec::new(),
            entered: Vec::new(),
            found: Vec::new(),
        };
        if let (Some(Node::Struct(one)), Some(Node::Struct(other))) =
            (self.kind(kind, has), self.kind(kind, lacks))
        {
            walk.pair(one, other);
        }
        walk.found
    }

    /// Comes upon every field of a kind in a minor.
    pub(super) fn visit<'a>(
        &'a self,
        kind: Kind<'_>,
        minor: Minor,
        each: &mut dyn FnMut(&Seen<'a>),
    ) {
        if let Some(Node::Struct(at)) = self.kind(kind, minor) {
            self.descend(at, minor, &mut Vec::new(), &mut Vec::new(), each);
        }
    }

    fn descend<'a>(
        &'a self,
        at: usize,
        minor: Minor,
        path: &mut Vec<String>,
        entered: &mut Vec<usize>,
        each: &mut dyn FnMut(&Seen<'a>),
    ) {
        if entered.iter().filter(|before| **before == at).count() >= OFTEN {
            return;
        }
        entered.push(at);
        for (owner, field) in self.members(at, minor) {
            path.push(self.segment(owner, field));
            let seen = Seen {
                path: path.join("."),
                at: owner,
                field,
            };
            each(&seen);
            if let Node::Struct(next) = self.target(owner, field).node {
                self.descend(next, minor, path, entered, each);
            }
            path.pop();
        }
        entered.pop();
    }

    fn segment(&self, owner: usize, field: &FieldRow) -> String {
        let reached = self.target(owner, field);
        let map = if reached.map { "{}" } else { "" };
        let list = if reached.list { "[]" } else { "" };
        format!("{}{map}{list}", field.name)
    }

    /// What the sources of a minor demand of a field, and of the members that an object in it must have.
    fn demands(&self, seen: &Seen<'_>, minor: Minor) -> Vec<String> {
        let mut all: Vec<String> = seen.field.rules(minor).map(str::to_owned).collect();
        match self.target(seen.at, seen.field).node {
            Node::Scalar(Some(at)) => {
                let values = self.row(at).closed_values(minor);
                all.extend(values.map(one_of));
            }
            Node::Struct(at) => {
                for (_, member) in self.members(at, minor) {
                    if member.required(minor) {
                        all.push(format!("{} must be there", member.name));
                    }
                    all.extend(
                        member
                            .rules(minor)
                            .map(|rule| format!("{}: {rule}", member.name)),
                    );
                }
            }
            _ => {}
        }
        all
    }
}

/// The empty text stands for a field that is left out.
fn one_of(mut values: Vec<&str>) -> String {
    values.retain(|value| !value.is_empty());
    format!("one of {}", values.join(", "))
}

struct Differences<'a> {
    fields: &'a Fields,
    has: Minor,
    lacks: Minor,
    path: Vec<String>,
    entered: Vec<(usize, usize)>,
    found: Vec<Seen<'a>>,
}

impl Differences<'_> {
    fn pair(&mut self, one: usize, other: usize) {
        let fields = self.fields;
        if self
            .entered
            .iter()
            .filter(|before| **before == (one, other))
            .count()
            >= OFTEN
        {
            return;
        }
        self.entered.push((one, other));
        for (at, field) in fields.members(one, self.has) {
            self.path.push(fields.segment(at, field));
            match fields.member(other, &field.name, self.lacks) {
                None => self.found.push(Seen {
                    path: self.path.join("."),
                    at,
                    field,
                }),
                Some((also, counterpart)) => {
                    let nodes = (
                        fields.target(at, field).node,
                        fields.target(also, counterpart).node,
                    );
                    if let (Node::Struct(next), Node::Struct(beside)) = nodes {
                        self.pair(next, beside);
                    }
                }
            }
            self.path.pop();
        }
        self.entered.pop();
    }
}
