//! Which selectors select a pod, found by one of their labels instead of by trying each.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use airworthy_model::facts::{LabelSelector, Labels, Namespace, PodTerm};

/// The namespaces that a selector looks into.
#[derive(Clone, Debug)]
pub(super) enum Scope<'a> {
    All,
    These(BTreeSet<&'a str>),
}

impl<'a> Scope<'a> {
    pub(super) fn one(namespace: &'a str) -> Self {
        Self::These(BTreeSet::from([namespace]))
    }

    /// The namespaces of a term of a pod in `own`.
    pub(super) fn of(term: &'a PodTerm, own: &'a str, namespaces: &'a [Namespace]) -> Self {
        let mut these: BTreeSet<&str> = term.namespaces.iter().map(|name| &**name).collect();
        match &term.namespace_selector {
            Some(selector) if selector.is_empty() => return Self::All,
            Some(selector) => {
                let selected = namespaces
                    .iter()
                    .filter(|one| selector.selects(&one.labels));
                these.extend(selected.map(|one| one.name.as_str()));
            }
            None if these.is_empty() => return Self::one(own),
            None => {}
        }
        Self::These(these)
    }

    fn covers(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.contains(namespace),
        }
    }
}

/// Which pods are meant: where, and by which labels.
#[derive(Clone, Debug)]
pub(super) struct Target<'a> {
    pub(super) scope: Scope<'a>,
    /// Absent selects nothing.
    pub(super) selector: Option<Cow<'a, LabelSelector>>,
}

impl Target<'_> {
    fn hits(&self, namespace: &str, labels: &Labels) -> bool {
        let selector = self.selector.as_ref();
        self.scope.covers(namespace) && selector.is_some_and(|selector| selector.selects(labels))
    }
}

/// Finds, of many groups of targets, those of which a pod is hit by every target. Groups are numbered in the order given.
#[derive(Debug)]
pub(super) struct Finder<'a> {
    groups: Vec<Vec<Target<'a>>>,
    by_label: HashMap<(String, String), Vec<usize>>,
    others: Vec<usize>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(groups: Vec<Vec<Target<'a>>>) -> Self {
        let mut found = Self {
            by_label: HashMap::new(),
            others: Vec::new(),
            groups,
        };
        let mut frequency: HashMap<(&str, &str), usize> = HashMap::new();
        for pair in found.groups.iter().flat_map(|group| pairs(group)) {
            *frequency.entry(pair).or_default() += 1;
        }
        for (number, group) in found.groups.iter().enumerate() {
            match pairs(group).min_by_key(|pair| frequency[pair]) {
                Some((key, value)) => {
                    let key = (key.to_owned(), value.to_owned());
                    found.by_label.entry(key).or_default().push(number);
                }
                None => found.others.push(number),
            }
        }
        found
    }

    pub(super) fn find(&self, namespace: &str, labels: &Labels) -> Box<[u32]> {
        let labelled = labels
            .0
            .iter()
            .filter_map(|(key, value)| self.by_label.get(&(key.to_string(), value.to_string())));
        let candidates = labelled.flatten().chain(&self.others);
        let hit = |group: &Vec<Target<'_>>| group.iter().all(|t| t.hits(namespace, labels));
        let mut hits: Vec<u32> = candidates
            .filter(|&&number| hit(&self.groups[number]))
            .map(|&number| number as u32)
            .collect();
        hits.sort_unstable();
        hits.into()
    }
}

/// The labels that the first target of a group demands.
fn pairs<'t>(group: &'t [Target<'_>]) -> impl Iterator<Item = (&'t str, &'t str)> {
    let selector = group.first().and_then(|target| target.selector.as_deref());
    let labels = selector
        .map(|selector| &selector.match_labels.0[..])
        .unwrap_or_default();
    labels.iter().map(|(key, value)| (&**key, &**value))
}
