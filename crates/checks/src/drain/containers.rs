//! What limit ranges and quotas of a namespace ask of pods and their containers.

use std::collections::HashMap;

use airworthy_model::facts::{
    ContainerShape, LimitRange, PodAdmission, PodShape, Quota, Resources,
};

use super::{
    asked::{Adding, Filled, Of, Sum},
    scopes,
};

/// What a quota asks every container for, where it counts it. Other resources may be left out.
const ASKED: [&str; 6] = [
    "cpu",
    "memory",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
];

/// A rule that a pod breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Broken<'a> {
    /// The limit range or the quota.
    pub(super) rule: &'a str,
    pub(super) resource: &'a str,
    pub(super) how: How,
}

/// How it breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    TooMuch(Whose),
    TooLittle(Whose),
    TooFarAbove(Whose),
    LimitBelowRequest,
    NotNamed,
    /// As before, by a quota of which it is not known whether it counts the pod.
    PerhapsNotNamed,
}

/// What a limit range holds its bounds against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    Container,
    Pod,
}

impl Whose {
    const fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Pod => "pod",
        }
    }
}

impl Broken<'_> {
    pub(super) fn text(self) -> String {
        let Self {
            rule,
            resource,
            how,
        } = self;
        match how {
            How::TooMuch(whose) => {
                let whose = whose.name();
                format!("limit range {rule} allows no {whose} so much {resource}")
            }
            How::TooLittle(whose) => {
                let whose = whose.name();
                format!("limit range {rule} allows no {whose} so little {resource}")
            }
            How::TooFarAbove(Whose::Container) => {
                format!("limit range {rule} allows no limit of {resource} so far above its request")
            }
            How::TooFarAbove(Whose::Pod) => {
                format!(
                    "limit range {rule} allows no pod a limit of {resource} so far above its request"
                )
            }
            How::LimitBelowRequest => {
                format!("limit range {rule} fills in a limit of {resource} below its request")
            }
            How::NotNamed => format!("quota {rule} lets in no container without {resource}"),
            How::PerhapsNotNamed => {
                format!(
                    "quota {rule} lets in no container without {resource}, and whether it counts them is not known"
                )
            }
        }
    }

    /// Whether the API server certainly refuses it.
    pub(super) fn is_certain(self) -> bool {
        self.how != How::PerhapsNotNamed
    }

    /// What tells it apart from what else is broken of a resource by one rule.
    pub(super) fn apart(self) -> &'static str {
        use Whose::Pod;
        match self.how {
            How::TooMuch(Pod) | How::TooLittle(Pod) | How::TooFarAbove(Pod) => " pod",
            How::PerhapsNotNamed => " perhaps",
            _ => "",
        }
    }

    /// Whether a quota asks for it; else a limit range does.
    pub(super) fn is_of_quota(self) -> bool {
        matches!(self.how, How::NotNamed | How::PerhapsNotNamed)
    }
}

/// The rules of one namespace.
#[derive(Default)]
pub(super) struct Rules<'a> {
    ranges: Vec<&'a LimitRange>,
    quotas: Vec<&'a Quota>,
}

impl<'a> Rules<'a> {
    /// Those of each namespace that has any.
    pub(super) fn by_namespace(admission: &'a PodAdmission) -> HashMap<&'a str, Self> {
        let mut rules: HashMap<&str, Self> = HashMap::new();
        for range in &admission.limit_ranges {
            rules
                .entry(&range.namespace)
                .or_default()
                .ranges
                .push(range);
        }
        for quota in &admission.quotas {
            rules
                .entry(&quota.namespace)
                .or_default()
                .quotas
                .push(quota);
        }
        rules
    }

    /// The first rule that a pod of this shape breaks, as it comes to the API server again; limit ranges add up in these ways. Where it is
    /// not known what its containers ask for, none.
    pub(super) fn broken(&self, shape: &PodShape, ways: &[Adding]) -> Option<Broken<'a>> {
        let by_pod = || ways.iter().find_map(|adding| self.by_pod(shape, *adding));
        let by_range = self.by_containers(shape).or_else(by_pod);
        by_range.or_else(|| self.unnamed(shape))
    }

    /// Whether a quota of this namespace counts a pod of this shape that comes again; nothing where that is not known.
    pub(super) fn counts(&self, quota: &Quota, shape: &PodShape) -> Option<bool> {
        let best_effort = || self.is_best_effort(shape);
        scopes::count(&quota.scopes, shape, best_effort)
    }

    fn by_containers(&self, shape: &PodShape) -> Option<Broken<'a>> {
        if shape.whole.is_some() {
            return None;
        }
        self.filled(&shape.containers).find_map(|container| {
            let mut ranges = self.ranges.iter();
            ranges.find_map(|range| by_range_of(range, container))
        })
    }

    fn by_pod(&self, shape: &PodShape, adding: Adding) -> Option<Broken<'a>> {
        if shape.containers.is_empty() {
            return None;
        }
        let sum = Sum {
            shape,
            ranges: &self.ranges,
            adding,
        };
        let mut ranges = self.ranges.iter();
        ranges.find_map(|range| {
            let bounds = &range.pods;
            let bounds = [&bounds.min, &bounds.max, &bounds.ratio];
            beyond(range, bounds, Whose::Pod, &|name| sum.of(name))
        })
    }

    fn unnamed(&self, shape: &PodShape) -> Option<Broken<'a>> {
        let mut perhaps = None;
        for quota in &self.quotas {
            let Some(resource) = self.first_unnamed(quota, shape) else {
                continue;
            };
            let broken = |how| Broken {
                rule: &quota.name,
                resource,
                how,
            };
            match self.counts(quota, shape) {
                Some(true) => return Some(broken(How::NotNamed)),
                Some(false) => {}
                None => perhaps = perhaps.or(Some(broken(How::PerhapsNotNamed))),
            }
        }
        perhaps
    }

    /// What a quota counts and some container does not name. Of a pod that asks as a whole the quota asks nothing.
    fn first_unnamed(&self, quota: &'a Quota, shape: &PodShape) -> Option<&'a str> {
        if shape.whole.is_some() {
            return None;
        }
        let counted = quota.amounts.iter().map(|amount| &*amount.resource);
        let mut asked = counted.filter(|resource| ASKED.contains(resource));
        asked.find(|resource| {
            let mut containers = self.filled(&shape.containers);
            containers.any(|container| !container.names(resource))
        })
    }

    /// Whether a pod asks for neither cores nor memory, as its class of service is told: what it asks for as a whole comes first. Where a
    /// limit range has filled something in, the template may have asked for nothing.
    fn is_best_effort(&self, shape: &PodShape) -> Option<bool> {
        if let Some(whole) = &shape.whole {
            let whole = Filled {
                container: whole,
                ranges: &[],
            };
            return Some(!whole.asks());
        }
        let unknown = [ContainerShape::default()];
        let known = !shape.containers.is_empty();
        let containers = if known {
            &shape.containers
        } else {
            &unknown[..]
        };
        let asks = self.filled(containers).any(Filled::asks);
        (asks || known).then_some(!asks)
    }

    fn filled<'s>(&'s self, containers: &'s [ContainerShape]) -> impl Iterator<Item = Filled<'s>> {
        let ranges = &self.ranges;
        let containers = containers.iter();
        containers.map(move |container| Filled { container, ranges })
    }
}

fn by_range_of<'a>(range: &'a LimitRange, container: Filled<'_>) -> Option<Broken<'a>> {
    let bounds = [&range.min, &range.max, &range.ratio];
    let of = |name: &str| Of::read(container, name);
    beyond(range, bounds, Whose::Container, &of).or_else(|| {
        let mut filled_in = range.limits.keys();
        let resource = filled_in.find(|name| of(name).is_upside_down())?;
        Some(Broken {
            rule: &range.name,
            resource,
            how: How::LimitBelowRequest,
        })
    })
}

/// The first of these bounds (minimum, maximum, ratio) of a limit range that is not kept.
fn beyond<'a>(
    range: &'a LimitRange,
    [min, max, ratio]: [&'a Resources; 3],
    whose: Whose,
    of: &dyn Fn(&str) -> Of,
) -> Option<Broken<'a>> {
    let first = |bounds: &'a Resources, how: How, breaks: fn(Of, u64) -> bool| {
        let mut bounds = bounds.iter();
        let (resource, _) = bounds.find(|(name, bound)| breaks(of(name), **bound))?;
        Some(Broken {
            rule: &range.name,
            resource,
            how,
        })
    };
    first(min, How::TooLittle(whose), Of::is_below)
        .or_else(|| first(max, How::TooMuch(whose), Of::is_above))
        .or_else(|| first(ratio, How::TooFarAbove(whose), Of::is_apart))
}
