//! Which nodes are alike by intention.

use std::collections::BTreeMap;

use airworthy_model::facts::Node;

/// Labels by which platforms say to which pool a node belongs, the most telling first.
const POOL_LABELS: [&str; 16] = [
    "cce.cloud.com/cce-nodepool",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
    "kops.k8s.io/instancegroup",
    "worker.gardener.cloud/pool",
    "doks.digitalocean.com/node-pool",
    "lke.linode.com/pool-id",
    "k8s.scaleway.com/pool-name",
    "nks.ncloud.com/node-pool",
    "alibabacloud.com/nodepool-id",
    "node.cluster.x-k8s.io/pool",
    "agentpool",
    "nodepool",
];

/// The label that every node of the control plane has.
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// A set of nodes that are alike by intention.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pool<'a> {
    /// Its name, where a label names it.
    pub(crate) name: Option<&'a str>,
    /// Everything else that makes nodes differ by intention.
    sort: (bool, &'a str, &'a str, &'a str),
}

/// The pool of a node. Where no label names one, nodes of one role, system, architecture and machine type count as one.
pub(crate) fn of(node: &Node) -> Pool<'_> {
    let name = POOL_LABELS.iter().find_map(|label| node.labels.get(label));
    let machine = match name {
        Some(_) => None,
        None => node.labels.get("node.kubernetes.io/instance-type"),
    };
    Pool {
        name,
        sort: (
            node.labels.get(CONTROL_PLANE).is_some(),
            &node.operating_system,
            &node.architecture,
            machine.unwrap_or_default(),
        ),
    }
}

impl Pool<'_> {
    /// Words for it in a message.
    pub(crate) fn label(&self) -> String {
        match (self.name, self.sort.0) {
            (Some(name), _) => format!("pool {}", crate::text::short(name, 50)),
            (None, true) => "the control-plane nodes".to_owned(),
            (None, false) => "the nodes like it".to_owned(),
        }
    }
}

/// Nodes by pool.
pub(crate) fn grouped<'a>(
    nodes: impl IntoIterator<Item = &'a Node>,
) -> BTreeMap<Pool<'a>, Vec<&'a Node>> {
    let mut pools: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for node in nodes {
        pools.entry(of(node)).or_default().push(node);
    }
    pools
}
