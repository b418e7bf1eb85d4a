//! What nodes use of what they have.

use airworthy_model::{
    Finding, Missing, Need, Reason, Severity,
    facts::{Node, NodeUsage},
};

use super::node;
use crate::{Context, Judgement, Outcome, named::by_name, text::counted};

/// From this share of what it has on, in hundredths, a node is busy.
const BUSY: u64 = 90;

/// What is measured of a node, and what there is of it.
pub(super) struct Measure {
    /// The word for it.
    pub(super) what: &'static str,
    /// What is used.
    pub(super) used: fn(&NodeUsage) -> Option<u64>,
    /// What there is.
    pub(super) there: fn(&Node) -> Option<u64>,
}

/// Judges all nodes by one measure.
pub(super) fn judge(ctx: &Context<'_>, measure: &Measure) -> Outcome {
    let nodes: Vec<_> = ctx
        .nodes()?
        .iter()
        .filter(|node| !node.is_virtual())
        .collect();
    let measured = ctx.node_usage()?;
    let of_kubelets;
    let measured = if measured.is_empty() && !nodes.is_empty() {
        of_kubelets = match ctx.kubelets() {
            Err(missing) if missing.reason == Reason::SwitchedOff => {
                let why = "the cluster has no metrics API, and kubelets were not asked (--evidence nodes)";
                return Ok(Judgement::not_applicable(why));
            }
            kubelets => kubelets?
                .iter()
                .filter_map(|one| one.usage.clone())
                .collect::<Vec<_>>(),
        };
        &of_kubelets
    } else {
        measured
    };
    let told = measured
        .iter()
        .filter(|usage| (measure.used)(usage).is_some());
    let told = by_name(told, |usage| &usage.name);
    let usage = |node: &Node| (measure.used)(told.get(&*node.name)?);
    let found: Judgement = nodes
        .iter()
        .filter_map(|node| busy(ctx, node, measure, usage(node)?))
        .collect();
    let untold: Vec<_> = nodes.iter().filter(|node| usage(node).is_none()).collect();
    let first = untold.iter().min_by_key(|node| &node.name);
    Ok(found.without(first.map(|first| unmeasured(untold.len(), first))))
}

fn busy(ctx: &Context<'_>, node: &Node, measure: &Measure, used: u64) -> Option<Finding> {
    let there = (measure.there)(node).filter(|there| *there > 0)?;
    let percent = u128::from(used) * 100 / u128::from(there);
    if percent <= u128::from(BUSY) {
        return None;
    }
    let what = measure.what;
    let detail = format!("{used} of {there} in use");
    let finding = node::finding(
        ctx.now(),
        node,
        Severity::Risk,
        format!("uses {percent} % of its {what}"),
        detail,
    )
    .fix_with(
        "Move pods away, give the pool more nodes, or wait for a quieter hour",
        format!("kubectl top node {}", node.name),
    );
    Some(finding)
}

fn unmeasured(count: usize, first: &Node) -> Missing {
    Missing {
        need: Need::NodeUsage,
        reason: Reason::NotServed,
        detail: format!(
            "{} not measured, such as {}",
            counted(count, "node"),
            first.name
        ),
        cure: Some("see why the metrics server does not reach these nodes".to_owned()),
    }
}
