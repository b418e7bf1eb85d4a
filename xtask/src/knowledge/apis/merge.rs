//! The life of each kind: what all minors' sources say, in one row.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_knowledge::{Api, Class, Plan, Span, api_version};
use airworthy_model::Minor;

use super::{
    register::Gvk,
    snapshot::{Seen, Service, Snapshot},
};

/// All rows, by group, version and kind. The snapshots stand in the order of their minors.
pub(crate) fn rows(snapshots: &[Snapshot]) -> Vec<Api> {
    let lives = lives(snapshots);
    let (Some(first), Some(last)) = (snapshots.first(), snapshots.last()) else {
        return Vec::new();
    };
    let range = Span {
        from: Minor::v1(first.minor),
        to: Minor::v1(last.minor),
    };
    let mut rows: BTreeMap<Gvk, Api> = lives
        .iter()
        .map(|(gvk, life)| (gvk.clone(), life.row(gvk, range)))
        .collect();
    for (gvk, life) in &lives {
        let successor = life.successor(gvk, &rows, range.to);
        let since = successor
            .as_ref()
            .and_then(|to| available(&rows[to], range));
        let gone = life.gone_for_good(gvk, &lives);
        if let Some(row) = rows.get_mut(gvk) {
            replace(row, gvk, life, successor.as_ref(), since);
            row.gone_for_good = gone;
        }
    }
    lists(&mut rows);
    rows.into_values().collect()
}

/// One kind at every minor that has it.
struct Life<'a>(BTreeMap<Minor, &'a Seen>);

fn lives(snapshots: &[Snapshot]) -> BTreeMap<Gvk, Life<'_>> {
    let mut lives: BTreeMap<Gvk, Life<'_>> = BTreeMap::new();
    for snapshot in snapshots {
        for (gvk, seen) in &snapshot.kinds {
            let life = lives
                .entry(gvk.clone())
                .or_insert_with(|| Life(BTreeMap::new()));
            life.0.insert(Minor::v1(snapshot.minor), seen);
        }
    }
    lives
}

impl<'a> Life<'a> {
    /// The newest source that has the kind; what it says counts.
    fn newest(&self) -> &'a Seen {
        // A life begins with its first minor.
        self.0
            .values()
            .next_back()
            .expect("a kind is seen at least once")
    }

    /// The newest minor at which it could be served: its place is known best there.
    fn last_served(&self) -> Option<(Minor, &'a Seen)> {
        let mut served = self
            .0
            .iter()
            .rev()
            .filter(|(_, seen)| seen.service != Service::None);
        served.next().map(|(minor, seen)| (*minor, *seen))
    }

    fn row(&self, gvk: &Gvk, range: Span) -> Api {
        let newest = self.newest();
        let best = self.last_served().map_or(newest, |(_, seen)| seen);
        let first = self.0.keys().next().copied();
        let last = self.0.keys().next_back().copied();
        let collection = best.place.collection.as_ref();
        let served = spans(self.at(Service::Served));
        let off = spans(self.at(Service::OffByDefault));
        Api {
            group: gvk.group.clone(),
            version: gvk.version.clone(),
            kind: gvk.kind.clone(),
            resource: collection
                .map(|found| found.plural.clone())
                .unwrap_or_default(),
            class: best.class,
            namespaced: match collection {
                Some(found) => found.namespaced,
                None => best.place.below.iter().any(|below| below.namespaced),
            },
            subresources: self.subresources(gvk),
            introduced: newest
                .life
                .introduced
                .or(first.filter(|first| *first > range.from)),
            deprecated: newest.life.deprecated,
            planned_removal: newest.life.removed,
            removed: self.removed(&served, &off, range),
            last_in_source: last.filter(|last| *last < range.to),
            served,
            off_by_default: off,
            replacement: None,
            replacement_kind: None,
            replacement_since: None,
            create_only: best.class == Class::Review,
            gone_for_good: false,
            history: self.history(),
            source: newest.source.clone(),
        }
    }

    fn at(&self, service: Service) -> impl Iterator<Item = Minor> {
        let there = self
            .0
            .iter()
            .filter(move |(_, seen)| seen.service == service);
        there.map(|(minor, _)| *minor)
    }

    /// The first minor that does not serve it by default any more, or cannot; past the newest minor, the plan.
    fn removed(&self, served: &[Span], off: &[Span], range: Span) -> Option<Minor> {
        let planned = self.newest().life.removed;
        let last = served.last().or(off.last()).map(|span| span.to);
        match last {
            Some(last) if last < range.to => Some(last.next()),
            Some(_) => planned
                .filter(|planned| *planned > range.to && served_by_servers(self.newest().class)),
            None => planned.or_else(|| {
                Some(self.0.keys().next_back()?.next()).filter(|gone| *gone <= range.to)
            }),
        }
    }

    /// Below which resources it is sent or answered, now or earlier.
    fn subresources(&self, gvk: &Gvk) -> Vec<String> {
        let below = self.0.values().flat_map(|seen| &seen.place.below);
        let names: BTreeSet<String> = below.map(|below| below.label(&gvk.group)).collect();
        let own = self.newest().place.collection.is_some();
        // The status of a thing is a thing of its own kind.
        let names = names.into_iter().filter(|_| !own);
        names.collect()
    }

    fn history(&self) -> Vec<Plan> {
        let plans = self.0.iter().map(|(minor, seen)| Plan {
            said_by: *minor,
            deprecated: seen.life.deprecated,
            removed: seen.life.removed,
        });
        let mut plans: Vec<_> = plans.collect();
        plans.dedup_by_key(|plan| (plan.deprecated, plan.removed));
        if plans.len() == 1 { Vec::new() } else { plans }
    }

    /// What is to be used instead: what the source says, else the version of the same kind to which one can
    /// move in time and which is most stable.
    fn successor(&self, gvk: &Gvk, rows: &BTreeMap<Gvk, Api>, newest: Minor) -> Option<Gvk> {
        if let Some(named) = &self.newest().life.replacement {
            return Some(named.clone()).filter(|named| rows.contains_key(named));
        }
        let others = rows
            .iter()
            .filter(|(other, _)| other.group == gvk.group && other.kind == gvk.kind);
        let ends = rows.get(gvk).and_then(|row| row.removed);
        let best =
            others.max_by_key(|(other, row)| (in_time(row, ends, newest), age(&other.version)));
        best.map(|(other, _)| other.clone())
            .filter(|best| best != gvk && age(&best.version) > age(&gvk.version))
    }

    /// Whether objects stored at this version can be read by nothing from the minor on that follows the last which served it.
    fn gone_for_good(&self, gvk: &Gvk, lives: &BTreeMap<Gvk, Life<'_>>) -> bool {
        let Some((last, seen)) = self.last_served() else {
            return false;
        };
        let next = last.next();
        let after = |life: &Life<'_>| {
            life.0
                .get(&next)
                .is_some_and(|seen| seen.service != Service::None)
        };
        let read = lives.values().any(|life| life.0.contains_key(&next));
        let named = self
            .newest()
            .life
            .replacement
            .as_ref()
            .and_then(|to| lives.get(to));
        let mut kin = lives
            .iter()
            .filter(|(other, _)| other.group == gvk.group && other.kind == gvk.kind);
        let readable = self.0.contains_key(&next)
            && (kin.any(|(_, life)| after(life)) || named.is_some_and(after));
        read && seen.stored && !readable
    }
}

/// Whether one can move to a version before another ends, and at the latest when it ends; and whether it is there today.
fn in_time(row: &Api, ends: Option<Minor>, newest: Minor) -> (bool, bool, bool) {
    let at = |minor: Minor| {
        let mut spans = row.served.iter().chain(&row.off_by_default);
        spans.any(|span| span.contains(minor))
    };
    let end = ends.filter(|end| *end <= newest);
    let before = end.map_or(newest, |end| Minor::v1(end.minor - 1));
    (at(end.unwrap_or(newest)), at(before), at(newest))
}

fn served_by_servers(class: Class) -> bool {
    !matches!(class, Class::Wire | Class::Config)
}

/// Orders versions as Kubernetes does: v1beta1 before v1, v1 before v2, v2alpha1 before v1.
fn age(version: &str) -> (u8, u32, u32) {
    let rest = version.trim_start_matches('v');
    let digits = |text: &str| {
        text.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
            .parse()
            .unwrap_or(0)
    };
    let major = digits(rest);
    let after = |stage: &str| rest.split_once(stage).map(|(_, minor)| digits(minor));
    match (after("alpha"), after("beta")) {
        _ if major == 0 => (0, 0, 0),
        (Some(minor), _) => (0, major, minor),
        (_, Some(minor)) => (1, major, minor),
        _ => (2, major, 0),
    }
}

/// Minors in a row, as spans.
fn spans(minors: impl Iterator<Item = Minor>) -> Vec<Span> {
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

/// The first minor that serves a row by default; for what was there before the first minor that was read, what its source says.
fn available(row: &Api, range: Span) -> Option<Minor> {
    let first = row.served.first().or(row.off_by_default.first())?.from;
    if first > range.from {
        Some(first)
    } else {
        row.introduced
    }
}

fn replace(
    row: &mut Api,
    gvk: &Gvk,
    life: &Life<'_>,
    successor: Option<&Gvk>,
    since: Option<Minor>,
) {
    let named = life.newest().life.replacement.as_ref();
    let Some(to) = named.or(successor) else {
        return;
    };
    row.replacement = Some(api_version(&to.group, &to.version));
    row.replacement_kind = Some(to.kind.clone()).filter(|kind| *kind != gvk.kind);
    row.replacement_since = since;
}

/// A list is served as its items are.
fn lists(rows: &mut BTreeMap<Gvk, Api>) {
    let lists: Vec<Gvk> = rows
        .iter()
        .filter(|(_, row)| row.class == Class::List)
        .map(|(gvk, _)| gvk.clone())
        .collect();
    for gvk in lists {
        let item = gvk
            .kind
            .strip_suffix("List")
            .and_then(|item| rows.get(&gvk.named(item)).cloned());
        let (Some(item), Some(list)) = (item, rows.get_mut(&gvk)) else {
            continue;
        };
        list.served = item.served;
        list.off_by_default = item.off_by_default;
        list.removed = item.removed;
        list.namespaced = item.namespaced;
        list.replacement = item.replacement;
        list.replacement_kind = item.replacement_kind.map(|kind| kind + "List");
        list.replacement_since = item.replacement_since;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_kubernetes_does() {
        let mut versions = [
            "v2alpha1", "v1", "v1beta2", "v2", "v0", "v1alpha1", "v1beta1",
        ];
        versions.sort_by_key(|version| age(version));
        assert_eq!(
            versions,
            [
                "v0", "v1alpha1", "v2alpha1", "v1beta1", "v1beta2", "v1", "v2"
            ]
        );
    }

    #[test]
    fn minors_in_a_row_are_one_span() {
        let minors = [20, 21, 23].map(Minor::v1);
        let found: Vec<_> = spans(minors.into_iter())
            .iter()
            .map(|span| (span.from.minor, span.to.minor))
            .collect();
        assert_eq!(found, [(20, 21), (23, 23)]);
    }
}
