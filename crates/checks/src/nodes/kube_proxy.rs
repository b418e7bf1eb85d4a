//! kube-proxy as its pods show it.

use airworthy_model::{
    Missing, Need, Reason,
    facts::{Component, Components, ProxySettings, UnreadSource},
};

use crate::text::counted;

pub(crate) const NAME: &str = "kube-proxy";

/// What is said where nothing is there to be judged.
pub(crate) const ABSENT: &str = "no pod of kube-proxy runs in kube-system: something else does its work, or the node's agent has it built in";

/// Its pods.
pub(crate) fn pods(seen: &Components) -> impl Iterator<Item = &Component> {
    seen.of(NAME).filter(|one| !one.node.is_empty())
}

/// Whether flags are not all that a pod goes by.
pub(crate) fn reads_file(pod: &Component) -> bool {
    pod.sets("config")
}

/// What could not be read of the flags of its pods.
pub(crate) fn flags_gap(seen: &Components) -> Option<Missing> {
    unread(seen).find(|one| is_pod(one)).map(untold)
}

/// What could not be read of the file that its pods read, where one does.
pub(crate) fn file_gap(seen: &Components) -> Option<Missing> {
    let in_part = |file: &ProxySettings| unread(seen).any(|one| one.source == file.source);
    let lacks = seen.proxy.as_ref().is_none_or(in_part);
    (lacks && pods(seen).any(reads_file)).then(|| unread_file(seen))
}

/// Why the file that it reads is not known.
pub(crate) fn unread_file(seen: &Components) -> Missing {
    let absent =
        "kube-proxy reads a file, and neither ConfigMap kube-proxy nor kube-proxy-config shows it";
    let file = unread(seen).find(|one| !is_pod(one));
    file.map_or_else(|| missing(absent.to_owned()), untold)
}

fn unread(seen: &Components) -> impl Iterator<Item = &UnreadSource> {
    seen.unread.iter().filter(|one| one.component == NAME)
}

fn is_pod(source: &UnreadSource) -> bool {
    source.source.contains("/pods/")
}

fn untold(source: &UnreadSource) -> Missing {
    missing(format!("{}: {}", source.source, source.why))
}

fn missing(why: String) -> Missing {
    let cure = "allow `get` on configmaps in kube-system, or look by hand at the flags of kube-proxy and the file that it reads";
    Missing {
        cure: Some(cure.to_owned()),
        ..Missing::not_collected(Need::Components, why)
    }
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
