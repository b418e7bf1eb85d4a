//! What becomes of the fields of each kind on the way; looked up once a kind.

use std::collections::BTreeMap;

use airworthy_knowledge::{Effect, FieldStatus, Knowledge};
use airworthy_model::{Minor, UpgradePath, facts::DesiredObject};

/// What becomes of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A minor does not know it any more.
    Gone(Minor),
    /// A minor reads what the running one drops.
    Read {
        /// The first that does.
        minor: Minor,
        /// The rules that it has for the field, as far as the sources tell.
        demands: Vec<String>,
    },
}

type Turns = BTreeMap<String, Turn>;

/// The fields that come and go on a way.
pub(super) struct Changes<'k> {
    knowledge: &'k Knowledge,
    from: Minor,
    to: Minor,
    /// Whether fields count that came after `from`.
    whenever: bool,
    /// By group and version, and kind.
    kinds: BTreeMap<(String, String), Turns>,
}

impl<'k> Changes<'k> {
    pub(super) fn new(knowledge: &'k Knowledge, path: &UpgradePath) -> Self {
        Self::between(knowledge, path.from.minor, path.target.minor)
    }

    /// Those that are gone at a minor, whenever they went; nothing is told of those that come.
    pub(super) fn gone_at(knowledge: &'k Knowledge, to: Minor) -> Self {
        Self {
            whenever: true,
            ..Self::between(knowledge, knowledge.oldest, to)
        }
    }

    fn between(knowledge: &'k Knowledge, from: Minor, to: Minor) -> Self {
        Self {
            knowledge,
            from,
            to,
            whenever: false,
            kinds: BTreeMap::new(),
        }
    }

    /// What becomes of a field of an object, where anything does.
    pub(super) fn of(&mut self, object: &DesiredObject, field: &str) -> Option<Turn> {
        let key = (object.api_version.clone(), object.kind.clone());
        let (knowledge, from, to, whenever) = (self.knowledge, self.from, self.to, self.whenever);
        let turns = self
            .kinds
            .entry(key)
            .or_insert_with_key(|(api_version, kind)| {
                if whenever {
                    gone(knowledge, api_version, kind, from, to)
                } else {
                    turns(knowledge, api_version, kind, from, to)
                }
            });
        turns.get(field).cloned()
    }
}

fn turns(knowledge: &Knowledge, api_version: &str, kind: &str, from: Minor, to: Minor) -> Turns {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = (group, version, kind);
    let removed = knowledge.fields_removed(kind, from, to).into_iter();
    let removed = removed.map(|field| (unmarked(&field.path), Turn::Gone(field.removed_in)));
    let added = knowledge.fields_added(kind, from, to).into_iter();
    let added = added.filter(|field| !matches!(field.effect, Effect::NewBehind(_)));
    let added = added.map(|field| {
        let turn = Turn::Read {
            minor: field.added_in,
            demands: field.demands,
        };
        (unmarked(&field.path), turn)
    });
    removed.chain(added).collect()
}

/// What any step between two minors took away and none brought back.
fn gone(knowledge: &Knowledge, api_version: &str, kind: &str, from: Minor, to: Minor) -> Turns {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let key = (group, version, kind);
    let steps = std::iter::successors(Some(from), |minor| Some(minor.next()));
    let removed = steps
        .take_while(|minor| *minor < to)
        .flat_map(|minor| knowledge.fields_removed(key, minor, minor.next()));
    let gone_still = |path: &str| {
        let names: Vec<_> = path.split('.').collect();
        !matches!(
            knowledge.field_status(key, &names, to),
            FieldStatus::Known { .. }
        )
    };
    removed
        .map(|field| (unmarked(&field.path), Turn::Gone(field.removed_in)))
        .filter(|(path, _)| gone_still(path))
        .collect()
}

/// A path without the marks of lists and maps, as facts have it.
fn unmarked(path: &str) -> String {
    path.replace("[]", "").replace("{}", "")
}
