//! Pods that are the same to a scheduler are one kind.

use std::{borrow::Cow, collections::HashMap, hash::Hash, sync::LazyLock};

use airworthy_model::facts::{
    HostPort, LabelSelector, Labels, NodeTerm, Pdb, Pod, PodShape, PodTerm, PodVolume, Spread,
};

use super::{
    World,
    finder::{Finder, Scope, Target},
    sites::Demand,
};

/// A resource that nodes have so much of: of volumes, how many of a driver may be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Column<'a> {
    Resource(&'a str),
    Attached(&'a str),
}

/// The place for one more pod.
pub(super) const PODS: Column<'static> = Column::Resource("pods");

/// What a kind of pods needs, and which rules of others concern it.
#[derive(Debug)]
pub(super) struct Kind<'a> {
    pub(super) shape: &'a PodShape,
    /// Columns and amounts.
    pub(super) needs: Vec<(u32, i64)>,
    pub(super) demand: usize,
    /// Kinds with the same needs, demand and ports fit the same nodes, but for rules about other pods.
    pub(super) lane: usize,
    /// The rule of what it must be near to.
    pub(super) near: Option<usize>,
    /// Rules of what it must be apart from.
    pub(super) apart: Vec<usize>,
    /// Rules of how it spreads.
    pub(super) spread: Vec<usize>,
    /// What its labels make it to others.
    pub(super) seen_as: usize,
}

impl Kind<'_> {
    pub(super) fn ports(&self) -> &[HostPort] {
        &self.shape.host_ports
    }

    /// Whether its place depends on other pods: then a node that is not for it now may be later.
    pub(super) fn looks_at_others(&self, seen: &Seen) -> bool {
        self.near.is_some()
            || !self.apart.is_empty()
            || !self.spread.is_empty()
            || !seen.apart.is_empty()
    }
}

/// What pods with the same labels in the same namespace are to the rules of others, and to budgets.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) near: Box<[u32]>,
    pub(super) apart: Box<[u32]>,
    pub(super) spread: Box<[u32]>,
    pub(super) budgets: Box<[u32]>,
}

/// A rule of what pods must be near to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct NearRule<'a> {
    pub(super) namespace: &'a str,
    pub(super) terms: &'a [PodTerm],
}

/// A rule of what pods must be apart from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ApartRule<'a> {
    pub(super) namespace: &'a str,
    pub(super) term: &'a PodTerm,
}

/// A rule of how pods spread, for the pods of one shape and namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SpreadRule<'a> {
    pub(super) namespace: &'a str,
    pub(super) shape: &'a PodShape,
    pub(super) spread: &'a Spread,
    /// Labels that counted pods share with the pod.
    same: Vec<(&'a str, &'a str)>,
}

/// Things of one sort, each numbered once.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    pub(super) list: Vec<T>,
    numbers: HashMap<T, usize>,
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn new() -> Self {
        Self {
            list: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    fn number(&mut self, thing: T) -> usize {
        if let Some(&number) = self.numbers.get(&thing) {
            return number;
        }
        let number = self.list.len();
        self.list.push(thing.clone());
        self.numbers.insert(thing, number);
        number
    }
}

/// All kinds, and the kind of each pod.
#[derive(Debug)]
pub(super) struct Kinds<'a> {
    pub(super) list: Vec<Kind<'a>>,
    /// By pod, in the order of the facts.
    pub(super) of: Vec<u32>,
    pub(super) seen: Vec<Seen>,
    pub(super) columns: Numbered<Column<'a>>,
    pub(super) demands: Numbered<Demand<'a>>,
    pub(super) lanes: usize,
    pub(super) near: Numbered<NearRule<'a>>,
    pub(super) apart: Numbered<ApartRule<'a>>,
    pub(super) spread: Numbered<SpreadRule<'a>>,
}

/// What a volume of a pod adds to its demand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Tied<'a> {
    volumes: Vec<&'a [NodeTerm]>,
    attached: Vec<&'a str>,
}

/// Needs, demand and ports.
type Lane<'a> = (Vec<(u32, i64)>, usize, &'a [HostPort]);

struct Builder<'a, 'w> {
    world: &'w World<'a>,
    columns: Numbered<Column<'a>>,
    demands: Numbered<Demand<'a>>,
    lanes: Numbered<Lane<'a>>,
    near: Numbered<NearRule<'a>>,
    apart: Numbered<ApartRule<'a>>,
    spread: Numbered<SpreadRule<'a>>,
    labelled: Numbered<(&'a str, &'a Labels)>,
    volumes: HashMap<(&'a str, &'a str), Tied<'a>>,
}

/// That of a pod which was read before shapes were kept.
static PLAIN: LazyLock<PodShape> = LazyLock::new(PodShape::default);

pub(super) fn shape(pod: &Pod) -> &PodShape {
    pod.shape.as_deref().unwrap_or(&PLAIN)
}

impl<'a> Kinds<'a> {
    pub(super) fn of(world: &World<'a>) -> Self {
        let mut builder = Builder::new(world);
        let mut numbers = Numbered::new();
        let (mut list, mut of) = (Vec::new(), Vec::with_capacity(world.pods.len()));
        for &pod in world.pods {
            let labelled = builder.labelled.number((&pod.namespace, &pod.labels));
            let tied = builder.tied(pod);
            let number = numbers.number((shape(pod), labelled, tied));
            if number == list.len() {
                let (_, _, tied) = &numbers.list[number];
                list.push(builder.kind(pod, labelled, tied));
            }
            of.push(number as u32);
        }
        let seen = builder.seen();
        Self {
            list,
            of,
            seen,
            columns: builder.columns,
            demands: builder.demands,
            lanes: builder.lanes.list.len(),
            near: builder.near,
            apart: builder.apart,
            spread: builder.spread,
        }
    }
}

impl<'a, 'w> Builder<'a, 'w> {
    fn new(world: &'w World<'a>) -> Self {
        let mut columns = Numbered::new();
        columns.number(PODS);
        Self {
            world,
            columns,
            demands: Numbered::new(),
            lanes: Numbered::new(),
            near: Numbered::new(),
            apart: Numbered::new(),
            spread: Numbered::new(),
            labelled: Numbered::new(),
            volumes: volumes(world),
        }
    }

    fn tied(&self, pod: &'a Pod) -> Tied<'a> {
        let mut all = Tied::default();
        for volume in &pod.volumes {
            let PodVolume::Claim(claim) = volume else {
                continue;
            };
            if let Some(tied) = self.volumes.get(&(pod.namespace.as_str(), &**claim)) {
                all.volumes.extend(&tied.volumes);
                all.attached.extend(&tied.attached);
            }
        }
        all
    }

    fn kind(&mut self, pod: &'a Pod, labelled: usize, tied: &Tied<'a>) -> Kind<'a> {
        let shape = shape(pod);
        let namespace = pod.namespace.as_str();
        let needs = self.needs(shape, tied);
        let demand = self.demands.number(Demand {
            selector: &shape.node_selector,
            terms: &shape.node_terms,
            tolerations: &shape.tolerations,
            volumes: tied.volumes.clone(),
        });
        let ports = &shape.host_ports[..];
        let lane = self.lanes.number((needs.clone(), demand, ports));
        let near = (!shape.near.is_empty()).then_some(&shape.near[..]);
        let apart = shape.apart.iter().map(|term| ApartRule { namespace, term });
        let spread = shape.spread.iter().map(|spread| SpreadRule {
            namespace,
            shape,
            spread,
            same: same(spread, &pod.labels),
        });
        Kind {
            shape,
            needs,
            demand,
            lane,
            near: near.map(|terms| self.near.number(NearRule { namespace, terms })),
            apart: apart.map(|rule| self.apart.number(rule)).collect(),
            spread: spread.map(|rule| self.spread.number(rule)).collect(),
            seen_as: labelled,
        }
    }

    fn needs(&mut self, shape: &'a PodShape, tied: &Tied<'a>) -> Vec<(u32, i64)> {
        let amount = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX / 4);
        let requests = shape.requests.iter();
        let asked = requests.map(|(name, n)| (Column::Resource(name), amount(*n)));
        let attached = tied
            .attached
            .iter()
            .map(|driver| (Column::Attached(driver), 1));
        let mut needs = vec![(self.columns.number(PODS) as u32, 1)];
        for (column, amount) in asked.chain(attached) {
            let column = self.columns.number(column) as u32;
            match needs.iter_mut().find(|(known, _)| *known == column) {
                Some((_, sum)) => *sum += amount,
                None => needs.push((column, amount)),
            }
        }
        needs
    }

    /// What each set of labels is to the rules, when all rules are known.
    fn seen(&self) -> Vec<Seen> {
        let namespaces = self.world.namespaces;
        let term = |term: &'a PodTerm, own: &'a str| Target {
            scope: Scope::of(term, own, namespaces),
            selector: term.selector.as_ref().map(Cow::Borrowed),
        };
        let near = self.near.list.iter();
        let near = near.map(|rule| rule.terms.iter().map(|t| term(t, rule.namespace)).collect());
        let near = Finder::new(near.collect());
        let apart = self.apart.list.iter();
        let apart = Finder::new(
            apart
                .map(|rule| vec![term(rule.term, rule.namespace)])
                .collect(),
        );
        let spread = Finder::new(
            self.spread
                .list
                .iter()
                .map(|rule| vec![rule.target()])
                .collect(),
        );
        let budgets = Finder::new(self.world.pdbs.iter().map(guarded).collect());
        let labelled = self.labelled.list.iter();
        let seen = labelled.map(|(namespace, labels)| Seen {
            near: near.find(namespace, labels),
            apart: apart.find(namespace, labels),
            spread: spread.find(namespace, labels),
            budgets: budgets.find(namespace, labels),
        });
        seen.collect()
    }
}

fn same<'a>(spread: &'a Spread, labels: &'a Labels) -> Vec<(&'a str, &'a str)> {
    let keys = spread.same_labels.iter();
    keys.filter_map(|key| Some((&**key, labels.get(key)?)))
        .collect()
}

impl<'a> SpreadRule<'a> {
    fn target(&self) -> Target<'a> {
        let selector = self.spread.selector.as_ref().map(|selector| {
            if self.same.is_empty() {
                return Cow::Borrowed(selector);
            }
            let labels = selector.match_labels.0.iter().map(|(k, v)| (&**k, &**v));
            Cow::Owned(LabelSelector {
                match_labels: labels.chain(self.same.iter().copied()).collect(),
                match_expressions: selector.match_expressions.clone(),
            })
        });
        Target {
            scope: Scope::one(self.namespace),
            selector,
        }
    }
}

fn guarded(pdb: &Pdb) -> Vec<Target<'_>> {
    // At v1beta1 the empty selector selects nothing.
    let selector = pdb.selector.as_ref();
    let selector = selector.filter(|one| pdb.api_version != "policy/v1beta1" || !one.is_empty());
    vec![Target {
        scope: Scope::one(&pdb.namespace),
        selector: selector.map(Cow::Borrowed),
    }]
}

/// What each claim of volumes ties its pods to.
fn volumes<'a>(world: &World<'a>) -> HashMap<(&'a str, &'a str), Tied<'a>> {
    let by_name: HashMap<_, _> = world.volumes.iter().map(|v| (v.name.as_str(), v)).collect();
    let mut tied = HashMap::new();
    for claim in world.claims {
        if let Some(volume) = by_name.get(claim.volume.as_str()) {
            let terms = Some(&volume.node_terms[..]).filter(|terms| !terms.is_empty());
            let driver = Some(volume.driver.as_str()).filter(|driver| !driver.is_empty());
            let one = Tied {
                volumes: terms.into_iter().collect(),
                attached: driver.into_iter().collect(),
            };
            tied.insert((claim.namespace.as_str(), claim.name.as_str()), one);
        }
    }
    tied
}
