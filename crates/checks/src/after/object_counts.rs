//! How many objects of a kind there are, and what it means that there are fewer.

use std::collections::BTreeMap;

use airworthy_model::{
    Severity,
    facts::{Crd, Metrics},
};

use crate::{Context, text::counted};

/// Seconds after its start in which an API server may not have counted everything yet.
const COUNTING: i64 = 180;

/// Objects by `resource.group` (`resource` for the core group); negative where they cannot be counted.
pub(super) type Counts = BTreeMap<String, i64>;

/// How many custom objects a look at their lists found. A gauge of the API server is up to a minute old; a list is not.
pub(super) fn listed(crds: &[Crd]) -> Counts {
    let counts = crds.iter().filter_map(|crd| {
        let count = i64::try_from(crd.objects()?).unwrap_or(i64::MAX);
        Some((crd.name.clone(), count))
    });
    counts.collect()
}

/// Whether an API server has started so lately that it may not have counted everything.
pub(super) fn is_counting(ctx: &Context<'_>, metrics: &Metrics) -> bool {
    metrics.process_started.is_some() && ctx.seconds_since(metrics.process_started) < COUNTING
}

/// How many there are now: `None` for a kind that nobody counts at all, negative for one that cannot be counted.
pub(super) fn count(now: &Counts, before: &Counts, resource: &str) -> Option<i64> {
    let count = now.get(resource).copied();
    count.or_else(|| moved(now, before, resource))
}

/// Kinds are now and then stored under another group; then the same name turns up where it was not.
fn moved(now: &Counts, before: &Counts, resource: &str) -> Option<i64> {
    let plural = |name: &str| name.split('.').next().map(str::to_owned);
    let mut others = now
        .iter()
        .filter(|(name, _)| plural(name) == plural(resource) && !before.contains_key(*name));
    others.next().map(|(_, count)| *count)
}

/// What two counts say together.
pub(super) enum Change {
    /// Nothing to speak of.
    None,
    /// One of them is not known.
    Unknown,
    /// Objects are gone: how bad that is, and how many.
    Lost(Severity, String),
}

/// Compares what was counted before with what is counted now.
pub(super) fn compare(old: i64, new: Option<i64>) -> Change {
    let had = format!(
        "{} before the upgrade",
        counted(usize::try_from(old).unwrap_or(0), "object")
    );
    match new {
        _ if old == 0 => Change::None,
        Some(new) if new < 0 || (old < 0 && new == 0) => Change::Unknown,
        None if old < 0 => Change::Unknown,
        None => Change::Lost(
            Severity::Blocker,
            format!("{had}, and the kind is not there any more"),
        ),
        Some(0) => Change::Lost(Severity::Blocker, format!("{had}, none now")),
        Some(new) if old - new >= 5 && (old - new) * 5 > old => {
            Change::Lost(Severity::Note, format!("{had}, {new} now"))
        }
        Some(_) => Change::None,
    }
}
