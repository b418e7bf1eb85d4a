//! What limit ranges and quotas of a namespace ask of containers.

use airworthy_model::facts::{ContainerShape, LimitRange, Quota, Resources};

/// What a quota asks every container for, where it counts it. Other resources may be left out.
const ASKED: [&str; 6] = [
    "cpu",
    "memory",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
];

/// A rule that a container breaks.
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
    TooMuch,
    TooLittle,
    TooFarAbove,
    LimitBelowRequest,
    NotNamed,
}

impl Broken<'_> {
    pub(super) fn text(self) -> String {
        let Self {
            rule,
            resource,
            how,
        } = self;
        match how {
            How::TooMuch => format!("limit range {rule} allows no container so much {resource}"),
            How::TooLittle => {
                format!("limit range {rule} allows no container so little {resource}")
            }
            How::TooFarAbove => {
                format!("limit range {rule} allows no limit of {resource} so far above its request")
            }
            How::LimitBelowRequest => {
                format!("limit range {rule} fills in a limit of {resource} below its request")
            }
            How::NotNamed => format!("quota {rule} lets in no container without {resource}"),
        }
    }
}

/// The rules of one namespace.
#[derive(Default)]
pub(super) struct Rules<'a> {
    ranges: Vec<&'a LimitRange>,
    quotas: Vec<&'a Quota>,
}

impl<'a> Rules<'a> {
    pub(super) fn add_range(&mut self, range: &'a LimitRange) {
        self.ranges.push(range);
    }

    pub(super) fn add_quota(&mut self, quota: &'a Quota) {
        self.quotas.push(quota);
    }

    /// The first rule that one of these containers breaks, as it comes to the API server again.
    pub(super) fn broken(&self, containers: &[ContainerShape]) -> Option<Broken<'a>> {
        containers.iter().find_map(|container| {
            let container = Filled {
                container,
                ranges: &self.ranges,
            };
            let mut ranges = self.ranges.iter();
            let by_range = ranges.find_map(|range| by_range_of(range, container));
            by_range.or_else(|| self.unnamed(container))
        })
    }

    fn unnamed(&self, container: Filled<'_>) -> Option<Broken<'a>> {
        self.quotas.iter().find_map(|quota| {
            let counted = quota.amounts.iter().map(|amount| &*amount.resource);
            let mut asked = counted.filter(|resource| ASKED.contains(resource));
            let resource = asked.find(|resource| !container.names(resource))?;
            Some(Broken {
                rule: &quota.name,
                resource,
                how: How::NotNamed,
            })
        })
    }
}

/// A container with what limit ranges fill in, read where it stands: a namespace may have thousands.
#[derive(Clone, Copy)]
struct Filled<'c> {
    container: &'c ContainerShape,
    ranges: &'c [&'c LimitRange],
}

impl Filled<'_> {
    fn request(self, name: &str) -> Option<u64> {
        let defaults = self.ranges.iter().map(|range| &range.requests);
        first(&self.container.requests, defaults, name)
    }

    fn limit(self, name: &str) -> Option<u64> {
        let defaults = self.ranges.iter().map(|range| &range.limits);
        first(&self.container.limits, defaults, name)
    }

    /// Whether it names what a quota calls `limits.cpu`, `requests.cpu`, or `cpu` for short.
    fn names(self, resource: &str) -> bool {
        if let Some(plain) = resource.strip_prefix("limits.") {
            return self.limit(plain).is_some();
        }
        let plain = resource.strip_prefix("requests.").unwrap_or(resource);
        self.request(plain).is_some()
    }
}

/// Its own amount, or else that of the first range that fills one in.
fn first<'r>(
    own: &'r Resources,
    defaults: impl Iterator<Item = &'r Resources>,
    name: &str,
) -> Option<u64> {
    let mut all = std::iter::once(own).chain(defaults);
    all.find_map(|amounts| amounts.get(name)).copied()
}

fn by_range_of<'a>(range: &'a LimitRange, container: Filled<'_>) -> Option<Broken<'a>> {
    let broken = |how: How, of: &'a Resources, breaks: &dyn Fn(Of, u64) -> bool| {
        let mut amounts = of.iter();
        let (resource, _) =
            amounts.find(|(name, amount)| breaks(Of::read(container, name), **amount))?;
        Some(Broken {
            rule: &range.name,
            resource,
            how,
        })
    };
    broken(How::TooLittle, &range.min, &Of::is_below)
        .or_else(|| broken(How::TooMuch, &range.max, &Of::is_above))
        .or_else(|| broken(How::TooFarAbove, &range.ratio, &Of::is_apart))
        .or_else(|| {
            broken(How::LimitBelowRequest, &range.limits, &|of, _| {
                of.is_upside_down()
            })
        })
}

/// What a container asks for of one resource.
#[derive(Clone, Copy)]
struct Of {
    request: Option<u64>,
    limit: Option<u64>,
}

impl Of {
    fn read(container: Filled<'_>, name: &str) -> Self {
        Self {
            request: container.request(name),
            limit: container.limit(name),
        }
    }

    /// Below a minimum; a request that lacks is.
    fn is_below(self, least: u64) -> bool {
        self.request.is_none_or(|request| request < least)
            || self.limit.is_some_and(|limit| limit < least)
    }

    /// Above a maximum; a limit that lacks is.
    fn is_above(self, most: u64) -> bool {
        self.limit.is_none_or(|limit| limit > most)
            || self.request.is_some_and(|request| request > most)
    }

    /// A limit more than so many thousandths of its request; a ratio needs both.
    fn is_apart(self, thousandths: u64) -> bool {
        let (Some(request @ 1..), Some(limit @ 1..)) = (self.request, self.limit) else {
            return true;
        };
        u128::from(limit) * 1000 > u128::from(request) * u128::from(thousandths)
    }

    fn is_upside_down(self) -> bool {
        let (request, limit) = (self.request, self.limit);
        request.is_some_and(|request| limit.is_some_and(|limit| limit < request))
    }
}
