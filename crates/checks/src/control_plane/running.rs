//! The pods of a control plane, and the versions that their images name.

use airworthy_model::{
    Missing, Need, Reason,
    facts::{Component, Components},
};

use super::started::{self, CONTROL_PLANE};

/// The pods of the programs that every control plane has. Settings and what a server tells of its flags have no version.
pub(crate) fn pods(seen: &Components) -> Vec<&Component> {
    let programs = CONTROL_PLANE
        .iter()
        .flat_map(|program| seen.of(program.name()));
    programs.filter(|one| !one.node.is_empty()).collect()
}

/// Those programs of which no pod is seen. Only pods have versions; settings of kubeadm do not count here.
pub(crate) fn unseen(seen: &Components) -> Option<Missing> {
    let pods = seen
        .components
        .iter()
        .filter(|one| !one.node.is_empty())
        .cloned();
    let pods = Components {
        components: pods.collect(),
        ..Components::default()
    };
    started::gap(&pods, &CONTROL_PLANE)
}

/// The first of them whose image names no version.
pub(crate) fn unreadable(pods: &[&Component]) -> Option<Missing> {
    let odd = pods.iter().find(|pod| pod.version().is_none())?;
    let why = format!(
        "the image of {} on {} (tag {:?}) names no version",
        odd.name, odd.node, odd.tag
    );
    Some(Missing {
        reason: Reason::Malformed,
        ..Missing::not_collected(Need::Components, why)
    })
}
