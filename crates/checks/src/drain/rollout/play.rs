//! The rollout itself, step by step.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
};

use airworthy_model::facts::Pod;

use super::{
    Certainty, Event, Report, Stall, Stranded, World,
    budgets::Budgets,
    fleet::Fleet,
    kinds::{Kind, Kinds, Seen},
    neighbours::Neighbours,
    order::order,
    sites::{Admitted, Sites},
    why::{Hindrance, Why},
};

/// For so many stranded pods it is told why.
const EXPLAINED: usize = 300;
/// So often a pod of higher priority pushes others out; a rollout that needs more is crowded.
const PREEMPTIONS: u32 = 1000;

/// How far the sites of a list are known to be full for a lane: sites that never empty again stay full.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    fresh: usize,
    old: usize,
}

pub(super) struct Play<'a, 'w> {
    world: &'w World<'a>,
    tell: &'w mut dyn FnMut(Event),
    kinds: Kinds<'a>,
    sites: Sites<'a>,
    admitted: Vec<Admitted>,
    fleet: Fleet,
    neighbours: Neighbours<'a>,
    budgets: Budgets,
    /// Sites that are drained no more, in the order in which they came.
    fresh: Vec<u32>,
    /// Sites that are still to be drained, the last one first.
    old: Vec<u32>,
    /// Sites that preemption has made room on, against the order of things.
    emptied: BTreeSet<u32>,
    progress: Vec<Progress>,
    preemptions: u32,
    lowest_priority: i32,
    /// Those who stay with their node, by node.
    staying: Vec<Vec<u32>>,
    report: Report<'a>,
    /// Kinds that found nothing in this step and look at nobody: the next of them need not look.
    hopeless: HashSet<u32>,
}

/// A pod that has left its node and found no other.
struct Homeless {
    pod: u32,
    budget: Option<usize>,
    /// Its row in the report, where it has one.
    row: Option<usize>,
}

/// What becomes of a pod when its node is drained.
pub(super) enum Fate {
    /// It was here for an end that has come, or is going anyway.
    Ignored,
    /// It stays with its node.
    Stays,
    /// It is evicted, and its controller makes another.
    Moves,
    /// It is evicted, and that is its end.
    Ends,
}

pub(super) fn fate(pod: &Pod) -> Fate {
    if pod.is_finished() || pod.deleting || pod.node.is_empty() {
        return Fate::Ignored;
    }
    if pod.stays_with_node() {
        return Fate::Stays;
    }
    match &pod.controller {
        Some(_) => Fate::Moves,
        None => Fate::Ends,
    }
}

impl<'a, 'w> Play<'a, 'w> {
    pub(super) fn new(world: &'w World<'a>, tell: &'w mut dyn FnMut(Event)) -> Self {
        let replaced = world.pace.surge_of(world.nodes.len()) > 0;
        let kinds = Kinds::of(world);
        let sites = Sites::new(world.nodes, replaced);
        let admitted = kinds
            .demands
            .list
            .iter()
            .map(|demand| sites.admitted(demand));
        let mut play = Self {
            admitted: admitted.collect(),
            fleet: Fleet::new(world, &sites, &kinds),
            neighbours: Neighbours::new(&kinds, &sites),
            budgets: Budgets::new(world.pdbs),
            fresh: Vec::new(),
            old: order(world.nodes, world.pace.order.unwrap_or_default())
                .into_iter()
                .rev()
                .map(|site| site as u32)
                .collect(),
            emptied: BTreeSet::new(),
            progress: vec![Progress::default(); kinds.lanes],
            preemptions: 0,
            lowest_priority: i32::MAX,
            staying: vec![Vec::new(); world.nodes.len()],
            report: Report::default(),
            hopeless: HashSet::new(),
            world,
            tell,
            kinds,
            sites,
        };
        play.settle();
        play
    }

    /// Everything as it is before the rollout.
    fn settle(&mut self) {
        for site in 0..self.sites.today {
            self.neighbours.there(site);
            if self.sites.list[site].usable {
                self.fleet.open[site] = true;
            } else {
                self.neighbours.cordon(site, true);
            }
        }
        for (number, pod) in self.world.pods.iter().enumerate() {
            let Some(site) = self.sites.named(&pod.node) else {
                continue;
            };
            match fate(pod) {
                Fate::Ignored => {}
                Fate::Stays => {
                    self.staying[site].push(number as u32);
                    self.stay(number as u32, site);
                }
                Fate::Moves | Fate::Ends => {
                    let priority = self.kind(number as u32).0.shape.priority;
                    self.lowest_priority = self.lowest_priority.min(priority);
                    self.put(number as u32, site);
                }
            }
        }
    }

    fn kind(&self, pod: u32) -> (&Kind<'a>, &Seen) {
        let kind = &self.kinds.list[self.kinds.of[pod as usize] as usize];
        (kind, &self.kinds.seen[kind.seen_as])
    }

    fn stay(&mut self, pod: u32, site: usize) {
        let kind = &self.kinds.list[self.kinds.of[pod as usize] as usize];
        self.fleet.keep(kind, site);
        let seen = &self.kinds.seen[kind.seen_as];
        self.neighbours.pod(kind, seen, site, true);
    }

    fn put(&mut self, pod: u32, site: usize) {
        let kind = &self.kinds.list[self.kinds.of[pod as usize] as usize];
        self.fleet.put(pod, kind, site);
        let seen = &self.kinds.seen[kind.seen_as];
        self.neighbours.pod(kind, seen, site, true);
    }

    fn lift(&mut self, pod: u32, site: usize) {
        let kind = &self.kinds.list[self.kinds.of[pod as usize] as usize];
        self.fleet.take(pod, kind, site);
        let seen = &self.kinds.seen[kind.seen_as];
        self.neighbours.pod(kind, seen, site, false);
    }

    fn evict(&mut self, pod: u32, site: usize) {
        self.lift(pod, site);
        self.told_evicted(pod, site);
    }

    fn told_evicted(&mut self, pod: u32, site: usize) {
        (self.tell)(Event::Evicted {
            pod: pod as usize,
            site,
        });
    }

    pub(super) fn run(mut self) -> Report<'a> {
        let drained = self.world.pace.drained_of(self.sites.today);
        let surge = self.world.pace.surge_of(self.sites.today);
        while !self.old.is_empty() {
            let batch = self.old.split_off(self.old.len().saturating_sub(drained));
            let batch: Vec<usize> = batch.into_iter().rev().map(|site| site as usize).collect();
            self.step(&batch, surge);
        }
        self.report
    }

    /// One batch: drained, and back or replaced.
    fn step(&mut self, batch: &[usize], surge: usize) {
        self.hopeless.clear();
        let (first, rest) = batch.split_at(surge.min(batch.len()));
        for &site in first {
            self.add(site + self.sites.today);
        }
        for &site in batch {
            self.fleet.open[site] = false;
            if self.sites.list[site].usable {
                self.neighbours.cordon(site, true);
            }
            (self.tell)(Event::Cordoned(site));
        }
        let homeless = self.drain(batch);
        if surge > 0 {
            for &site in batch {
                self.remove(site);
            }
            for &site in rest {
                self.add(site + self.sites.today);
            }
        } else {
            for &site in batch {
                self.back(site);
            }
        }
        self.hopeless.clear();
        for Homeless { pod, budget, row } in homeless {
            if self.place(pod) {
                self.budgets.give_back(budget);
                if let Some(row) = row {
                    self.report.stranded[row].returns = true;
                }
            }
        }
    }

    /// A site that takes the place of another, with those who stay with the node.
    fn add(&mut self, site: usize) {
        self.neighbours.there(site);
        self.fleet.open[site] = true;
        self.fresh.push(site as u32);
        for pod in self.staying[site - self.sites.today].clone() {
            self.stay(pod, site);
        }
        (self.tell)(Event::Added(site));
    }

    fn back(&mut self, site: usize) {
        if self.sites.list[site].usable {
            self.fleet.open[site] = true;
            self.neighbours.cordon(site, false);
            self.fresh.push(site as u32);
        }
        (self.tell)(Event::Back(site));
    }

    fn remove(&mut self, site: usize) {
        for pod in self.staying[site].clone() {
            let kind = &self.kinds.list[self.kinds.of[pod as usize] as usize];
            self.neighbours
                .pod(kind, &self.kinds.seen[kind.seen_as], site, false);
        }
        self.neighbours.gone(site);
        (self.tell)(Event::Removed(site));
    }

    /// Evicts everybody from a batch, as long as budgets allow; then the rest, as somebody will have to.
    fn drain(&mut self, batch: &[usize]) -> Vec<Homeless> {
        let mut homeless = Vec::new();
        let mut waiting = self.to_move(batch);
        loop {
            let before = waiting.len();
            waiting.retain(|&(pod, site)| !self.leave(pod, site, batch, &mut homeless));
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        self.stalled(&waiting);
        for (pod, site) in waiting {
            self.evict(pod, site);
            self.house(pod, site, None, batch, &mut homeless);
        }
        homeless
    }

    /// The pods of a batch: the important first, then the large.
    fn to_move(&self, batch: &[usize]) -> Vec<(u32, usize)> {
        let on = |&site: &usize| self.fleet.pods[site].iter().map(move |&pod| (pod, site));
        let mut pods: Vec<_> = batch.iter().flat_map(on).collect();
        pods.sort_by_cached_key(|&(pod, _)| {
            let (kind, _) = self.kind(pod);
            let requests = &kind.shape.requests;
            let size = |name| requests.get(name).copied().unwrap_or(0);
            // A core weighs as much as four GiB.
            let size = size("cpu").saturating_mul(1 << 32) / 1000 + size("memory");
            (Reverse(kind.shape.priority), Reverse(size), pod)
        });
        pods
    }

    /// Whether the pod could leave; then it has found another node or is homeless, or it is gone for good.
    fn leave(
        &mut self,
        pod: u32,
        site: usize,
        batch: &[usize],
        homeless: &mut Vec<Homeless>,
    ) -> bool {
        let (_, seen) = self.kind(pod);
        let budget = self.budgets.of(self.world.pods[pod as usize], seen);
        if !self.budgets.take(budget) {
            return false;
        }
        self.evict(pod, site);
        self.house(pod, site, budget, batch, homeless);
        true
    }

    fn house(
        &mut self,
        pod: u32,
        from: usize,
        budget: Option<usize>,
        batch: &[usize],
        homeless: &mut Vec<Homeless>,
    ) {
        if matches!(fate(self.world.pods[pod as usize]), Fate::Ends) {
            return;
        }
        if self.place(pod) {
            self.budgets.give_back(budget);
            return;
        }
        let (placed, victims) = self.preempt(pod);
        if placed {
            self.budgets.give_back(budget);
        } else {
            let row = self.strand(pod, from, batch);
            homeless.push(Homeless { pod, budget, row });
        }
        for (victim, site) in victims {
            // They are of lower priority, so this ends.
            self.house(victim, site, None, batch, homeless);
        }
    }

    fn stalled(&mut self, waiting: &[(u32, usize)]) {
        let mut told = HashSet::new();
        for &(pod, site) in waiting {
            let (_, seen) = self.kind(pod);
            let budget = self.budgets.of(self.world.pods[pod as usize], seen);
            if let Some(number) = budget.filter(|number| told.insert(*number)) {
                self.report.stalls.push(Stall {
                    node: self.sites.list[site].node,
                    pdb: &self.world.pdbs[number],
                });
            }
        }
    }

    fn fits(&self, kind: &Kind<'_>, seen: &Seen, site: usize) -> bool {
        self.fleet.open[site]
            && self.fleet.full(kind, site).is_none()
            && self.neighbours.forbid(kind, seen, site).is_none()
    }

    /// Finds a site for a pod and puts it there.
    fn place(&mut self, pod: u32) -> bool {
        let number = self.kinds.of[pod as usize];
        if self.hopeless.contains(&number) {
            return false;
        }
        let Some(site) = self.find(pod) else {
            let (kind, seen) = self.kind(pod);
            if !kind.looks_at_others(seen) {
                self.hopeless.insert(number);
            }
            return false;
        };
        self.put(pod, site);
        (self.tell)(Event::Placed {
            pod: pod as usize,
            site,
        });
        true
    }

    fn find(&mut self, pod: u32) -> Option<usize> {
        let kind = &self.kinds.list[self.kinds.of[pod as usize] as usize];
        let seen = &self.kinds.seen[kind.seen_as];
        match &self.admitted[kind.demand] {
            Admitted::Few(few) => {
                let mut few = few.iter().map(|&site| site as usize);
                few.find(|&site| self.fits(kind, seen, site))
            }
            Admitted::Many(many) => {
                let mut progress = self.progress[kind.lane];
                let full = |site: u32| {
                    !many[site as usize] || self.fleet.full(kind, site as usize).is_some()
                };
                let fits =
                    |site: &&u32| many[**site as usize] && self.fits(kind, seen, **site as usize);
                progress.fresh += self.fresh[progress.fresh..]
                    .iter()
                    .take_while(|site| full(**site))
                    .count();
                let old = &self.old[progress.old.min(self.old.len())..];
                progress.old += old.iter().take_while(|site| full(**site)).count();
                let old = self.old.get(progress.old..).unwrap_or_default();
                let mut sites = self.fresh[progress.fresh..]
                    .iter()
                    .chain(old)
                    .chain(&self.emptied);
                let found = sites.find(|site| fits(site)).map(|&site| site as usize);
                self.progress[kind.lane] = progress;
                found
            }
        }
    }

    /// Puts a pod in the place of others of lower priority, where that makes room; tells whom it has pushed out.
    fn preempt(&mut self, pod: u32) -> (bool, Vec<(u32, usize)>) {
        let (kind, seen) = self.kind(pod);
        let priority = kind.shape.priority;
        if kind.shape.never_preempts
            || priority <= self.lowest_priority
            || self.preemptions >= PREEMPTIONS
        {
            return (false, Vec::new());
        }
        let open = self.admitted[kind.demand].sites().filter(|&site| {
            self.fleet.open[site]
                && self.fleet.full_when_empty(kind, site).is_none()
                && self.neighbours.forbid(kind, seen, site).is_none()
        });
        let best = open.filter_map(|site| Some((self.victims(pod, site)?, site)));
        let best = best.min_by_key(|(victims, site)| (self.highest(victims), victims.len(), *site));
        let Some((victims, site)) = best else {
            return (false, Vec::new());
        };
        self.preemptions += 1;
        for &victim in &victims {
            self.lift(victim, site);
        }
        let (kind, seen) = self.kind(pod);
        if !self.fits(kind, seen, site) {
            // It needed one of them near.
            for &victim in &victims {
                self.put(victim, site);
            }
            return (false, Vec::new());
        }
        for &victim in &victims {
            self.told_evicted(victim, site);
        }
        self.emptied.insert(site as u32);
        self.put(pod, site);
        (self.tell)(Event::Placed {
            pod: pod as usize,
            site,
        });
        self.hopeless.clear();
        // Whoever is below everybody's default is there to be pushed out.
        let missed = |victim: &u32| self.kind(*victim).0.shape.priority >= 0;
        (
            true,
            victims
                .into_iter()
                .filter(missed)
                .map(|victim| (victim, site))
                .collect(),
        )
    }

    fn highest(&self, pods: &[u32]) -> Option<i32> {
        pods.iter()
            .map(|&pod| self.kind(pod).0.shape.priority)
            .max()
    }

    /// Those of lower priority who must go from a site so that a pod has room; the lowest first.
    fn victims(&self, pod: u32, site: usize) -> Option<Vec<u32>> {
        let (kind, _) = self.kind(pod);
        let priority = |&pod: &u32| self.kind(pod).0.shape.priority;
        let lower = self.fleet.pods[site].iter().copied();
        let mut lower: Vec<u32> = lower
            .filter(|other| priority(other) < kind.shape.priority)
            .collect();
        lower.sort_by_key(|other| (priority(other), *other));
        let mut room = self.fleet.room(site);
        let mut victims = Vec::new();
        for other in lower {
            if room.takes(kind) {
                break;
            }
            room.lose(self.kind(other).0);
            victims.push(other);
        }
        room.takes(kind).then_some(victims)
    }

    /// Notes a pod that finds no site. Who is there to be pushed out is not missed.
    fn strand(&mut self, pod: u32, from: usize, batch: &[usize]) -> Option<usize> {
        (self.tell)(Event::Stranded { pod: pod as usize });
        let (kind, seen) = self.kind(pod);
        if kind.shape.priority < 0 {
            return None;
        }
        let explained = self.report.stranded.len() < EXPLAINED;
        let certainty = self.certainty(kind, batch);
        let stranded = Stranded {
            pod: self.world.pods[pod as usize],
            from: self.sites.list[from].node,
            certainty,
            pinned: certainty == Certainty::Nowhere && self.is_pinned(kind, from),
            returns: false,
            why: explained.then(|| self.why(kind, seen, batch)),
        };
        self.report.stranded.push(stranded);
        Some(self.report.stranded.len() - 1)
    }

    /// Nodes that are drained together with its own are others all the same.
    fn is_pinned(&self, kind: &Kind<'_>, from: usize) -> bool {
        let demand = &self.kinds.demands.list[kind.demand];
        let usable = |site: &usize| self.sites.list[*site].usable && *site != from;
        let others = || (0..self.sites.list.len()).filter(usable);
        others().next().is_some() && !others().any(|site| self.sites.list[site].named(demand))
    }

    fn certainty(&self, kind: &Kind<'_>, batch: &[usize]) -> Certainty {
        let admits = &self.admitted[kind.demand];
        let others = admits
            .sites()
            .filter(|site| self.sites.list[*site].usable && !batch.contains(site));
        let mut certainty = Certainty::Nowhere;
        for site in others {
            if self.fleet.full_when_empty(kind, site).is_none() {
                return Certainty::Crowded;
            }
            certainty = Certainty::TooSmall;
        }
        certainty
    }

    fn why(&self, kind: &Kind<'_>, seen: &Seen, batch: &[usize]) -> Why {
        let mut why = Why::default();
        // A usable site that is not open is drained, gone or not there yet.
        let there = |site: &usize| self.fleet.open[*site] || !self.sites.list[*site].usable;
        for site in (0..self.sites.list.len())
            .filter(there)
            .filter(|site| !batch.contains(site))
        {
            let demand = &self.kinds.demands.list[kind.demand];
            let unfit = self.sites.list[site].unfit(demand).map(Hindrance::Unfit);
            let closed = (!self.fleet.open[site]).then_some(Hindrance::Closed);
            let full = || self.fleet.full(kind, site).map(Hindrance::Full);
            let forbidden = || {
                self.neighbours
                    .forbid(kind, seen, site)
                    .map(Hindrance::Forbidden)
            };
            if let Some(hindrance) = unfit.or(closed).or_else(full).or_else(forbidden) {
                why.add(hindrance, &self.kinds.columns.list);
            }
        }
        why
    }
}
