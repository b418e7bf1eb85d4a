//! Nodes that are alike, by the labels and taints that an upgrade leaves alone.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::facts::Node;

use super::post_node_labels_taints::marks;

/// What nodes of one pool have in common.
type Marks = BTreeSet<String>;

/// Nodes that are gone from pools that have fewer than before, unless as many came in pools that are new. A node that was replaced has
/// another name and the same marks; one that an autoscaler added elsewhere takes nobody's place.
pub(super) fn missing<'a>(earlier: &BTreeMap<&'a str, &Node>, now: &[Node]) -> Vec<&'a str> {
    let names: BTreeSet<_> = now.iter().map(|node| node.name.as_str()).collect();
    let then = sizes(earlier.values().copied());
    let sizes = sizes(now.iter());
    let added = now.iter().filter(|node| {
        !earlier.contains_key(node.name.as_str()) && !then.contains_key(&marks(node))
    });
    let mut gone: BTreeMap<Marks, Vec<&str>> = BTreeMap::new();
    for (name, node) in earlier.iter().filter(|(name, _)| !names.contains(*name)) {
        gone.entry(marks(node)).or_default().push(name);
    }
    gone.retain(|pool, names| lost(&then, &sizes, pool, names.len()) > 0);
    let all: usize = gone
        .iter()
        .map(|(pool, names)| lost(&then, &sizes, pool, names.len()))
        .sum();
    if all <= added.count() {
        return Vec::new();
    }
    let mut names: Vec<_> = gone.into_values().flatten().collect();
    names.sort_unstable();
    names
}

/// How many nodes each pool has.
fn sizes<'a>(nodes: impl Iterator<Item = &'a Node>) -> BTreeMap<Marks, usize> {
    let mut sizes = BTreeMap::new();
    for node in nodes {
        *sizes.entry(marks(node)).or_default() += 1;
    }
    sizes
}

/// By how many a pool has shrunk, for nodes that are gone.
fn lost(
    then: &BTreeMap<Marks, usize>,
    now: &BTreeMap<Marks, usize>,
    pool: &Marks,
    gone: usize,
) -> usize {
    let size = |sizes: &BTreeMap<Marks, usize>| sizes.get(pool).copied().unwrap_or_default();
    size(then).saturating_sub(size(now)).min(gone)
}
