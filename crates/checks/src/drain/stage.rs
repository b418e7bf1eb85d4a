//! What checks of drains look at together, in an order that does not depend on how a server lists it.

use airworthy_model::{
    Missing, Need, Pace,
    facts::{
        CsiNode, Namespace, Node, Pdb, PersistentVolume, PersistentVolumeClaim, Pod, PodVolume,
    },
};

use super::rollout::World;
use crate::Context;

/// Nodes, pods, and what pods depend on as far as it was asked for.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub(super) nodes: Vec<&'a Node>,
    pub(super) pods: Vec<&'a Pod>,
    pdbs: &'a [Pdb],
    namespaces: &'a [Namespace],
    volumes: &'a [PersistentVolume],
    claims: &'a [PersistentVolumeClaim],
    csi_nodes: &'a [CsiNode],
    /// What could not be read of it.
    pub(super) gaps: Vec<Missing>,
}

impl<'a> Stage<'a> {
    /// Nodes and pods.
    pub(super) fn set(ctx: &Context<'a>) -> Result<Self, Missing> {
        let mut nodes: Vec<_> = ctx.nodes()?.iter().collect();
        let mut pods: Vec<_> = shaped(ctx)?.iter().collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Ok(Self {
            nodes,
            pods,
            pdbs: &[],
            namespaces: &[],
            volumes: &[],
            claims: &[],
            csi_nodes: &[],
            gaps: Vec::new(),
        })
    }

    /// With the volumes that pods claim, where any does.
    pub(super) fn with_volumes(mut self, ctx: &Context<'a>) -> Self {
        if self.claims_volumes() {
            self.volumes = self.keep(ctx.persistent_volumes());
            self.claims = self.keep(ctx.persistent_volume_claims());
        }
        self
    }

    /// With all that decides about evictions and new places.
    pub(super) fn with_rules(mut self, ctx: &Context<'a>) -> Self {
        self.pdbs = self.keep(ctx.pdbs());
        if self.claims_volumes() {
            self.csi_nodes = self.keep(ctx.csi_nodes());
        }
        if self.pods.iter().any(|pod| asks_for_namespaces(pod)) {
            self.namespaces = self.keep(ctx.namespaces());
        }
        self
    }

    pub(super) fn world<'s>(&'s self, pace: &'s Pace) -> World<'s> {
        World {
            nodes: &self.nodes,
            pods: &self.pods,
            pdbs: self.pdbs,
            namespaces: self.namespaces,
            volumes: self.volumes,
            claims: self.claims,
            csi_nodes: self.csi_nodes,
            pace,
        }
    }

    fn claims_volumes(&self) -> bool {
        let claims = |volume: &PodVolume| matches!(volume, PodVolume::Claim(_));
        self.pods.iter().any(|pod| pod.volumes.iter().any(claims))
    }

    fn keep<T>(&mut self, read: Result<&'a Vec<T>, Missing>) -> &'a [T] {
        match read {
            Ok(rows) => rows,
            Err(gap) => {
                self.gaps.push(gap);
                &[]
            }
        }
    }
}

/// Pods, when it is known where each may run.
pub(super) fn shaped<'a>(ctx: &Context<'a>) -> Result<&'a Vec<Pod>, Missing> {
    let pods = ctx.pods()?;
    if pods.iter().all(|pod| pod.shape.is_some()) {
        return Ok(pods);
    }
    let why = "the recording does not hold where pods may run: it was made by an older version";
    Err(Missing::not_collected(Need::Pods, why))
}

/// Whether a pod's rules choose namespaces by label.
fn asks_for_namespaces(pod: &Pod) -> bool {
    let Some(shape) = &pod.shape else {
        return false;
    };
    let mut terms = shape.near.iter().chain(&shape.apart);
    terms.any(|term| {
        term.namespace_selector
            .as_ref()
            .is_some_and(|one| !one.is_empty())
    })
}
