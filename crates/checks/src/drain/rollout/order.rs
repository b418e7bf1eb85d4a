//! Which nodes are drained when.

use airworthy_model::{NodeOrder, facts::Node};

/// Labels by which providers and tools name the pool of a node.
const POOLS: [&str; 9] = [
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "kubernetes.azure.com/agentpool",
    "cce.cloud.com/cce-nodepool",
    "karpenter.sh/nodepool",
    "node.kubernetes.io/pool",
    "kops.k8s.io/instancegroup",
    "doks.digitalocean.com/node-pool",
];

/// The pool of a node; empty when no label names one.
fn pool(node: &Node) -> &str {
    let named = POOLS.iter().find_map(|label| node.labels.get(label));
    named.unwrap_or_default()
}

/// Numbers of nodes in the order in which they are drained.
pub(super) fn order(nodes: &[&Node], by: NodeOrder) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    let age = |node: &Node| match by {
        NodeOrder::Age => node.created,
        NodeOrder::Name | NodeOrder::Pool => None,
    };
    let pool = |node: &Node| match by {
        NodeOrder::Pool => pool(node).to_owned(),
        NodeOrder::Name | NodeOrder::Age => String::new(),
    };
    order.sort_by_cached_key(|&number| {
        let node = nodes[number];
        (age(node), pool(node), node.name.clone())
    });
    order
}
