//! What becomes of the fields of each kind on the way; looked up once a kind.

use std::collections::BTreeMap;

use airworthy_knowledge::{Effect, Knowledge};
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
    /// By group and version, and kind.
    kinds: BTreeMap<(String, String), Turns>,
}

impl<'k> Changes<'k> {
    pub(super) fn new(knowledge: &'k Knowledge, path: &UpgradePath) -> Self {
        Self {
            knowledge,
            from: path.from.minor,
            to: path.target.minor,
            kinds: BTreeMap::new(),
        }
    }

    /// What becomes of a field of an object, where anything does.
    pub(super) fn of(&mut self, object: &DesiredObject, field: &str) -> Option<Turn> {
        let key = (object.api_version.clone(), object.kind.clone());
        let (knowledge, from, to) = (self.knowledge, self.from, self.to);
        let turns = self
            .kinds
            .entry(key)
            .or_insert_with_key(|(api_version, kind)| {
                turns(knowledge, api_version, kind, from, to)
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

/// A path without the marks of lists and maps, as facts have it.
fn unmarked(path: &str) -> String {
    path.replace("[]", "").replace("{}", "")
}
