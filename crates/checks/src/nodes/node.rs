//! What findings about a node have in common.

use airworthy_model::{Evidence, Finding, Missing, Need, Reason, Severity, Subject, facts::Node};
use jiff::Timestamp;

use crate::{
    View,
    text::{counted, short},
};

/// Seconds for which a node counts as one that has only just joined.
const JOINING: i64 = 120;

/// A finding about a node, with what its object showed.
pub(crate) fn finding(
    now: Timestamp,
    node: &Node,
    severity: Severity,
    message: impl Into<String>,
    detail: impl Into<String>,
) -> Finding {
    let subject = Subject::cluster("v1", "Node", &node.name).with_uid(&node.uid);
    Finding::new(severity, subject, message).because(Evidence::state(
        format!("/api/v1/nodes/{}", node.name),
        now,
        detail,
    ))
}

/// Whether the node joined so lately that it may still be starting. An unknown age is no excuse.
pub(crate) fn just_joined(view: &View<'_>, node: &Node) -> bool {
    node.created.is_some() && view.seconds_since(node.created) < JOINING
}

/// Nodes whose `field` says nothing that can be judged, as one gap in the evidence.
pub(crate) fn unreadable<'a>(
    field: &str,
    nodes: impl Iterator<Item = (&'a Node, &'a str)>,
) -> Option<Missing> {
    let nodes: Vec<_> = nodes.collect();
    let (node, text) = nodes.iter().min_by_key(|(node, _)| &node.name)?;
    let (count, text) = (counted(nodes.len(), "node"), short(text, 40));
    Some(Missing {
        need: Need::Nodes,
        reason: Reason::Malformed,
        detail: format!(
            "{field} of {count}, such as {} ({text:?}), is not understood",
            node.name
        ),
        cure: Some(
            "look at these nodes by hand; virtual nodes often report a text of their own".into(),
        ),
    })
}
