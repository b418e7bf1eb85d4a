use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Node, Pod, Workload},
};

use super::node;
use crate::{Check, Context, Judgement, Outcome, never, text::counted};

/// Work that holds devices, and what hands them out.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeGpu",
        summary: "pods hold GPUs of a node that is upgraded, or a device plugin does not follow",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Nodes, Need::Pods, Need::DaemonSets],
        page: include_str!("node_gpu.md"),
    },
    blocks: never,
    run,
};

/// Parts of names of images by which device plugins are known.
const PLUGINS: [&str; 4] = ["device-plugin", "gpu-plugin", "gpu-device", "gpu-manager"];

#[expect(clippy::unnecessary_wraps, reason = "every check returns an outcome")]
fn run(ctx: &Context<'_>) -> Outcome {
    if !ctx.drains_nodes() {
        return Ok(Judgement::not_applicable("nodes stay as they are"));
    }
    let nodes = ctx.nodes();
    let (pods, sets) = (ctx.pods(), ctx.daemon_sets());
    let held = match (nodes, pods) {
        (Ok(nodes), Ok(pods)) => Ok(held(ctx, nodes, pods)),
        (Err(missing), _) | (_, Err(missing)) => Err(missing),
    };
    let plugins = sets.map(|sets| sets.iter().filter_map(|set| plugin(ctx, set)).collect());
    Ok([held, plugins].into_iter().collect())
}

fn held(ctx: &Context<'_>, nodes: &[Node], pods: &[Pod]) -> Judgement {
    let mut holders: BTreeMap<&str, usize> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| holds(pod)) {
        *holders.entry(&pod.node).or_default() += 1;
    }
    let held = nodes
        .iter()
        .filter_map(|node| Some((node, *holders.get(node.name.as_str())?)));
    held.map(|(node, count)| describe(ctx, node, count))
        .collect()
}

/// Whether a pod that runs has asked for a GPU, whole or in parts.
fn holds(pod: &Pod) -> bool {
    let runs = !matches!(pod.phase.as_str(), "Succeeded" | "Failed") && !pod.node.is_empty();
    let is_gpu = |name: &str| {
        name.ends_with("/gpu") || name.contains("/mig-") || name.ends_with("/gpu.shared")
    };
    let asks = |shape: &std::sync::Arc<airworthy_model::facts::PodShape>| {
        shape
            .requests
            .iter()
            .any(|(name, amount)| *amount > 0 && is_gpu(name))
    };
    runs && pod.shape.as_ref().is_some_and(asks)
}

fn describe(ctx: &Context<'_>, node: &Node, count: usize) -> Finding {
    let verbs = if count == 1 {
        "holds its GPUs and is ended"
    } else {
        "hold its GPUs and are ended"
    };
    let message = format!("{} {verbs} when it is drained", counted(count, "pod"));
    let detail = format!("pods that ask for GPUs: {count}");
    node::finding(ctx.now(), node, Severity::Risk, message, detail).fix_with(
        "Drain it when this work can stop, and see that the device plugin reports devices again before the next node",
        format!("kubectl get pods -A --field-selector spec.nodeName={}", node.name),
    )
}

fn plugin(ctx: &Context<'_>, set: &Workload) -> Option<Finding> {
    let is_plugin = set
        .images
        .iter()
        .any(|image| PLUGINS.iter().any(|part| image.contains(part)));
    if !is_plugin || set.strategy != "OnDelete" {
        return None;
    }
    let (namespace, name) = (&set.namespace, &set.name);
    let subject = Subject::namespaced("apps/v1", "DaemonSet", namespace, name);
    let source = format!("/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}");
    let message = "is a device plugin that is replaced only when its pods are deleted (OnDelete)";
    let finding = Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(source, ctx.now(), "updateStrategy OnDelete"))
        .fix_with(
            "Let it roll, or delete its pods node by node after the upgrade",
            format!("kubectl -n {namespace} patch daemonset {name} --type merge -p '{{\"spec\":{{\"updateStrategy\":{{\"type\":\"RollingUpdate\"}}}}}}'"),
        );
    Some(finding)
}
