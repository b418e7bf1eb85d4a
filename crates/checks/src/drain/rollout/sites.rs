//! The nodes that a rollout has, before and after, and what never changes about them: labels, taints, sizes.

use std::collections::HashMap;

use airworthy_model::facts::{Condition, Labels, Node, NodeTerm, Requirement, Taint, Toleration};

use super::Tie;

const HOSTNAME: &str = "kubernetes.io/hostname";
/// Labels that kubelets put on by themselves, alike on every node of a sort.
const OF_KUBELETS: [&str; 4] = [
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
];
const CORDON: &str = "node.kubernetes.io/unschedulable";

/// What a pod demands of a node, however full it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Demand<'a> {
    pub(super) selector: &'a Labels,
    pub(super) terms: &'a [NodeTerm],
    pub(super) tolerations: &'a [Toleration],
    /// The nodes that reach its volumes, volume by volume.
    pub(super) volumes: Vec<&'a [NodeTerm]>,
}

/// Why a node is not for a pod, whatever runs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unfit {
    Tainted,
    Unselected,
    Unreached,
}

/// A node of today, or the one that takes its place.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub(super) node: &'a Node,
    /// The labels of a node that takes the place of another: alike, but for those that name the old one.
    own_labels: Option<Labels>,
    name: String,
    /// Whether pods may be put there at all while nobody drains it.
    pub(super) usable: bool,
}

impl<'a> Site<'a> {
    fn of_today(node: &'a Node) -> Self {
        Self {
            node,
            own_labels: None,
            name: node.name.clone(),
            usable: is_usable(node),
        }
    }

    fn replacing(node: &'a Node) -> Self {
        let name = format!("{} replaced", node.name);
        let host = node.labels.get(HOSTNAME);
        let names_it = |value: &str| value == node.name || Some(value) == host;
        let labels = node.labels.0.iter();
        let renamed = labels.map(|(key, value)| match &**value {
            value if names_it(value) => (&**key, name.as_str()),
            value => (&**key, value),
        });
        Self {
            node,
            own_labels: Some(renamed.collect()),
            usable: true,
            name,
        }
    }

    /// One that takes the place of another and bears none of the labels that people or pools set.
    fn bare(node: &'a Node) -> Self {
        let labels = node.labels.0.iter();
        let own = labels.filter(|(key, _)| OF_KUBELETS.contains(&&**key));
        let own = own.map(|(key, value)| (&**key, &**value)).collect();
        Self {
            own_labels: Some(own),
            ..Self::replacing(node)
        }
    }

    pub(super) fn labels(&self) -> &Labels {
        self.own_labels.as_ref().unwrap_or(&self.node.labels)
    }

    pub(super) fn repels(&self, tolerations: &[Toleration]) -> bool {
        let tolerated = |taint: &Taint| tolerations.iter().any(|one| one.tolerates(taint));
        let matters = |taint: &&Taint| taint.effect != "PreferNoSchedule" && taint.key != CORDON;
        let mut taints = self.node.taints.iter().filter(matters);
        taints.any(|taint| !tolerated(taint))
    }

    pub(super) fn selected(&self, selector: &Labels, terms: &[NodeTerm]) -> bool {
        let labels = self.labels();
        let has = |(key, value): &(Box<str>, Box<str>)| labels.get(key) == Some(value);
        selector.0.iter().all(has) && self.meets(terms)
    }

    /// Whether one of the terms holds, where there are any.
    fn meets(&self, terms: &[NodeTerm]) -> bool {
        terms.is_empty()
            || terms
                .iter()
                .any(|term| term.admits(self.labels(), &self.name))
    }

    /// Whether the pod and its volumes name this node, were it not tainted.
    pub(super) fn named(&self, demand: &Demand<'_>) -> bool {
        !matches!(
            self.unfit(demand),
            Some(Unfit::Unselected | Unfit::Unreached)
        )
    }

    pub(super) fn unfit(&self, demand: &Demand<'_>) -> Option<Unfit> {
        if !demand.volumes.iter().all(|terms| self.meets(terms)) {
            return Some(Unfit::Unreached);
        }
        if !self.selected(demand.selector, demand.terms) {
            return Some(Unfit::Unselected);
        }
        self.repels(demand.tolerations).then_some(Unfit::Tainted)
    }
}

/// Neither cordoned nor on its way out nor not ready: the scheduler puts pods there.
pub(super) fn is_usable(node: &Node) -> bool {
    let ready = Condition::find(&node.conditions, "Ready").is_none_or(Condition::is_true);
    !node.unschedulable && !node.deleting && ready
}

/// The sites that a demand admits.
#[derive(Debug)]
pub(super) enum Admitted {
    /// A few that the demand names.
    Few(Box<[u32]>),
    /// Of all sites, whether each is.
    Many(Box<[bool]>),
}

impl Admitted {
    pub(super) fn sites(&self) -> impl Iterator<Item = usize> {
        let (few, many): (&[u32], &[bool]) = match self {
            Self::Few(few) => (few, &[]),
            Self::Many(many) => (&[], many),
        };
        let many = many.iter().enumerate().filter(|(_, admits)| **admits);
        let few = few.iter().map(|&site| site as usize);
        few.chain(many.map(|(site, _)| site))
    }
}

/// All sites: those of today, then, where nodes are replaced, the ones that take their places, in the same order.
#[derive(Debug)]
pub(super) struct Sites<'a> {
    pub(super) list: Vec<Site<'a>>,
    /// How many are of today.
    pub(super) today: usize,
    by_name: HashMap<&'a str, u32>,
    by_host: HashMap<String, Vec<u32>>,
}

impl<'a> Sites<'a> {
    pub(super) fn new(nodes: &[&'a Node], replaced: bool) -> Self {
        let mut list: Vec<_> = nodes.iter().copied().map(Site::of_today).collect();
        if replaced {
            list.extend(nodes.iter().copied().map(Site::replacing));
        }
        let mut by_host: HashMap<String, Vec<u32>> = HashMap::new();
        for (number, site) in list.iter().enumerate() {
            if let Some(host) = site.labels().get(HOSTNAME) {
                by_host
                    .entry(host.to_owned())
                    .or_default()
                    .push(number as u32);
            }
        }
        let numbered = nodes.iter().enumerate();
        Self {
            by_name: numbered
                .map(|(number, node)| (node.name.as_str(), number as u32))
                .collect(),
            by_host,
            today: nodes.len(),
            list,
        }
    }

    /// The site of a node of today.
    pub(super) fn named(&self, node: &str) -> Option<usize> {
        self.by_name.get(node).map(|&site| site as usize)
    }

    pub(super) fn admitted(&self, demand: &Demand<'_>) -> Admitted {
        let fits = |site: usize| self.list[site].unfit(demand).is_none();
        if let Some(few) = self.narrowed(demand) {
            return Admitted::Few(few.into_iter().filter(|&s| fits(s as usize)).collect());
        }
        let many: Box<[bool]> = (0..self.list.len()).map(fits).collect();
        // Pods that nobody admits are looked at again and again: without a site there is nothing to go through.
        if many.contains(&true) {
            Admitted::Many(many)
        } else {
            Admitted::Few(Box::default())
        }
    }

    /// Up to two usable sites of today that a demand names, were they not tainted: one may be the pod's own.
    pub(super) fn named_by_demand(&self, demand: &Demand<'_>) -> Vec<u32> {
        let all = || (0..self.today as u32).collect();
        let candidates = self.narrowed(demand).unwrap_or_else(all).into_iter();
        let named = |site: &u32| {
            let site = *site as usize;
            site < self.today && self.list[site].usable && self.list[site].named(demand)
        };
        candidates.filter(named).take(2).collect()
    }

    /// Whether the node that takes the place of a pod's own is one for it, as long as it bears the same labels.
    pub(super) fn follows(&self, demand: &Demand<'_>, own: usize) -> bool {
        let next = self.next(own);
        next.is_some_and(|next| next.named(demand))
    }

    /// The site that takes the place of one, where nodes are replaced.
    fn next(&self, own: usize) -> Option<&Site<'a>> {
        self.list.get(self.today + own)
    }

    /// What ties a pod to its own site, where no other usable site of today is named, nor any that takes its place.
    pub(super) fn tie(&self, demand: &Demand<'_>, named: &[u32], own: usize) -> Option<Tie> {
        let other = |site: &usize| *site != own && self.list[*site].usable;
        if named.iter().any(|&site| other(&(site as usize))) {
            return None;
        }
        let bare = Site::bare(self.list[own].node);
        let follows = self.follows(demand, own);
        if follows && bare.named(demand) {
            return None;
        }
        let others = (0..self.today).filter(other).map(|site| &self.list[site]);
        let next = self
            .next(own)
            .map(|next| if follows { &bare } else { next });
        let mut strangers = others.chain(next).peekable();
        strangers.peek()?;
        let selected = |site: &Site<'_>| site.selected(demand.selector, demand.terms);
        Some(if strangers.any(selected) {
            Tie::Volume
        } else {
            Tie::Selector
        })
    }

    /// The few sites that a demand names by host or name, where it does.
    fn narrowed(&self, demand: &Demand<'_>) -> Option<Vec<u32>> {
        if let Some(host) = demand.selector.get(HOSTNAME) {
            return Some(self.by_host.get(host).cloned().unwrap_or_default());
        }
        let lists = demand.volumes.iter().copied().chain([demand.terms]);
        lists.into_iter().find_map(|terms| self.named_by(terms))
    }

    fn named_by(&self, terms: &[NodeTerm]) -> Option<Vec<u32>> {
        let lists: Option<Vec<_>> = terms.iter().map(|term| self.named_by_one(term)).collect();
        let mut sites = lists.filter(|lists| !lists.is_empty())?.concat();
        sites.sort_unstable();
        sites.dedup();
        Some(sites)
    }

    fn named_by_one(&self, term: &NodeTerm) -> Option<Vec<u32>> {
        let lists = |one: &&Requirement| one.operator == "In";
        let mut hosts = term
            .labels
            .iter()
            .filter(|one| one.key == HOSTNAME)
            .filter(lists);
        if let Some(hosts) = hosts.next() {
            let sites = hosts
                .values
                .iter()
                .filter_map(|host| self.by_host.get(host));
            return Some(sites.flatten().copied().collect());
        }
        let names = term.fields.iter().find(lists)?;
        let sites = names
            .values
            .iter()
            .filter_map(|name| self.by_name.get(name.as_str()));
        Some(sites.copied().collect())
    }
}
