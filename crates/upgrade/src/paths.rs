//! Which versions a cluster may go to from the one it runs.
//!
//! Upstream that is the next minor, and a newer patch of the same minor. A distribution that goes other ways says so in a table:
//! a row for each minor that leads elsewhere, and the newest patch of a minor where it is not Kubernetes' own.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{Hop, KubeVersion, Minor, UpgradePath};

/// A row of the table: where one minor leads. It takes the place of the rule for that minor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The minor that runs.
    pub from: Minor,
    /// Where it leads: an exact version stands for itself, a minor for any patch of it.
    pub to: Vec<KubeVersion>,
}

/// What an operator configures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Where minors lead, at most one row each.
    pub rows: Vec<Row>,
    /// The newest patch of minors where it is not the one of Kubernetes' own release.
    pub patches: Vec<KubeVersion>,
}

/// The policy: rule, table and newest patches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    rows: BTreeMap<Minor, Vec<KubeVersion>>,
    newest: BTreeMap<Minor, KubeVersion>,
    /// Minors whose newest patch the table names.
    patched: BTreeSet<Minor>,
    jumps: Vec<Hop>,
}

impl Paths {
    /// The policy of a table, on top of the newest patch that is known of each minor. `jumps` over several minors are allowed
    /// beside the rule.
    pub fn new(
        known: impl IntoIterator<Item = (Minor, u16)>,
        table: &Table,
        jumps: &[Hop],
    ) -> Self {
        let release = |(minor, patch)| {
            let suffix = String::new();
            let patch = Some(patch);
            (
                minor,
                KubeVersion {
                    minor,
                    patch,
                    suffix,
                },
            )
        };
        let mut newest: BTreeMap<_, _> = known.into_iter().map(release).collect();
        let patches = || table.patches.iter().map(|version| version.minor);
        newest.extend(patches().zip(table.patches.iter().cloned()));
        Self {
            rows: table
                .rows
                .iter()
                .map(|row| (row.from, row.to.clone()))
                .collect(),
            newest,
            patched: patches().collect(),
            jumps: jumps.to_vec(),
        }
    }

    /// The minors of which anything is known, oldest first.
    pub fn minors(&self) -> impl Iterator<Item = Minor> {
        self.newest.keys().copied()
    }

    /// The newest patch of a minor.
    pub fn newest(&self, minor: Minor) -> Option<&KubeVersion> {
        self.newest.get(&minor)
    }

    /// Whether the table says where a minor leads.
    pub fn lists(&self, from: Minor) -> bool {
        self.rows.contains_key(&from)
    }

    /// The versions that a minor leads to, without newer patches of its own: exact, lowest first.
    pub fn ways(&self, from: Minor) -> Vec<KubeVersion> {
        if let Some(to) = self.rows.get(&from) {
            return ordered(to.iter().filter_map(|to| self.exact(to)).collect());
        }
        let jumps = self.jumps.iter().filter(|jump| jump.from == from);
        let to = std::iter::once(from.next()).chain(jumps.map(|jump| jump.to));
        let ways = to.filter_map(|minor| self.newest(minor).cloned()).collect();
        ordered(ways)
    }

    /// The versions that a cluster may go to: exact, lowest first, all above `from`.
    pub fn targets(&self, from: &KubeVersion) -> Vec<KubeVersion> {
        let mut targets = self.ways(from.minor);
        if self.patches_lead_on(from.minor) {
            targets.extend(self.newest(from.minor).cloned());
        }
        targets.retain(|target| is_above(target, from));
        ordered(targets)
    }

    /// Whether a cluster may go to an exact version. Any patch of a minor that is reached counts, for newer ones come out
    /// after the tables were compiled; where the table names an exact version, only that one does.
    pub fn allows(&self, from: &KubeVersion, target: &KubeVersion) -> bool {
        is_above(target, from) && (self.leads(from.minor, target) || self.patches(from, target))
    }

    /// The exact version that a target stands for: a minor alone means the patch that the row of `from` names, else the newest
    /// one. Nothing when no patch of the minor is known.
    pub fn resolve(&self, from: Option<&KubeVersion>, target: &KubeVersion) -> Option<KubeVersion> {
        if target.patch.is_some() {
            return Some(target.clone());
        }
        let named = from.map(|from| self.ways(from.minor)).unwrap_or_default();
        let named = named.into_iter().rfind(|way| way.minor == target.minor);
        named.or_else(|| self.newest(target.minor).cloned())
    }

    fn exact(&self, to: &KubeVersion) -> Option<KubeVersion> {
        match to.patch {
            Some(_) => Some(to.clone()),
            None => self.newest(to.minor).cloned(),
        }
    }

    fn leads(&self, from: Minor, target: &KubeVersion) -> bool {
        if let Some(to) = self.rows.get(&from) {
            return to.iter().any(|to| to.fits(target));
        }
        let to = target.minor;
        to == from.next() || self.jumps.contains(&Hop { from, to })
    }

    fn patches(&self, from: &KubeVersion, target: &KubeVersion) -> bool {
        target.minor == from.minor && self.patches_lead_on(from.minor)
    }

    /// Whether newer patches of a minor are reached. A distribution whose minors go ways of their own has patches of its own
    /// too: Kubernetes' are not taken for them.
    fn patches_lead_on(&self, minor: Minor) -> bool {
        !self.lists(minor) || self.patched.contains(&minor)
    }
}

fn is_above(target: &KubeVersion, from: &KubeVersion) -> bool {
    UpgradePath::new(from.clone(), target.clone()).is_ok()
}

/// By number, field by field. Versions that differ only in a suffix without order are one.
fn ordered(mut versions: Vec<KubeVersion>) -> Vec<KubeVersion> {
    versions.sort_by_key(KubeVersion::order);
    versions.dedup_by_key(|version| version.order());
    versions
}

#[cfg(test)]
mod tests;
