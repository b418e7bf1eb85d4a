//! What somebody wants no pods of any more is told once, by its wish: that there are none then is no loss.

use std::collections::BTreeSet;

use airworthy_model::{
    Facts, Need,
    facts::{LabelSelector, Pdb, Service, Workload, WorkloadKind},
};

use super::members::COUNTS;

/// Names of what has fewer pods for no other reason, as rows have them, by their group.
#[derive(Default)]
pub(super) struct Scaled(BTreeSet<(Need, String)>);

impl Scaled {
    pub(super) fn between(before: &Facts, after: &Facts) -> Self {
        let wished = Wished::between(before, after);
        let pdbs = before.pdbs.as_deref().unwrap_or_default().iter();
        let pdbs = pdbs
            .filter(|pdb| wished.guards_none(pdb))
            .map(|pdb| (Need::Pdbs, path(&pdb.namespace, &pdb.name)));
        let services = before.services.as_deref().unwrap_or_default().iter();
        let services = services
            .filter(|service| wished.leads_to_none(service))
            .map(|one| (Need::EndpointSlices, path(&one.namespace, &one.name)));
        Self(wished.rows().chain(pdbs).chain(services).collect())
    }

    /// Whether the wish for no pods explains that a row counts fewer.
    pub(super) fn explains(&self, need: Need, name: &str) -> bool {
        self.0.contains(&(need, name.to_owned()))
    }
}

/// The workloads that there were, and which of today's are to have no pods.
struct Wished<'a> {
    then: Vec<(Need, &'a Workload)>,
    idle: BTreeSet<Key<'a>>,
}

/// What tells workloads apart.
type Key<'a> = (WorkloadKind, &'a str, &'a str);

impl<'a> Wished<'a> {
    fn between(before: &'a Facts, after: &'a Facts) -> Self {
        let idle = workloads(after).filter(|(_, one)| one.desired == 0);
        Self {
            then: workloads(before).collect(),
            idle: idle.map(|(_, one)| key(one)).collect(),
        }
    }

    fn is_scaled(&self, one: &Workload) -> bool {
        one.desired > 0 && self.idle.contains(&key(one))
    }

    /// The workloads that were scaled to none.
    fn rows(&self) -> impl Iterator<Item = (Need, String)> {
        let scaled = self.then.iter().filter(|(_, one)| self.is_scaled(one));
        scaled.map(|(need, one)| {
            let (kind, path) = (one.kind.kind(), path(&one.namespace, &one.name));
            (*need, format!("{kind} {path}"))
        })
    }

    fn guards_none(&self, pdb: &Pdb) -> bool {
        let selector = pdb.selector.as_ref();
        selector.is_some_and(|selector| self.are_behind(&pdb.namespace, selector))
    }

    fn leads_to_none(&self, service: &Service) -> bool {
        let selector = LabelSelector {
            match_labels: service.selector.clone(),
            match_expressions: Vec::new(),
        };
        service.has_selector && self.are_behind(&service.namespace, &selector)
    }

    /// Whether a selector selects the pods of workloads that were scaled to none, at least one, and of no others.
    fn are_behind(&self, namespace: &str, selector: &LabelSelector) -> bool {
        let mut behind = self
            .then
            .iter()
            .filter(|(_, one)| one.namespace == namespace && selects(selector, one))
            .peekable();
        behind.peek().is_some() && behind.all(|(_, one)| self.is_scaled(one))
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

fn path(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

fn key(one: &Workload) -> Key<'_> {
    (one.kind, &one.namespace, &one.name)
}

/// Whether the labels that a workload's pods have for certain are selected.
fn selects(selector: &LabelSelector, one: &Workload) -> bool {
    let own = one.selector.as_ref();
    own.is_some_and(|own| selector.selects(&own.match_labels))
}
