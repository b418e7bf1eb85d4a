use std::collections::BTreeMap;

use airworthy_model::{CheckInfo, Finding, Group, Kind, Need, Phase, Severity, facts::Node};

use super::{node, pool};
use crate::{Check, Context, Outcome, never, text::short};

/// Pools that are mixed.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodePoolConsistency",
        summary: "a node differs from most of its pool in kubelet, runtime or system",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Nodes],
        page: include_str!("node_pool_consistency.md"),
    },
    blocks: never,
    run,
};

/// A name, and where a node says it.
type Trait = (&'static str, fn(&Node) -> &str);

/// What nodes of a pool have in common.
const TRAITS: [Trait; 3] = [
    ("kubelet", |node| &node.kubelet_version),
    ("runtime", |node| &node.runtime_version),
    ("system", |node| &node.os_image),
];

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes = ctx.nodes()?.iter().filter(|node| !node.is_virtual());
    let pools = pool::grouped(nodes);
    let named = pools.iter().filter(|(pool, _)| pool.name.is_some());
    Ok(named
        .flat_map(|(pool, nodes)| odd_ones(ctx, pool, nodes))
        .collect())
}

fn odd_ones(ctx: &Context<'_>, pool: &pool::Pool<'_>, nodes: &[&Node]) -> Vec<Finding> {
    let odd = TRAITS
        .iter()
        .filter_map(|(what, of)| Some((*what, *of, majority(nodes, *of)?)));
    odd.flat_map(|(what, of, usual)| {
        let odd = nodes.iter().filter(move |node| of(node) != usual);
        odd.map(move |node| describe(ctx, node, pool, what, of(node), usual))
    })
    .collect()
}

/// What more than half of the nodes have.
fn majority<'a>(nodes: &[&'a Node], of: fn(&Node) -> &str) -> Option<&'a str> {
    let mut counts: BTreeMap<&'a str, usize> = BTreeMap::new();
    for node in nodes {
        *counts.entry(of(node)).or_default() += 1;
    }
    let (value, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count * 2 > nodes.len()).then_some(value)
}

fn describe(
    ctx: &Context<'_>,
    node: &Node,
    pool: &pool::Pool<'_>,
    what: &str,
    runs: &str,
    usual: &str,
) -> Finding {
    let (runs, usual) = (short(runs, 40), short(usual, 40));
    let message = format!("runs {what} {runs}; most of {} run {usual}", pool.label());
    node::finding(
        ctx.now(),
        node,
        Severity::Risk,
        message,
        format!("{what} {runs}"),
    )
    .telling_apart(what)
    .setting(what, runs, Some(&usual))
    .fix_with(
        "Finish what was begun with the pool: roll the odd nodes, or the others",
        "kubectl get nodes -o wide",
    )
}
