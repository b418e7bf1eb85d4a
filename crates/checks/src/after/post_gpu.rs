use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Node,
};

use crate::{Check, Context, Outcome, always, nodes::node};

/// Devices that nobody offers any more.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostGpu",
        summary: "a node offers fewer GPUs or other devices than before the upgrade",
        phase: Phase::Post,
        group: Group::NodeCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::Baseline],
        page: include_str!("post_gpu.md"),
    },
    blocks: always,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let now = ctx.nodes()?;
    let before = ctx.before()?.nodes()?;
    let by_name: BTreeMap<_, _> = before.iter().map(|node| (&node.name, node)).collect();
    let stayed = now
        .iter()
        .filter_map(|node| Some((*by_name.get(&node.name)?, node)));
    let fewer = stayed.flat_map(|(old, node)| {
        devices(old).filter_map(|(resource, had)| {
            let has = node.allocatable.get(resource).copied().unwrap_or(0);
            (has < had).then(|| fewer(ctx, node, resource, had, has))
        })
    });
    let gone = vanished(ctx, before, now);
    Ok(fewer.chain(gone).collect())
}

/// What device plugins offer, beside what every kubelet does.
fn devices(node: &Node) -> impl Iterator<Item = (&str, u64)> {
    let own = |name: &str| {
        name.contains('/')
            && !name.starts_with("kubernetes.io/")
            && !name.starts_with("attachable-volumes-")
    };
    node.allocatable
        .iter()
        .filter(move |(name, amount)| own(name) && **amount > 0)
        .map(|(name, amount)| (&**name, *amount))
}

fn fewer(ctx: &Context<'_>, node: &Node, resource: &str, had: u64, has: u64) -> Finding {
    // Some that broke leave the others; none at all means that nobody offers them.
    let severity = if has == 0 {
        Severity::Blocker
    } else {
        Severity::Risk
    };
    let message = format!("offers {has} {resource}; before the upgrade it offered {had}");
    let detail = format!("status.allocatable: {resource} {has}");
    node::finding(ctx.now(), node, severity, message, detail)
        .telling_apart(resource)
        .fix("Look at the device plugin on that node: its pod, its log, and the driver that it needs")
        .fix_with("See what the node offers", format!("kubectl describe node {}", node.name))
}

/// Devices of which all nodes together offer none any more: their nodes were replaced. What a node offered that stayed is told of it.
fn vanished(ctx: &Context<'_>, before: &[Node], now: &[Node]) -> Vec<Finding> {
    let (had, has) = (total(before), total(now));
    let names: BTreeSet<_> = now.iter().map(|node| &node.name).collect();
    let stayed = before.iter().filter(|node| names.contains(&node.name));
    let told = total(stayed);
    let gone = had
        .iter()
        .filter(|(resource, _)| !has.contains_key(*resource) && !told.contains_key(*resource));
    gone.map(|(resource, had)| {
        let message = format!("no node offers any; before the upgrade there were {had}");
        let subject = Subject::cluster("v1", "ExtendedResource", resource);
        Finding::new(Severity::Blocker, subject, message.clone())
            .because(Evidence::state("/api/v1/nodes", ctx.now(), message))
            .fix("Look at the device plugin's DaemonSet and at the nodes that should have the devices")
    })
    .collect()
}

fn total<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> BTreeMap<&'a str, u64> {
    let mut total = BTreeMap::new();
    for (resource, amount) in nodes.into_iter().flat_map(devices) {
        let sum: &mut u64 = total.entry(resource).or_default();
        *sum = sum.saturating_add(amount);
    }
    total
}
