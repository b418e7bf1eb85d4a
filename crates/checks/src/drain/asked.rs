//! What a container or a pod asks for, as it comes to the API server again.

use airworthy_model::{
    Minor, UpgradePath,
    facts::{ContainerRole, ContainerShape, LimitRange, PodShape, Resources},
};

/// Of what a pod asks for as a whole, limit ranges look at these alone; and by these its class of service is told.
const COMPUTE: [&str; 2] = ["cpu", "memory"];

/// A container with what limit ranges fill in, read where it stands: a namespace may have thousands.
#[derive(Clone, Copy)]
pub(super) struct Filled<'c> {
    pub(super) container: &'c ContainerShape,
    pub(super) ranges: &'c [&'c LimitRange],
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

    /// Whether it asks for any cores or memory.
    pub(super) fn asks(self) -> bool {
        let some = |amount: Option<u64>| amount.is_some_and(|amount| amount > 0);
        let mut both = COMPUTE.iter();
        both.any(|name| some(self.request(name)) || some(self.limit(name)))
    }

    /// Whether it names what a quota calls `limits.cpu`, `requests.cpu`, or `cpu` for short.
    pub(super) fn names(self, resource: &str) -> bool {
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

/// How a limit range adds up what the containers of a pod ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adding {
    /// There is a sum where each container names the resource. Init containers are looked at all the same.
    WhereAllName,
    /// There is one where any does: since 1.28.
    WhereAnyNames,
}

/// The first minor whose limit ranges add up what any container names.
const ANY_NAMES: Minor = Minor::v1(28);

impl Adding {
    /// The ways of the API servers that run while nodes are drained.
    pub(super) fn on(path: &UpgradePath) -> Vec<Self> {
        let reached = path.hops.iter().map(|hop| hop.to);
        let there = path.hops.is_empty().then_some(path.target.minor);
        let mut ways: Vec<_> = reached.chain(there).map(Self::of).collect();
        ways.dedup();
        ways
    }

    fn of(minor: Minor) -> Self {
        if minor < ANY_NAMES {
            Self::WhereAllName
        } else {
            Self::WhereAnyNames
        }
    }
}

/// What the containers of a pod ask for together, as a limit range adds it up (`PodValidateLimitFunc` of the admission plugin): no
/// overhead, and what the pod asks for as a whole comes before the sum.
#[derive(Clone, Copy)]
pub(super) struct Sum<'c> {
    pub(super) shape: &'c PodShape,
    pub(super) ranges: &'c [&'c LimitRange],
    pub(super) adding: Adding,
}

impl Sum<'_> {
    pub(super) fn of(self, name: &str) -> Of {
        let whole = self.shape.whole.as_ref();
        let whole = whole.filter(|_| COMPUTE.contains(&name));
        let request = whole.and_then(|whole| whole.requests.get(name).copied());
        let limit = whole.and_then(|whole| whole.limits.get(name).copied());
        Of {
            request: request.or_else(|| self.total(|container| container.request(name))),
            limit: limit.or_else(|| self.total(|container| container.limit(name))),
        }
    }

    /// All that run together, or the init container that asks for most beside the sidecars started before it, whichever is more; nothing
    /// where none asks.
    fn total(self, of: impl Fn(Filled<'_>) -> Option<u64>) -> Option<u64> {
        let (mut together, mut sidecars, mut starting) = (None, None, None);
        let mut left_out = false;
        for container in &self.shape.containers {
            let ranges = self.ranges;
            let own = of(Filled { container, ranges });
            match container.role {
                ContainerRole::Main => {
                    together = plus(together, own);
                    left_out |= own.is_none();
                }
                ContainerRole::Init => starting = starting.max(plus(own, sidecars)),
                ContainerRole::Sidecar => {
                    sidecars = plus(sidecars, own);
                    together = plus(together, own);
                }
            }
        }
        let there = self.adding == Adding::WhereAnyNames || !left_out;
        together.filter(|_| there).max(starting)
    }
}

fn plus(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    let both = one.zip(other);
    let both = both.map(|(one, other)| one.saturating_add(other));
    both.or(one).or(other)
}

/// What a container or a pod asks for of one resource.
#[derive(Clone, Copy)]
pub(super) struct Of {
    request: Option<u64>,
    limit: Option<u64>,
}

impl Of {
    pub(super) fn read(container: Filled<'_>, name: &str) -> Self {
        Self {
            request: container.request(name),
            limit: container.limit(name),
        }
    }

    /// Below a minimum; a request that lacks is.
    pub(super) fn is_below(self, least: u64) -> bool {
        self.request.is_none_or(|request| request < least)
            || self.limit.is_some_and(|limit| limit < least)
    }

    /// Above a maximum; a limit that lacks is.
    pub(super) fn is_above(self, most: u64) -> bool {
        self.limit.is_none_or(|limit| limit > most)
            || self.request.is_some_and(|request| request > most)
    }

    /// A limit more than so many thousandths of its request; a ratio needs both.
    pub(super) fn is_apart(self, thousandths: u64) -> bool {
        let (Some(request @ 1..), Some(limit @ 1..)) = (self.request, self.limit) else {
            return true;
        };
        u128::from(limit) * 1000 > u128::from(request) * u128::from(thousandths)
    }

    pub(super) fn is_upside_down(self) -> bool {
        let (request, limit) = (self.request, self.limit);
        request.is_some_and(|request| limit.is_some_and(|limit| limit < request))
    }
}
