//! Rules that look at other pods: what must be near, apart, spread.

use std::collections::{BTreeMap, HashMap};

use airworthy_model::facts::Spread;

use super::{
    kinds::{Kind, Kinds, Seen, SpreadRule},
    sites::{Site, Sites},
};

/// Sites that have the same value of a label are one place; those without it are none.
type PlaceOf = Box<[Option<u32>]>;

/// Which rule forbids a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Forbidden {
    /// Nobody is there whom the pod must be near to.
    Alone,
    /// Somebody is there from whom it must be apart, or who must be apart from it.
    Together,
    /// There would be too many in one place.
    Uneven,
}

/// Pods at each place of one topology.
#[derive(Debug)]
struct Counts {
    topology: usize,
    at: Vec<u32>,
}

impl Counts {
    fn new(topology: usize, places: &Places) -> Self {
        let at = vec![0; places.counts[topology]];
        Self { topology, at }
    }

    fn at(&self, places: &Places, site: usize) -> Option<u32> {
        Some(self.at[places.of[self.topology][site]? as usize])
    }

    /// Adds or takes away one; tells the place and how many it had.
    fn change(&mut self, places: &Places, site: usize, more: bool) -> Option<(u32, u32)> {
        let place = places.of[self.topology][site]?;
        let count = &mut self.at[place as usize];
        let had = *count;
        *count = if more { had + 1 } else { had.saturating_sub(1) };
        Some((place, had))
    }
}

#[derive(Debug)]
struct Near {
    /// Term by term: pods that all terms of the rule select.
    terms: Vec<Counts>,
    /// Such pods in any place.
    total: u32,
}

#[derive(Debug)]
struct Apart {
    /// Pods that the term selects.
    selected: Counts,
    /// Pods that have the term.
    having: Counts,
}

#[derive(Debug)]
struct Spreading<'a> {
    spread: &'a Spread,
    selected: Counts,
    /// Sites that count while they are there.
    counted: Box<[bool]>,
    /// Sites that count now.
    counting: Box<[bool]>,
    /// Selected pods by site, counting or not.
    on: HashMap<u32, u32>,
    /// How many sites each place has now.
    sites: Vec<u32>,
    /// How many places with sites have how many selected pods.
    levels: BTreeMap<u32, u32>,
}

impl<'a> Spreading<'a> {
    fn new(rule: &SpreadRule<'a>, places: &Places, sites: &Sites<'_>) -> Self {
        let selected = Counts::new(places.topologies[&*rule.spread.topology], places);
        let all_keys = |site: &Site<'_>| {
            let mut keys = rule.shape.spread.iter();
            keys.all(|spread| site.labels().get(&spread.topology).is_some())
        };
        let counted = |site: &Site<'_>| {
            let shape = rule.shape;
            let selected = site.selected(&shape.node_selector, &shape.node_terms);
            let tainted = rule.spread.honours_taints && site.repels(&shape.tolerations);
            all_keys(site) && !tainted && (rule.spread.counts_unselected || selected)
        };
        Self {
            spread: rule.spread,
            counted: sites.list.iter().map(counted).collect(),
            counting: vec![false; sites.list.len()].into(),
            on: HashMap::new(),
            sites: vec![0; selected.at.len()],
            levels: BTreeMap::new(),
            selected,
        }
    }

    /// Places with so many selected pods become one more or one fewer.
    fn level(&mut self, count: u32, more: bool) {
        let places = self.levels.entry(count).or_default();
        *places = if more {
            *places + 1
        } else {
            places.saturating_sub(1)
        };
        if *places == 0 {
            self.levels.remove(&count);
        }
    }

    /// A site comes or goes, with the pods that are on it.
    fn site(&mut self, places: &Places, site: usize, comes: bool) {
        let place = places.of[self.selected.topology][site].map(|place| place as usize);
        let Some(place) = place.filter(|_| self.counted[site] && self.counting[site] != comes)
        else {
            return;
        };
        self.counting[site] = comes;
        let pods = self.on.get(&(site as u32)).copied().unwrap_or(0);
        if self.sites[place] > 0 {
            self.level(self.selected.at[place], false);
        }
        let (sites, count) = (&mut self.sites[place], &mut self.selected.at[place]);
        if comes {
            (*sites, *count) = (*sites + 1, *count + pods);
        } else {
            (*sites, *count) = (sites.saturating_sub(1), count.saturating_sub(pods));
        }
        if self.sites[place] > 0 {
            self.level(self.selected.at[place], true);
        }
    }

    fn pod(&mut self, places: &Places, site: usize, more: bool) {
        let on = self.on.entry(site as u32).or_default();
        *on = if more { *on + 1 } else { on.saturating_sub(1) };
        if !self.counting[site] {
            return;
        }
        if let Some((place, had)) = self.selected.change(places, site, more) {
            self.level(had, false);
            self.level(self.selected.at[place as usize], true);
        }
    }

    fn admits(&self, places: &Places, site: usize, selects_itself: bool) -> bool {
        let Some(here) = self.selected.at(places, site) else {
            return false;
        };
        let all: u32 = self.levels.values().sum();
        let fewest = self.levels.keys().next().copied().unwrap_or(0);
        let fewest = if all < self.spread.min_places {
            0
        } else {
            fewest
        };
        here + u32::from(selects_itself) <= fewest.saturating_add(self.spread.max_skew)
    }
}

/// The places of all topologies that rules name.
#[derive(Debug)]
struct Places {
    topologies: HashMap<String, usize>,
    of: Vec<PlaceOf>,
    counts: Vec<usize>,
}

impl Places {
    fn new<'t>(keys: impl Iterator<Item = &'t str>, sites: &Sites<'_>) -> Self {
        let mut places = Self {
            topologies: HashMap::new(),
            of: Vec::new(),
            counts: Vec::new(),
        };
        for key in keys {
            if !places.topologies.contains_key(key) {
                places.topologies.insert(key.to_owned(), places.of.len());
                places.add(key, sites);
            }
        }
        places
    }

    fn add(&mut self, key: &str, sites: &Sites<'_>) {
        let mut values: HashMap<&str, u32> = HashMap::new();
        let mut of = Vec::with_capacity(sites.list.len());
        for site in &sites.list {
            let next = values.len() as u32;
            let value = site.labels().get(key);
            of.push(value.map(|value| *values.entry(value).or_insert(next)));
        }
        self.counts.push(values.len());
        self.of.push(of.into());
    }
}

/// What all rules see at this moment.
#[derive(Debug)]
pub(super) struct Neighbours<'a> {
    places: Places,
    near: Vec<Near>,
    apart: Vec<Apart>,
    spread: Vec<Spreading<'a>>,
}

impl<'a> Neighbours<'a> {
    pub(super) fn new(kinds: &Kinds<'a>, sites: &Sites<'a>) -> Self {
        let near = kinds.near.list.iter().flat_map(|rule| rule.terms);
        let terms = near.chain(kinds.apart.list.iter().map(|rule| rule.term));
        let spread = kinds.spread.list.iter().map(|rule| &*rule.spread.topology);
        let places = Places::new(terms.map(|term| &*term.topology).chain(spread), sites);
        let counts = |topology: &str| Counts::new(places.topologies[topology], &places);
        let near = kinds.near.list.iter().map(|rule| Near {
            terms: rule
                .terms
                .iter()
                .map(|term| counts(&term.topology))
                .collect(),
            total: 0,
        });
        let apart = kinds.apart.list.iter().map(|rule| Apart {
            selected: counts(&rule.term.topology),
            having: counts(&rule.term.topology),
        });
        let spread = kinds.spread.list.iter();
        Self {
            near: near.collect(),
            apart: apart.collect(),
            spread: spread
                .map(|rule| Spreading::new(rule, &places, sites))
                .collect(),
            places,
        }
    }

    /// A site is there.
    pub(super) fn there(&mut self, site: usize) {
        for spread in &mut self.spread {
            spread.site(&self.places, site, true);
        }
    }

    /// A site that was cordoned is gone.
    pub(super) fn gone(&mut self, site: usize) {
        for spread in self
            .spread
            .iter_mut()
            .filter(|one| !one.spread.honours_taints)
        {
            spread.site(&self.places, site, false);
        }
    }

    /// A site is cordoned, or is so no more: for those who look at taints that is as if it were gone.
    pub(super) fn cordon(&mut self, site: usize, cordoned: bool) {
        for spread in self
            .spread
            .iter_mut()
            .filter(|one| one.spread.honours_taints)
        {
            spread.site(&self.places, site, !cordoned);
        }
    }

    /// A pod comes to a site, or leaves it.
    pub(super) fn pod(&mut self, kind: &Kind<'_>, seen: &Seen, site: usize, comes: bool) {
        let places = &self.places;
        for &rule in &seen.near {
            let near = &mut self.near[rule as usize];
            for term in &mut near.terms {
                if term.change(places, site, comes).is_some() {
                    near.total = if comes {
                        near.total + 1
                    } else {
                        near.total.saturating_sub(1)
                    };
                }
            }
        }
        for &rule in &seen.apart {
            self.apart[rule as usize]
                .selected
                .change(places, site, comes);
        }
        for &rule in &kind.apart {
            self.apart[rule].having.change(places, site, comes);
        }
        for &rule in &seen.spread {
            self.spread[rule as usize].pod(places, site, comes);
        }
    }

    /// Which rule keeps a pod of this kind from a site, where one does.
    pub(super) fn forbid(&self, kind: &Kind<'_>, seen: &Seen, site: usize) -> Option<Forbidden> {
        let none = |count: Option<u32>| count.unwrap_or(0) == 0;
        let apart = kind
            .apart
            .iter()
            .all(|&rule| none(self.apart[rule].selected.at(&self.places, site)));
        let others = seen.apart.iter();
        let wanted = others
            .into_iter()
            .all(|&rule| none(self.apart[rule as usize].having.at(&self.places, site)));
        if !apart || !wanted {
            return Some(Forbidden::Together);
        }
        if kind
            .near
            .is_some_and(|rule| !self.is_near(rule, seen, site))
        {
            return Some(Forbidden::Alone);
        }
        let spread = |&rule: &usize| {
            let itself = seen.spread.contains(&(rule as u32));
            self.spread[rule].admits(&self.places, site, itself)
        };
        (!kind.spread.iter().all(spread)).then_some(Forbidden::Uneven)
    }

    /// Pods of the rule are there in every term's place; or there are none at all and the pod is the first of them.
    fn is_near(&self, rule: usize, seen: &Seen, site: usize) -> bool {
        let near = &self.near[rule];
        let counts = near.terms.iter().map(|term| term.at(&self.places, site));
        let Some(counts) = counts.collect::<Option<Vec<_>>>() else {
            return false;
        };
        let first = near.total == 0 && seen.near.contains(&(rule as u32));
        first || counts.iter().all(|&count| count > 0)
    }
}
