//! Which nodes have not moved while others have.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{KubeVersion, facts::Node};

use crate::nodes::kubelet;

/// The newest kubelet; of builds that do not order, the one whose text comes last.
pub(super) fn newest(nodes: &[Node]) -> Option<KubeVersion> {
    let order = |a: &KubeVersion, b: &KubeVersion| {
        let by_text = || a.suffix.cmp(&b.suffix);
        a.partial_cmp(b).unwrap_or_else(by_text)
    };
    nodes.iter().filter_map(kubelet::version).max_by(order)
}

/// Nodes with a version that was there before, where others have moved to a newer one.
pub(super) fn names<'a>(nodes: &'a [Node], before: &[Node]) -> BTreeSet<&'a str> {
    let earlier: BTreeMap<_, _> = before
        .iter()
        .map(|node| (&node.name, &node.kubelet_version))
        .collect();
    let versions: BTreeSet<_> = earlier.values().collect();
    let is_old = |node: &Node| versions.contains(&&node.kubelet_version);
    let moved = |node: &Node| match earlier.get(&node.name) {
        Some(version) => **version != node.kubelet_version,
        None => !is_old(node),
    };
    let newest = newest(nodes).filter(|_| nodes.iter().any(moved));
    let older = |node: &&Node| {
        newest
            .as_ref()
            .zip(kubelet::version(node))
            .is_some_and(|(newest, own)| own < *newest)
    };
    nodes
        .iter()
        .filter(older)
        .filter(|node| is_old(node))
        .map(|node| node.name.as_str())
        .collect()
}
