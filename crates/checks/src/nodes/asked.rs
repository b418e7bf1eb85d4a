//! What kubelets said, and what lacks of it.

use airworthy_model::{
    Missing, Need,
    facts::{Kubelet, KubeletGap, Node},
};

use crate::{
    named::{Named, by_name},
    text::counted,
};

/// What kubelets said, by node.
pub(crate) fn by_node(kubelets: &[Kubelet]) -> Named<'_, Kubelet> {
    by_name(kubelets, |kubelet| &kubelet.name)
}

/// Nodes of which an endpoint of the kubelet told nothing that can be judged, as one gap in the evidence. `otherwise` is said of those
/// that did answer, but not this.
pub(crate) fn silent<'a>(
    endpoint: &str,
    otherwise: &str,
    nodes: impl Iterator<Item = (&'a Node, Option<&'a Kubelet>)>,
) -> Option<Missing> {
    let nodes: Vec<_> = nodes.collect();
    let (node, kubelet) = nodes.iter().min_by_key(|(node, _)| &node.name)?;
    let gap: Option<&KubeletGap> = kubelet.and_then(|kubelet| kubelet.unread(endpoint));
    let why = match (gap, kubelet) {
        (Some(gap), _) => &gap.detail,
        (None, Some(_)) => otherwise,
        (None, None) => "its kubelet was not asked",
    };
    let (count, name) = (counted(nodes.len(), "kubelet"), &node.name);
    Some(Missing {
        need: Need::Kubelets,
        reason: gap.map_or(airworthy_model::Reason::NotServed, |gap| gap.reason),
        detail: format!("{endpoint} of {count} tells nothing, such as on {name}: {why}"),
        cure: Some("look at these nodes by hand".into()),
    })
}
