//! kube-proxy as its pods show it.

use airworthy_model::{
    Missing, Need, Reason,
    facts::{Component, Components},
};

use crate::text::counted;

pub(crate) const NAME: &str = "kube-proxy";

/// What is said where nothing is there to be judged.
pub(crate) const ABSENT: &str = "no pod of kube-proxy runs in kube-system: something else does its work, or the node's agent has it built in";

/// Its pods.
pub(crate) fn pods(seen: &Components) -> impl Iterator<Item = &Component> {
    seen.of(NAME).filter(|one| !one.node.is_empty())
}

/// Pods whose image does not name a version, as one gap in the evidence.
pub(crate) fn unreadable(seen: &Components) -> Option<Missing> {
    let odd: Vec<_> = pods(seen).filter(|pod| pod.version().is_none()).collect();
    let first = odd.iter().min_by_key(|pod| &pod.node)?;
    let (count, tag) = (counted(odd.len(), "pod"), &first.tag);
    Some(Missing {
        reason: Reason::Malformed,
        cure: Some(
            "compare the version of kube-proxy with that of the API server by hand".to_owned(),
        ),
        ..Missing::not_collected(
            Need::Components,
            format!(
                "the image of {count} of kube-proxy, such as that on {} (tag {tag:?}), names no version",
                first.node
            ),
        )
    })
}
