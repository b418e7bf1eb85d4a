use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Node, Taint},
};

use super::pools;
use crate::{
    Check, Context, Outcome, never,
    nodes::node,
    text::{counted, short, some_of},
};

/// Marks of nodes that the upgrade has wiped off.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PostNodeLabelsTaints",
        summary: "a node lost labels or taints that it had before, or keeps pods off by a new one",
        phase: Phase::Post,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Nodes, Need::Baseline],
        page: include_str!("post_node_labels_taints.md"),
    },
    blocks: never,
    run,
};

/// Words of keys whose values an upgrade changes, or that name the machine itself.
const DIFFER: [&str; 11] = [
    "version",
    "hostname",
    "instance",
    "image",
    "ami",
    "revision",
    "generation",
    "hash",
    "template",
    "kernel",
    "upgrade",
];
/// The role that kubeadm takes off nodes of the control plane.
const MASTER: &str = "node-role.kubernetes.io/master";
/// Taints that controllers put on and take off.
const CONTROLLED: [&str; 5] = [
    "node.kubernetes.io/",
    "node.cloudprovider.kubernetes.io/",
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
    MASTER,
];

fn run(ctx: &Context<'_>) -> Outcome {
    let now = ctx.nodes()?;
    let before = ctx.before()?.nodes()?;
    let by_name: BTreeMap<_, _> = before.iter().map(|node| (&node.name, node)).collect();
    let lost = now.iter().filter_map(|node| {
        let lost = marks_lost(by_name.get(&node.name)?, node);
        (!lost.is_empty()).then(|| bare(ctx, node, &lost))
    });
    let shut = now.iter().filter_map(|node| {
        let taints = taints_gained(by_name.get(&node.name)?, node);
        (!taints.is_empty()).then(|| shut(ctx, node, &taints))
    });
    Ok(lost.chain(shut).chain(vanished(ctx, before, now)).collect())
}

/// Labels and taints that count, each as one text.
pub(super) fn marks(node: &Node) -> BTreeSet<String> {
    let labels = node.labels.0.iter().filter(|(key, _)| counts(key));
    let labels = labels.map(|(key, value)| format!("label {key}={value}"));
    labels.chain(taints(node).map(words)).collect()
}

/// Whether the values of a label are to stay as they were.
fn counts(key: &str) -> bool {
    let differs = |word: &str| DIFFER.iter().any(|one| word.eq_ignore_ascii_case(one));
    key != MASTER && !words_of(key).any(differs)
}

/// The words of a key, such as `launch`, `Template`, `Id` of `launchTemplateId`.
fn words_of(key: &str) -> impl Iterator<Item = &str> {
    let parts = key.split(|c: char| !c.is_ascii_alphanumeric());
    parts
        .flat_map(|part| {
            part.as_bytes()
                .chunk_by(|one, next| !(one.is_ascii_lowercase() && next.is_ascii_uppercase()))
        })
        .filter_map(|word| std::str::from_utf8(word).ok())
}

/// Taints that people and pools set.
fn taints(node: &Node) -> impl Iterator<Item = &Taint> {
    let set = |taint: &&Taint| !CONTROLLED.iter().any(|start| taint.key.starts_with(start));
    node.taints.iter().filter(set)
}

fn words(taint: &Taint) -> String {
    format!("taint {}={}:{}", taint.key, taint.value, taint.effect)
}

/// Taints that keep pods off a node which it let in before.
fn taints_gained(old: &Node, node: &Node) -> Vec<String> {
    let keeps_off = taints(node).filter(|taint| taint.effect != "PreferNoSchedule");
    let new = keeps_off.filter(|taint| !old.taints.contains(taint));
    new.map(words).collect()
}

fn shut(ctx: &Context<'_>, node: &Node, gained: &[String]) -> Finding {
    let names = some_of(gained.iter().map(String::as_str));
    let message = format!("bears {names}, which it did not before the upgrade");
    let evidence = counted(gained.len(), "new taint");
    node::finding(
        ctx.now(),
        node,
        Severity::Risk,
        short(&message, 200),
        evidence,
    )
    .telling_apart("gained")
    .fix_with(
        "Take it off again, unless it is there on purpose",
        format!("kubectl taint node {} KEY-", node.name),
    )
}

fn marks_lost(old: &Node, node: &Node) -> Vec<String> {
    marks(old).difference(&marks(node)).cloned().collect()
}

fn bare(ctx: &Context<'_>, node: &Node, lost: &[String]) -> Finding {
    let names = some_of(lost.iter().map(String::as_str));
    let message = format!("has lost {names}");
    let evidence = format!(
        "{} of before the upgrade are not there",
        counted(lost.len(), "label or taint")
    );
    node::finding(
        ctx.now(),
        node,
        Severity::Risk,
        short(&message, 200),
        evidence,
    )
    .fix_with(
        "Put them on again, and into the settings of the node pool so that new nodes have them",
        format!("kubectl label node {} KEY=VALUE", node.name),
    )
}

/// Marks that no node bears any more although all of the nodes that bore them were replaced: a pool that lost its settings.
fn vanished<'a>(ctx: &'a Context<'_>, before: &'a [Node], now: &'a [Node]) -> Option<Finding> {
    let stayed: BTreeSet<_> = now.iter().map(|node| &node.name).collect();
    let replaced = before.iter().filter(|node| !stayed.contains(&node.name));
    let had: BTreeSet<_> = replaced.flat_map(marks).collect();
    let has: BTreeSet<_> = now.iter().flat_map(marks).collect();
    let lost: Vec<_> = had.difference(&has).map(String::as_str).collect();
    // With fewer nodes than before, a whole pool may be gone on purpose; nodes in whose place none came were not replaced.
    let by_name = before.iter().map(|node| (node.name.as_str(), node));
    let missing = pools::missing(&by_name.collect(), now);
    if lost.is_empty() || now.len() < before.len() || !missing.is_empty() {
        return None;
    }
    let message = format!(
        "no node bears {} any more, which nodes had that were replaced",
        some_of(lost.iter().copied())
    );
    let message = short(&message, 200);
    let subject = Subject::cluster("v1", "NodeList", "replaced");
    Some(
        Finding::new(Severity::Risk, subject, message.clone())
            .because(Evidence::state("/api/v1/nodes", ctx.now(), message))
            .fix("Put them into the settings of the node pool, and on its nodes"),
    )
}
