//! What of an object is worth keeping.

use std::collections::HashMap;

use airworthy_knowledge::{Api, Knowledge};

/// The kinds at versions whose end is known. Owns its words, so that any thread can use it.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    kinds: HashMap<String, Vec<String>>,
}

impl Watch {
    /// What these tables know the end of.
    pub fn of(knowledge: &Knowledge) -> Self {
        let mut kinds: HashMap<String, Vec<String>> = HashMap::new();
        for api in knowledge.apis().filter(|api| ends(api)) {
            let versions = kinds.entry(api.kind.clone()).or_default();
            versions.push(api.api_version());
        }
        Self { kinds }
    }

    /// Whether objects of a kind at a group and version are watched.
    pub(super) fn has(&self, api_version: &str, kind: &str) -> bool {
        let versions = self.kinds.get(kind);
        versions.is_some_and(|versions| versions.iter().any(|known| known == api_version))
    }
}

fn ends(api: &Api) -> bool {
    let end = api.deprecated.or(api.removed).or(api.planned_removal);
    end.or(api.last_in_source).is_some()
}
