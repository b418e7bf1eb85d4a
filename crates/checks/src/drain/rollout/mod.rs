//! A rollout, played through: nodes are drained batch after batch, what is evicted looks for another node, and a drained node
//! comes back empty, or another takes its place, before the next batch.
//!
//! Pods that find a node do so by a placement that keeps every rule of the scheduler that can refuse one: requests, taints, selectors,
//! required affinity and anti-affinity, spread, ports, volumes. The simulation puts pods where they fit first, the largest first; a
//! scheduler may choose worse and, rarely, better. So what fits here fits; what does not is crowded, unless it is proven that no
//! node could have taken the pod whatever else is moved.

#![expect(
    clippy::cast_possible_truncation,
    reason = "pods, nodes and rules are numbered with 32 bits: no memory holds a list of more"
)]

mod budgets;
mod finder;
mod fleet;
mod kinds;
mod neighbours;
mod order;
mod play;
mod sites;
#[cfg(test)]
mod tests;
mod why;

use airworthy_model::{
    Pace,
    facts::{CsiNode, Namespace, Node, Pdb, PersistentVolume, PersistentVolumeClaim, Pod},
};

pub(super) use why::Why;

/// What a simulation looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct World<'a> {
    /// In an order that says nothing, such as by name.
    pub(super) nodes: &'a [&'a Node],
    pub(super) pods: &'a [&'a Pod],
    pub(super) pdbs: &'a [Pdb],
    pub(super) namespaces: &'a [Namespace],
    pub(super) volumes: &'a [PersistentVolume],
    pub(super) claims: &'a [PersistentVolumeClaim],
    pub(super) csi_nodes: &'a [CsiNode],
    pub(super) pace: &'a Pace,
}

/// What happens, as it happens. Pods are numbered as in the facts; sites are the nodes in the order of the facts, then those
/// that take their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A site is drained: nothing is put there.
    Cordoned(usize),
    /// A pod leaves a site.
    Evicted { pod: usize, site: usize },
    /// A pod finds a site.
    Placed { pod: usize, site: usize },
    /// A pod finds none.
    Stranded { pod: usize },
    /// A drained site is upgraded and back.
    Back(usize),
    /// A site that takes the place of another is there.
    Added(usize),
    /// A drained site is gone for good.
    Removed(usize),
}

/// How certain it is that a pod finds no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// Others are in the way.
    Crowded,
    /// Nodes that would admit it are too small, even with nobody there but those who stay with their node.
    TooSmall,
    /// No other node admits it.
    Nowhere,
}

/// A pod that finds no node when its own is drained.
#[derive(Debug)]
pub(super) struct Stranded<'a> {
    pub(super) pod: &'a Pod,
    /// The node that was drained.
    pub(super) from: &'a Node,
    pub(super) certainty: Certainty,
    /// No other node, were it empty and without taints, is one that the pod and its volumes name.
    pub(super) pinned: bool,
    /// Whether it finds one when the batch is back.
    pub(super) returns: bool,
    /// What stands in the way, node by node; absent after the first hundreds.
    pub(super) why: Option<Why>,
}

/// A drain that does not end, because a budget waits for pods that find no node.
#[derive(Debug)]
pub(super) struct Stall<'a> {
    pub(super) node: &'a Node,
    pub(super) pdb: &'a Pdb,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Report<'a> {
    pub(super) stranded: Vec<Stranded<'a>>,
    pub(super) stalls: Vec<Stall<'a>>,
}

/// Whether a pod is evicted when its node is drained, and its controller makes another in its place.
pub(super) fn moves(pod: &Pod) -> bool {
    matches!(play::fate(pod), play::Fate::Moves)
}

/// Whether a pod leaves when its node is drained, be it made again elsewhere or not.
pub(crate) fn is_evicted(pod: &Pod) -> bool {
    matches!(play::fate(pod), play::Fate::Moves | play::Fate::Ends)
}

/// How many nodes take pods.
pub(super) fn usable(world: &World<'_>) -> usize {
    world
        .nodes
        .iter()
        .filter(|node| sites::is_usable(node))
        .count()
}

/// Why no node but its own is one for a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// Its volumes.
    Volume,
    /// Its selector or node affinity.
    Selector,
}

/// A pod for which no node of today but its own is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pinned<'a> {
    pub(super) pod: &'a Pod,
    pub(super) node: &'a Node,
    pub(super) tie: Tie,
    /// Whether the node that takes the place of its own will do, as long as it bears the same labels.
    pub(super) follows: bool,
}

/// The pods that would move and cannot: of all other nodes that take pods, their selectors and volumes name none. Taints and room are
/// not looked at. Nothing where there is no other node, nor will be.
pub(super) fn pinned<'a>(world: &World<'a>) -> Vec<Pinned<'a>> {
    let kinds = kinds::Kinds::of(world);
    let replaced = world.pace.surge_of(world.nodes.len()) > 0;
    let sites = sites::Sites::new(world.nodes, replaced);
    let named: Vec<_> = kinds
        .demands
        .list
        .iter()
        .map(|demand| sites.named_by_demand(demand))
        .collect();
    let numbered = world.pods.iter().enumerate().filter(|(_, pod)| moves(pod));
    let tied = numbered.filter_map(|(number, pod)| {
        let own = sites.named(&pod.node)?;
        let number = kinds.list[kinds.of[number] as usize].demand;
        let demand = &kinds.demands.list[number];
        Some(Pinned {
            pod,
            node: sites.list[own].node,
            tie: sites.tie(demand, &named[number], own)?,
            follows: sites.follows(demand, own),
        })
    });
    tied.collect()
}

/// Plays a rollout through.
pub(super) fn simulate<'a>(world: &World<'a>, tell: &mut dyn FnMut(Event)) -> Report<'a> {
    play::Play::new(world, tell).run()
}
