//! Totals of a cluster's nodes, as last read.

use airworthy_model::{Facts, facts::Node};
use serde::{Deserialize, Serialize};

/// Totals of the nodes of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// All nodes.
    pub nodes: u64,
    /// Those that are ready.
    pub active: u64,
    /// Capacity of all, in thousandths of a core; nothing when a node does not tell its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_thousandths: Option<u64>,
    /// Capacity of all, in bytes; nothing when a node does not tell its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

impl Totals {
    /// The totals of what was read; nothing when the nodes could not be.
    pub(crate) fn of(facts: &Facts) -> Option<Self> {
        let nodes = facts.nodes.as_ref().ok()?;
        let count = |nodes: usize| u64::try_from(nodes).unwrap_or(u64::MAX);
        Some(Self {
            nodes: count(nodes.len()),
            active: count(nodes.iter().filter(|node| is_ready(node)).count()),
            cpu_thousandths: nodes.iter().map(|node| node.cpu_thousandths).sum(),
            memory_bytes: nodes.iter().map(|node| node.memory_bytes).sum(),
        })
    }

    /// Reads what is stored; nothing when that is of another release.
    pub fn stored(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

fn is_ready(node: &Node) -> bool {
    let mut conditions = node.conditions.iter();
    conditions.any(|condition| condition.r#type == "Ready" && condition.status == "True")
}

#[cfg(test)]
mod tests {
    use airworthy_model::facts::{ClusterIdentity, Condition};
    use jiff::Timestamp;

    use super::*;

    fn node(ready: &str, cpu: Option<u64>) -> Node {
        Node {
            conditions: vec![Condition {
                r#type: "Ready".into(),
                status: ready.into(),
                ..Condition::default()
            }],
            cpu_thousandths: cpu,
            memory_bytes: Some(1 << 30),
            ..Node::default()
        }
    }

    #[test]
    fn what_one_node_does_not_tell_is_no_total() {
        let mut facts = Facts::unread(
            ClusterIdentity::default(),
            Timestamp::UNIX_EPOCH,
            "not here",
        );
        assert_eq!(Totals::of(&facts), None);
        for (nodes, expected) in [
            (vec![], (0, 0, Some(0), Some(0))),
            (
                vec![node("True", Some(4000)), node("Unknown", Some(1500))],
                (2, 1, Some(5500), Some(2 << 30)),
            ),
            (
                vec![node("True", Some(4000)), node("True", None)],
                (2, 2, None, Some(2 << 30)),
            ),
        ] {
            facts.nodes = Ok(nodes);
            let totals = Totals::of(&facts).unwrap();
            let read = (
                totals.nodes,
                totals.active,
                totals.cpu_thousandths,
                totals.memory_bytes,
            );
            assert_eq!(read, expected);
            let text = serde_json::to_string(&totals).unwrap();
            assert_eq!(Totals::stored(&text), Some(totals));
        }
        assert_eq!(Totals::stored("7"), None);
    }
}
