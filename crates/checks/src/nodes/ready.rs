//! Whether a node is ready.

use airworthy_model::{
    Finding, Severity,
    facts::{Condition, Node, Taint},
};

use super::node;
use crate::{View, text::short};

/// Taints by which autoscalers, and what watches spot machines, mark a node that they end.
const LEAVING: [&str; 5] = [
    "ToBeDeletedByClusterAutoscaler",
    "aws-node-termination-handler/spot-itn",
    "cloud.google.com/impending-node-termination",
    "karpenter.sh/disrupted",
    "karpenter.sh/disruption",
];

/// What there is to say about a node that is not ready. Without a condition, nobody has said that it is.
pub(crate) fn not_ready(view: &View<'_>, node: &Node) -> Option<Finding> {
    let ready = Condition::find(&node.conditions, "Ready");
    if ready.is_some_and(Condition::is_true) {
        return None;
    }
    let state = ready.map_or("there is no Ready condition".to_owned(), state);
    let (severity, message) = if let Some(mark) = leaving(node) {
        (
            Severity::Risk,
            format!("is not ready; it is being taken away: {mark} ({state})"),
        )
    } else if node::just_joined(view, node) {
        (
            Severity::Risk,
            format!("is not ready; it has just joined ({state})"),
        )
    } else {
        (Severity::Blocker, format!("is not ready ({state})"))
    };
    let detail = ready.map_or(state, |ready| {
        format!("Ready {}: {}", ready.status, ready.message)
    });
    let name = &node.name;
    let finding = node::finding(view.now(), node, severity, message, detail)
        .fix_with(
            "Find out why: its conditions and events say",
            format!("kubectl describe node {name}"),
        )
        .fix_with(
            "Or take it out of the cluster, if it does not come back",
            format!("kubectl delete node {name}"),
        );
    Some(finding)
}

/// By what a node shows that somebody takes it away.
fn leaving(node: &Node) -> Option<String> {
    if node.deleting {
        return Some("its object is deleted".to_owned());
    }
    let marks = |taint: &&Taint| LEAVING.contains(&taint.key.as_str());
    let mark = node.taints.iter().find(marks)?;
    Some(format!("taint {}", mark.key))
}

fn state(ready: &Condition) -> String {
    format!("Ready {} {}", ready.status, short(&ready.reason, 60))
        .trim_end()
        .to_owned()
}
