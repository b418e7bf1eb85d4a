//! The checks that can run, by name.

use std::sync::Arc;

use airworthy_checks::CATALOGUE;
use airworthy_model::{CheckInfo, Phase};

use crate::{SelectionError, users::UserCheck};

/// The checks that can run: ours, then those that users wrote.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    users: Arc<[UserCheck]>,
}

impl Catalogue {
    /// Ours, and these of users.
    pub fn with(users: Vec<UserCheck>) -> Self {
        Self {
            users: users.into(),
        }
    }

    /// The checks that users wrote.
    pub fn users(&self) -> &[UserCheck] {
        &self.users
    }

    /// The data of every check of a phase, in the order in which reports show them.
    pub fn infos(&self, phase: Option<Phase>) -> Vec<&CheckInfo> {
        let ours = CATALOGUE.iter().map(|check| &check.info);
        let users = self.users.iter().map(|check| &check.info);
        ours.chain(users)
            .filter(|info| phase.is_none_or(|phase| info.phase == phase))
            .collect()
    }

    /// The data of the check of a name; the error names one of nearly that name.
    pub fn known(&self, name: &str) -> Result<&CheckInfo, SelectionError> {
        let found = self.infos(None).into_iter().find(|info| info.name == name);
        found.ok_or_else(|| SelectionError::UnknownCheck {
            name: name.chars().take(80).collect(),
            suggestion: self.nearest(name),
        })
    }

    /// The name that takes the fewest changes, where those are few; else one that holds the text, or is held by it.
    fn nearest(&self, name: &str) -> Option<String> {
        let low = name.to_lowercase();
        if !(4..=80).contains(&low.len()) {
            return None;
        }
        let names = || self.infos(None).into_iter().map(|info| info.name);
        let (changes, near) = names()
            .map(|name| (changes(&low, &name.to_lowercase()), name))
            .min()?;
        let alike = |candidate: &&str| {
            let candidate = candidate.to_lowercase();
            candidate.contains(&low) || low.contains(&candidate)
        };
        let found = if changes <= 1 + low.len() / 4 {
            Some(near)
        } else {
            names().find(alike)
        };
        found.map(str::to_owned)
    }
}

/// How many characters must be put in, left out or replaced to make one text the other (Levenshtein).
fn changes(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, from) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (place, to) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}
