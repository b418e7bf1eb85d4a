//! The simulation against a plain reading of the scheduler's rules, on small random clusters.

use std::{collections::BTreeMap, sync::Arc};

use airworthy_model::{
    NodeOrder, Pace,
    facts::{
        ControllerRef, CsiNode, HostPort, IntOrPercent, LabelSelector, Labels, Node, NodeDriver,
        NodeTerm, Pdb, PersistentVolume, PersistentVolumeClaim, Pod, PodShape, PodTerm, PodVolume,
        Requirement, Resources, Spread, Taint, Toleration,
    },
};

use super::{Certainty, Event, World, simulate};

const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "zone";

/// A small source of numbers, the same on every machine (xorshift).
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one_in(&mut self, chance: u64) -> bool {
        self.up_to(chance) == 0
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.up_to(from.len() as u64) as usize]
    }
}

/// A cluster of its own.
#[derive(Debug, Default)]
struct Small {
    nodes: Vec<Node>,
    pods: Vec<Pod>,
    pdbs: Vec<Pdb>,
    volumes: Vec<PersistentVolume>,
    claims: Vec<PersistentVolumeClaim>,
    csi_nodes: Vec<CsiNode>,
    pace: Pace,
}

impl Small {
    fn random(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut small = Self::default();
        let nodes = 2 + dice.up_to(4);
        for number in 0..nodes {
            small.add_node(&mut dice, number);
        }
        let apps = 1 + dice.up_to(4);
        for app in 0..apps {
            let (shape, labels) = (
                Arc::new(shape(&mut dice)),
                Labels::from_iter([("app", format!("a{app}"))]),
            );
            for replica in 0..=dice.up_to(3) {
                small.add_pod(&mut dice, &format!("a{app}-{replica}"), &shape, &labels);
            }
            if dice.one_in(3) {
                small.pdbs.push(budget(&mut dice, app));
            }
        }
        if dice.one_in(2) {
            small.pace.batch = Some(IntOrPercent::Int(1 + dice.up_to(2) as i32));
        }
        if dice.one_in(3) {
            small.pace.surge = Some(IntOrPercent::Int(1 + dice.up_to(2) as i32));
        }
        small.pace.order = Some(*dice.pick(&[NodeOrder::Name, NodeOrder::Age, NodeOrder::Pool]));
        small
    }

    fn add_node(&mut self, dice: &mut Dice, number: u64) {
        let name = format!("n{number}");
        let mut labels = vec![(HOST, name.clone())];
        if !dice.one_in(8) {
            labels.push((ZONE, (*dice.pick(&["a", "b"])).to_owned()));
        }
        let taint = Taint {
            key: "only".into(),
            value: "some".into(),
            effect: "NoSchedule".into(),
        };
        self.nodes.push(Node {
            labels: labels.into_iter().collect(),
            unschedulable: dice.one_in(10),
            taints: if dice.one_in(6) { vec![taint] } else { vec![] },
            allocatable: amounts(&[("cpu", 2 + dice.up_to(4)), ("pods", 3 + dice.up_to(4))]),
            name: name.clone(),
            ..Node::default()
        });
        let driver = NodeDriver {
            name: "csi".into(),
            limit: Some(1 + dice.up_to(2) as i32),
        };
        self.csi_nodes.push(CsiNode {
            name: name.clone(),
            drivers: vec![driver],
        });
        if dice.one_in(2) {
            let shape = PodShape {
                requests: amounts(&[("cpu", 1)]),
                ..PodShape::default()
            };
            self.pods.push(Pod {
                node: name.as_str().into(),
                ..pod(&format!("agent-{name}"), "DaemonSet", shape.into())
            });
        }
    }

    /// On a node where it may be, if there is one.
    fn add_pod(&mut self, dice: &mut Dice, name: &str, shape: &Arc<PodShape>, labels: &Labels) {
        let kind = if dice.one_in(8) { "" } else { "ReplicaSet" };
        let mut new = Pod {
            labels: labels.clone(),
            ready: !dice.one_in(5),
            ..pod(name, kind, Arc::clone(shape))
        };
        if dice.one_in(4) {
            self.claim(dice, name);
            new.volumes.push(PodVolume::Claim(name.into()));
        }
        self.pods.push(new);
        let number = self.pods.len() - 1;
        let mut plain = Plain::settled(self, number);
        let fits: Vec<usize> = (0..self.nodes.len())
            .filter(|&site| plain.fits(number, site))
            .collect();
        plain.at.clear();
        if fits.is_empty() {
            self.pods.pop();
        } else {
            self.pods[number].node = (&self.nodes[*dice.pick(&fits)].name).into();
        }
    }

    fn claim(&mut self, dice: &mut Dice, name: &str) {
        let requirement = match dice.up_to(3) {
            0 => requirement(HOST, &["n0", "n1"]),
            _ => requirement(ZONE, &["a"]),
        };
        self.volumes.push(PersistentVolume {
            name: format!("pv-{name}"),
            driver: "csi".into(),
            node_terms: if dice.one_in(2) {
                vec![]
            } else {
                vec![term(requirement)]
            },
            ..PersistentVolume::default()
        });
        self.claims.push(PersistentVolumeClaim {
            namespace: "shop".into(),
            name: name.into(),
            volume: format!("pv-{name}"),
            ..PersistentVolumeClaim::default()
        });
    }

    fn play(&self, tell: &mut dyn FnMut(Event)) -> Vec<(String, Certainty)> {
        let (nodes, pods): (Vec<_>, Vec<_>) =
            (self.nodes.iter().collect(), self.pods.iter().collect());
        let world = World {
            nodes: &nodes,
            pods: &pods,
            pdbs: &self.pdbs,
            namespaces: &[],
            volumes: &self.volumes,
            claims: &self.claims,
            csi_nodes: &self.csi_nodes,
            pace: &self.pace,
        };
        let report = simulate(&world, tell);
        report
            .stranded
            .iter()
            .map(|one| (one.pod.name.clone(), one.certainty))
            .collect()
    }
}

fn amounts(list: &[(&str, u64)]) -> Resources {
    list.iter()
        .map(|(name, amount)| ((*name).into(), *amount))
        .collect()
}

fn requirement(key: &str, values: &[&str]) -> Requirement {
    Requirement {
        key: key.into(),
        operator: "In".into(),
        values: values.iter().map(ToString::to_string).collect(),
    }
}

fn term(requirement: Requirement) -> NodeTerm {
    NodeTerm {
        labels: vec![requirement],
        fields: vec![],
    }
}

fn selector(app: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Labels::from_iter([("app", app)]),
        match_expressions: vec![],
    }
}

fn pod(name: &str, kind: &str, shape: Arc<PodShape>) -> Pod {
    let controller = ControllerRef {
        kind: kind.into(),
        name: "owner".into(),
    };
    Pod {
        namespace: "shop".into(),
        name: name.into(),
        phase: "Running".into(),
        controller: (!kind.is_empty()).then_some(controller),
        shape: Some(shape),
        ..Pod::default()
    }
}

fn shape(dice: &mut Dice) -> PodShape {
    let mut shape = PodShape {
        requests: amounts(&[("cpu", dice.up_to(3))]),
        ..PodShape::default()
    };
    shape.requests.retain(|_, amount| *amount > 0);
    shape.priority = *dice.pick(&[0, 0, 0, 10, -10, 2_000_000_000]);
    shape.never_preempts = dice.one_in(4);
    if dice.one_in(3) {
        let toleration = Toleration {
            key: "only".into(),
            value: None,
            effect: "".into(),
        };
        shape.tolerations = vec![toleration];
    }
    if dice.one_in(6) {
        shape.node_selector = Labels::from_iter([(ZONE, *dice.pick(&["a", "b"]))]);
    }
    if dice.one_in(8) {
        shape.node_terms = vec![term(requirement(HOST, &["n0", "n2"]))];
    }
    if dice.one_in(6) {
        shape.host_ports = vec![HostPort {
            port: 80,
            ..HostPort::default()
        }];
    }
    let about = |dice: &mut Dice| PodTerm {
        selector: Some(selector(["a0", "a1"][dice.up_to(2) as usize])),
        topology: (*dice.pick(&[HOST, ZONE])).into(),
        ..PodTerm::default()
    };
    if dice.one_in(6) {
        shape.near = vec![about(dice)];
    }
    if dice.one_in(5) {
        shape.apart = vec![about(dice)];
    }
    if dice.one_in(5) {
        shape.spread = vec![Spread {
            selector: Some(selector(["a0", "a1"][dice.up_to(2) as usize])),
            topology: (*dice.pick(&[HOST, ZONE])).into(),
            min_places: 1 + dice.up_to(2) as u32,
            counts_unselected: dice.one_in(3),
            honours_taints: dice.one_in(2),
            ..Spread::default()
        }];
    }
    shape
}

fn budget(dice: &mut Dice, app: u64) -> Pdb {
    Pdb {
        api_version: "policy/v1".into(),
        namespace: "shop".into(),
        name: format!("b{app}"),
        selector: Some(selector(&format!("a{app}"))),
        disruptions_allowed: dice.up_to(3) as i32,
        ..Pdb::default()
    }
}

/// The rules of the scheduler, read off one by one, slowly.
#[derive(Debug)]
struct Plain<'s> {
    small: &'s Small,
    /// Pods and where they are; those of daemon sets may be at several.
    at: Vec<(usize, usize)>,
    open: Vec<bool>,
    cordoned: Vec<bool>,
    there: Vec<bool>,
}

impl<'s> Plain<'s> {
    /// As things are, without one pod.
    fn settled(small: &'s Small, without: usize) -> Self {
        let usable = |site: usize| !small.nodes[site].unschedulable;
        let today = |site: usize| site < small.nodes.len();
        let sites = 0..2 * small.nodes.len();
        let site = |pod: &Pod| small.nodes.iter().position(|node| node.name == pod.node);
        let pods = small
            .pods
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != without);
        Self {
            at: pods
                .filter_map(|(number, pod)| Some((number, site(pod)?)))
                .collect(),
            open: sites
                .clone()
                .map(|site| today(site) && usable(site))
                .collect(),
            cordoned: sites
                .clone()
                .map(|site| today(site) && !usable(site))
                .collect(),
            there: sites.map(today).collect(),
            small,
        }
    }

    fn node(&self, site: usize) -> &'s Node {
        &self.small.nodes[site % self.small.nodes.len()]
    }

    fn name(&self, site: usize) -> String {
        let name = &self.node(site).name;
        if site < self.small.nodes.len() {
            name.clone()
        } else {
            format!("{name} replaced")
        }
    }

    fn labels(&self, site: usize) -> Labels {
        let labels = self.node(site).labels.0.iter();
        let renamed = labels.map(|(key, value)| {
            let value = if &**key == HOST {
                self.name(site)
            } else {
                value.to_string()
            };
            (key.to_string(), value)
        });
        renamed.collect()
    }

    fn shape(&self, pod: usize) -> &'s PodShape {
        self.small.pods[pod].shape.as_ref().unwrap()
    }

    fn on(&self, site: usize) -> impl Iterator<Item = usize> {
        self.at
            .iter()
            .filter(move |(_, at)| *at == site)
            .map(|(pod, _)| *pod)
    }

    fn fits(&self, pod: usize, site: usize) -> bool {
        self.open[site]
            && self.admits(pod, site)
            && self.has_room(pod, site)
            && self.is_apart(pod, site)
            && self.is_near(pod, site)
            && self.is_spread(pod, site)
    }

    fn admits(&self, pod: usize, site: usize) -> bool {
        let shape = self.shape(pod);
        self.selected(shape, site) && self.tolerated(shape, site) && self.reached(pod, site)
    }

    fn selected(&self, shape: &PodShape, site: usize) -> bool {
        let (labels, name) = (self.labels(site), self.name(site));
        shape
            .node_selector
            .0
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
            && (shape.node_terms.is_empty()
                || shape
                    .node_terms
                    .iter()
                    .any(|term| term.admits(&labels, &name)))
    }

    fn tolerated(&self, shape: &PodShape, site: usize) -> bool {
        let taints = &self.node(site).taints;
        taints
            .iter()
            .all(|taint| shape.tolerations.iter().any(|one| one.tolerates(taint)))
    }

    fn volume(&self, pod: usize) -> Option<&'s PersistentVolume> {
        let claimed = !self.small.pods[pod].volumes.is_empty();
        let name = format!("pv-{}", self.small.pods[pod].name);
        claimed.then(|| {
            self.small
                .volumes
                .iter()
                .find(|volume| volume.name == name)
                .unwrap()
        })
    }

    fn reached(&self, pod: usize, site: usize) -> bool {
        let terms = self
            .volume(pod)
            .map(|volume| &volume.node_terms[..])
            .unwrap_or_default();
        terms.is_empty()
            || terms
                .iter()
                .any(|term| term.admits(&self.labels(site), &self.name(site)))
    }

    fn has_room(&self, pod: usize, site: usize) -> bool {
        let all: Vec<usize> = self.on(site).chain([pod]).collect();
        let node = self.node(site);
        let asked = |name: &str| {
            all.iter()
                .map(|&pod| self.shape(pod).requests.get(name).unwrap_or(&0))
                .sum::<u64>()
        };
        let attached = all
            .iter()
            .filter(|&&pod| self.volume(pod).is_some())
            .count();
        let csi = self
            .small
            .csi_nodes
            .iter()
            .find(|csi| csi.name == node.name)
            .unwrap();
        let ports = all
            .iter()
            .filter(|&&pod| !self.shape(pod).host_ports.is_empty())
            .count();
        let asks = self.shape(pod).requests.contains_key("cpu");
        (!asks || asked("cpu") <= node.allocatable["cpu"])
            && all.len() as u64 <= node.allocatable["pods"]
            && (self.volume(pod).is_none()
                || i64::try_from(attached).unwrap() <= i64::from(csi.drivers[0].limit.unwrap()))
            && (self.shape(pod).host_ports.is_empty() || ports <= 1)
    }

    fn chosen(&self, selector: Option<&LabelSelector>, pod: usize) -> bool {
        selector.is_some_and(|selector| selector.selects(&self.small.pods[pod].labels))
    }

    fn same_place(&self, key: &str, one: usize, other: usize) -> bool {
        let (one, other) = (self.labels(one), self.labels(other));
        one.get(key).is_some() && one.get(key) == other.get(key)
    }

    fn is_apart(&self, pod: usize, site: usize) -> bool {
        let clash = |having: usize, other: usize, at: usize| {
            let mut terms = self.shape(having).apart.iter();
            terms.any(|term| {
                self.chosen(term.selector.as_ref(), other)
                    && self.same_place(&term.topology, at, site)
            })
        };
        self.at
            .iter()
            .all(|&(other, at)| !clash(pod, other, at) && !clash(other, pod, at))
    }

    fn is_near(&self, pod: usize, site: usize) -> bool {
        let terms = &self.shape(pod).near;
        let chosen = |other: usize| {
            terms
                .iter()
                .all(|term| self.chosen(term.selector.as_ref(), other))
        };
        let others: Vec<usize> = self
            .at
            .iter()
            .filter(|(other, _)| chosen(*other))
            .map(|(_, at)| *at)
            .collect();
        let labelled = |term: &PodTerm, at: usize| self.labels(at).get(&term.topology).is_some();
        let anywhere = others
            .iter()
            .any(|&at| terms.iter().any(|term| labelled(term, at)));
        terms.iter().all(|term| {
            let near = others
                .iter()
                .any(|&at| self.same_place(&term.topology, at, site));
            labelled(term, site) && (near || (!anywhere && chosen(pod)))
        })
    }

    fn is_spread(&self, pod: usize, site: usize) -> bool {
        let shape = self.shape(pod);
        shape.spread.iter().all(|spread| {
            let counted = |at: usize| {
                let tainted = !self.tolerated(shape, at) || self.cordoned[at];
                self.there[at]
                    && (spread.counts_unselected || self.selected(shape, at))
                    && !(spread.honours_taints && tainted)
            };
            let mut places: BTreeMap<String, u32> = BTreeMap::new();
            for at in (0..self.there.len()).filter(|&at| counted(at)) {
                if let Some(place) = self.labels(at).get(&spread.topology) {
                    let chosen = self
                        .on(at)
                        .filter(|&other| self.chosen(spread.selector.as_ref(), other))
                        .count();
                    *places.entry(place.to_owned()).or_default() += chosen as u32;
                }
            }
            let fewest = places.values().min().copied().unwrap_or(0);
            let fewest = if (places.len() as u32) < spread.min_places {
                0
            } else {
                fewest
            };
            let Some(place) = self.labels(site).get(&spread.topology).map(str::to_owned) else {
                return false;
            };
            let here = places.get(&place).copied().unwrap_or(0)
                + u32::from(self.chosen(spread.selector.as_ref(), pod));
            here <= fewest + spread.max_skew
        })
    }

    fn stays(&self, pod: usize) -> bool {
        self.small.pods[pod]
            .controller
            .as_ref()
            .is_some_and(|owner| &*owner.kind == "DaemonSet")
    }

    /// Follows an event, and says what is wrong with it.
    fn follow(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Cordoned(site) => (self.open[site], self.cordoned[site]) = (false, true),
            Event::Evicted { pod, site } => self.at.retain(|row| *row != (pod, site)),
            Event::Placed { pod, site } => {
                let well = self.fits(pod, site);
                self.at.push((pod, site));
                return well.then_some(()).ok_or_else(|| {
                    format!("{} on {}", self.small.pods[pod].name, self.name(site))
                });
            }
            Event::Stranded { pod } => {
                let missed = (0..self.open.len()).find(|&site| self.fits(pod, site));
                return missed.map_or(Ok(()), |site| {
                    Err(format!(
                        "{} not on {}",
                        self.small.pods[pod].name,
                        self.name(site)
                    ))
                });
            }
            Event::Back(site) => {
                let usable = !self.node(site).unschedulable;
                (self.open[site], self.cordoned[site]) = (usable, !usable);
            }
            Event::Added(site) => {
                (self.open[site], self.there[site]) = (true, true);
                let old = site % self.small.nodes.len();
                let staying: Vec<usize> = self.on(old).filter(|&pod| self.stays(pod)).collect();
                let all = (0..self.small.pods.len()).filter(|&pod| {
                    self.small.pods[pod].node == self.small.nodes[old].name && self.stays(pod)
                });
                let staying = if staying.is_empty() {
                    all.collect()
                } else {
                    staying
                };
                self.at.extend(staying.into_iter().map(|pod| (pod, site)));
            }
            Event::Removed(site) => {
                self.there[site] = false;
                self.at.retain(|(_, at)| *at != site);
            }
        }
        Ok(())
    }

    /// Whether a pod could be on some site that is not drained in this batch, with nobody there but those who stay with their node:
    /// wherever everybody else is put, there is not more room than that.
    fn possible(small: &'s Small, pod: usize, drained: &[usize]) -> bool {
        let replaced = small.pace.surge.is_some();
        let today = small.nodes.len();
        let mut alone = Plain {
            at: Vec::new(),
            ..Plain::settled(small, usize::MAX)
        };
        for site in 0..alone.open.len() {
            let old = &small.nodes[site % today].name;
            let staying = (0..small.pods.len())
                .filter(|&pod| alone.stays(pod) && small.pods[pod].node == *old);
            let staying: Vec<_> = staying.map(|pod| (pod, site)).collect();
            alone.at.extend(staying);
        }
        (0..alone.open.len()).any(|site| {
            let usable = if site < today {
                !alone.node(site).unschedulable
            } else {
                replaced
            };
            usable
                && !drained.contains(&site)
                && alone.admits(pod, site)
                && alone.has_room(pod, site)
        })
    }
}

const CLUSTERS: u64 = 3000;

#[test]
fn what_fits_is_a_placement_and_what_does_not_has_none_left() {
    let (mut moves, mut stranded) = (0, 0);
    for seed in 0..CLUSTERS {
        let small = Small::random(seed);
        let mut plain = Plain::settled(&small, usize::MAX);
        let mut wrong = Vec::new();
        small.play(&mut |event| {
            moves += u32::from(matches!(event, Event::Placed { .. }));
            stranded += u32::from(matches!(event, Event::Stranded { .. }));
            wrong.extend(plain.follow(event).err());
        });
        assert!(wrong.is_empty(), "cluster {seed}: {wrong:?}\n{small:?}");
    }
    assert!(
        moves > 1000 && stranded > 300,
        "{moves} moves, {stranded} stranded"
    );
}

#[test]
fn what_is_called_impossible_is_impossible() {
    let (mut checked, mut crowded) = (0, 0);
    for seed in 0..CLUSTERS {
        let small = Small::random(seed);
        let mut drained = Vec::new();
        let mut batches: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut fresh = true;
        let stranded = small.play(&mut |event| match event {
            Event::Cordoned(site) if fresh => {
                drained.push(site);
            }
            Event::Cordoned(site) => {
                drained = vec![site];
                fresh = true;
            }
            Event::Back(_) | Event::Removed(_) => fresh = false,
            Event::Stranded { pod } if small.pods[pod].shape.as_ref().unwrap().priority >= 0 => {
                batches.push((pod, drained.clone()));
            }
            _ => {}
        });
        assert_eq!(stranded.len(), batches.len(), "cluster {seed}");
        for ((name, certainty), (pod, drained)) in stranded.iter().zip(&batches) {
            assert_eq!(*name, small.pods[*pod].name);
            if *certainty == Certainty::Crowded {
                crowded += 1;
                continue;
            }
            checked += 1;
            assert!(
                !Plain::possible(&small, *pod, drained),
                "cluster {seed}: {name} {certainty:?}\n{small:?}"
            );
        }
    }
    assert!(
        checked > 50 && crowded > 50,
        "{checked} impossible, {crowded} crowded"
    );
}

#[test]
fn everybody_who_moves_is_accounted_for() {
    for seed in 0..CLUSTERS {
        let small = Small::random(seed);
        let mut balance: BTreeMap<usize, i32> = BTreeMap::new();
        let mut drained = 0;
        small.play(&mut |event| match event {
            Event::Evicted { pod, .. } => *balance.entry(pod).or_default() -= 1,
            Event::Placed { pod, .. } => *balance.entry(pod).or_default() += 1,
            Event::Cordoned(_) => drained += 1,
            _ => {}
        });
        assert_eq!(drained, small.nodes.len(), "cluster {seed}");
        for (number, pod) in small.pods.iter().enumerate() {
            let stays = pod
                .controller
                .as_ref()
                .is_some_and(|owner| &*owner.kind == "DaemonSet");
            let balance = balance.get(&number).copied().unwrap_or(0);
            assert!(
                (-1..=0).contains(&balance) && (!stays || balance == 0),
                "cluster {seed}: {} {balance}",
                pod.name
            );
        }
    }
}
