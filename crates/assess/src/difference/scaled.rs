//! What somebody wants no pods of any more is told once, by its wish: that there are none then is no loss.

use std::collections::BTreeSet;

use airworthy_model::{
    Facts, Need,
    facts::{LabelSelector, Workload, WorkloadKind},
};

use super::members::COUNTS;

/// Names of what has fewer pods for no other reason, as rows have them, by their group.
#[derive(Default)]
pub(super) struct Scaled(BTreeSet<(Need, String)>);

impl Scaled {
    pub(super) fn between(before: &Facts, after: &Facts) -> Self {
        let then: Vec<_> = workloads(before).collect();
        let idle: BTreeSet<_> = workloads(after)
            .filter(|(_, one)| one.desired == 0)
            .map(|(_, one)| key(one))
            .collect();
        let scaled = |one: &Workload| one.desired > 0 && idle.contains(&key(one));
        let mut all: BTreeSet<_> = then
            .iter()
            .filter(|(_, one)| scaled(one))
            .map(|(need, one)| {
                let kind = one.kind.kind();
                (*need, format!("{kind} {}/{}", one.namespace, one.name))
            })
            .collect();
        let behind = |namespace: &str, selector: &LabelSelector| {
            let mut behind = then
                .iter()
                .filter(|(_, one)| one.namespace == namespace && selects(selector, one))
                .peekable();
            behind.peek().is_some() && behind.all(|(_, one)| scaled(one))
        };
        for pdb in before.pdbs.as_deref().unwrap_or_default() {
            let selector = pdb.selector.as_ref();
            if selector.is_some_and(|selector| behind(&pdb.namespace, selector)) {
                all.insert((Need::Pdbs, format!("{}/{}", pdb.namespace, pdb.name)));
            }
        }
        for service in before.services.as_deref().unwrap_or_default() {
            let selector = LabelSelector {
                match_labels: service.selector.clone(),
                match_expressions: Vec::new(),
            };
            if service.has_selector && behind(&service.namespace, &selector) {
                let name = format!("{}/{}", service.namespace, service.name);
                all.insert((Need::EndpointSlices, name));
            }
        }
        Self(all)
    }

    /// Whether the wish for no pods explains that a row counts fewer.
    pub(super) fn explains(&self, need: Need, name: &str) -> bool {
        self.0.contains(&(need, name.to_owned()))
    }
}

/// Whether a member counts pods that are well.
pub(super) fn counts(member: &str) -> bool {
    COUNTS.contains(&member)
}

/// What its owner gives a number of pods; a daemon set has as many as there are nodes.
fn workloads(facts: &Facts) -> impl Iterator<Item = (Need, &Workload)> {
    let deployments = facts.deployments.as_deref().unwrap_or_default().iter();
    let sets = facts.stateful_sets.as_deref().unwrap_or_default().iter();
    deployments
        .map(|one| (Need::Deployments, one))
        .chain(sets.map(|one| (Need::StatefulSets, one)))
}

fn key(one: &Workload) -> (WorkloadKind, &str, &str) {
    (one.kind, &one.namespace, &one.name)
}

/// Whether the labels that a workload's pods have for certain are selected.
fn selects(selector: &LabelSelector, one: &Workload) -> bool {
    let own = one.selector.as_ref();
    own.is_some_and(|own| selector.selects(&own.match_labels))
}
