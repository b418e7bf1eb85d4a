//! Kubelet versions, and how far they may be behind the API server.

use airworthy_model::{KubeVersion, Minor, Missing, facts::Node};

use super::node;

/// The kubelet's version, where its text is one.
pub(crate) fn version(node: &Node) -> Option<KubeVersion> {
    node.kubelet_version.parse().ok()
}

/// The kubelet's minor, where its text is a version.
pub(crate) fn minor(node: &Node) -> Option<Minor> {
    version(node).map(|version| version.minor)
}

/// How a kubelet stands to its API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skew {
    /// Of the same minor.
    None,
    /// Older, as far as that is supported.
    Behind,
    /// Older than is supported.
    TooOld,
    /// Newer, which is never supported.
    Newer,
}

impl Skew {
    /// Compares the two.
    pub(crate) fn of(kubelet: Minor, server: Minor) -> Self {
        match server.distance_from(kubelet) {
            0 => Self::None,
            lag if lag < 0 => Self::Newer,
            lag if lag > i32::from(kubelet.kubelet_lag()) => Self::TooOld,
            _ => Self::Behind,
        }
    }
}

/// Nodes whose kubelet text is no version.
pub(crate) fn unreadable<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Option<Missing> {
    let odd = nodes.into_iter().filter(|node| minor(node).is_none());
    node::unreadable(
        "kubeletVersion",
        odd.map(|node| (node, node.kubelet_version.as_str())),
    )
}
