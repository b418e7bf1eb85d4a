//! Whether a node is ready.

use airworthy_model::{
    Finding, Severity,
    facts::{Condition, Node},
};

use super::node;
use crate::{View, text::short};

/// What there is to say about a node that is not ready. Without a condition, nobody has said that it is.
pub(crate) fn not_ready(view: &View<'_>, node: &Node) -> Option<Finding> {
    let ready = Condition::find(&node.conditions, "Ready");
    if ready.is_some_and(Condition::is_true) {
        return None;
    }
    let state = ready.map_or("there is no Ready condition".to_owned(), state);
    let (severity, message) = if node::just_joined(view, node) {
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

fn state(ready: &Condition) -> String {
    format!("Ready {} {}", ready.status, short(&ready.reason, 60))
        .trim_end()
        .to_owned()
}
