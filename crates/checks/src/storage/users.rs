//! Who uses which volumes.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    Subject,
    facts::{ClaimRef, PersistentVolume, Pod, PodVolume, VolumePlugin},
};

use crate::workloads::owner::Owner;

/// Whether a volume holds somebody's data: one that was released, or that nobody has claimed yet, is used by no pod.
pub(crate) fn is_bound(volume: &PersistentVolume) -> bool {
    volume.phase == "Bound" && volume.claim.is_some()
}

/// A persistent volume as the subject of a finding.
pub(crate) fn subject(volume: &PersistentVolume) -> Subject {
    Subject::cluster("v1", "PersistentVolume", &volume.name)
}

/// `shop/data`.
pub(crate) fn claim_of(volume: &PersistentVolume) -> String {
    let claim = volume.claim.as_ref();
    claim.map_or_else(String::new, |claim| {
        format!("{}/{}", claim.namespace, claim.name)
    })
}

/// Pods that have not ended: their volumes are mounted again wherever they come back.
pub(crate) fn living(pods: &[Pod]) -> impl Iterator<Item = &Pod> {
    pods.iter().filter(|pod| !pod.is_finished())
}

/// The plugins whose volumes are written into a pod itself.
pub(crate) fn inline(pod: &Pod) -> impl Iterator<Item = VolumePlugin> {
    pod.volumes.iter().filter_map(|volume| match volume {
        PodVolume::Inline { plugin, .. } => Some(*plugin),
        _ => None,
    })
}

/// How many living pods of each owner have volumes of each plugin written into them.
pub(crate) fn owners(pods: &[Pod]) -> BTreeMap<(Owner<'_>, VolumePlugin), usize> {
    let mut owners = BTreeMap::new();
    for pod in living(pods) {
        let plugins: BTreeSet<_> = inline(pod).collect();
        for plugin in plugins {
            *owners.entry((Owner::of(pod), plugin)).or_default() += 1;
        }
    }
    owners
}

/// The nodes on which living pods use one of these claims.
pub(crate) fn nodes_using<'a>(pods: &'a [Pod], claims: &BTreeSet<&ClaimRef>) -> BTreeSet<&'a str> {
    let wanted: BTreeSet<(&str, &str)> = claims
        .iter()
        .map(|claim| (claim.namespace.as_str(), claim.name.as_str()))
        .collect();
    let uses = |pod: &&Pod| {
        pod.volumes.iter().any(
            |volume| matches!(volume, PodVolume::Claim(name) if wanted.contains(&(&*pod.namespace, &**name))),
        )
    };
    living(pods)
        .filter(|pod| !pod.node.is_empty())
        .filter(uses)
        .map(|pod| pod.node.as_str())
        .collect()
}
