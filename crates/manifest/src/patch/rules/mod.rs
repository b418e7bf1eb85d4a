//! How an object of one version is written at another. One row a change of shape; sources are the types of k8s.io/api at both
//! versions, the conversion functions of Kubernetes, and the guide to deprecated APIs. A real API server of the target judges them.

mod admission;
mod apps;
mod autoscaling;
mod definition;
mod devices;
mod small;

use super::editor::{Editor, Refusal};

/// Changes an object in its text; `Err` says what a person has to decide.
pub(super) type Steps = fn(&mut Editor) -> Result<(), Refusal>;

/// One change of shape.
pub(super) struct Rule {
    /// Kinds that it is for.
    pub(super) kinds: &'static [&'static str],
    /// Versions that it begins with.
    pub(super) from: &'static [&'static str],
    /// Versions that it ends with, the best first.
    pub(super) to: &'static [&'static str],
    /// What changes beside `apiVersion`, where something does.
    pub(super) steps: Option<Steps>,
    /// What behaves otherwise afterwards, for people.
    pub(super) note: Option<&'static str>,
}

/// A rule by which only `apiVersion` changes.
const fn renamed(
    kinds: &'static [&'static str],
    from: &'static [&'static str],
    to: &'static [&'static str],
) -> Rule {
    Rule {
        kinds,
        from,
        to,
        steps: None,
        note: None,
    }
}

const TABLES: &[&[Rule]] = &[
    small::RULES,
    admission::RULES,
    apps::RULES,
    autoscaling::RULES,
    definition::RULES,
    devices::RULES,
];

/// The rules for a kind at a version.
pub(super) fn of(api_version: &str, kind: &str) -> impl Iterator<Item = &'static Rule> {
    let rules = TABLES.iter().copied().flatten();
    rules.filter(move |rule| rule.kinds.contains(&kind) && rule.from.contains(&api_version))
}

/// Kinds that have no successor, and what takes their place.
const WITHOUT: &[(&str, &str)] = &[
    (
        "PodSecurityPolicy",
        "no API takes its place: use the labels of Pod Security admission on namespaces, or a policy engine",
    ),
    (
        "PodPreset",
        "no API takes its place: use a mutating webhook",
    ),
    (
        "PodSchedulingContext",
        "no API takes its place: drivers work with structured parameters since 1.31",
    ),
    ("ClusterCIDR", "no API takes its place"),
    (
        "AuditSink",
        "no API takes its place: give the API server an audit webhook by flag",
    ),
    (
        "ComponentStatus",
        "no API takes its place: ask /readyz and /livez",
    ),
];

/// What to say of a kind without successor.
pub(super) fn without(kind: &str) -> Option<&'static str> {
    WITHOUT
        .iter()
        .find(|(name, _)| *name == kind)
        .map(|(_, why)| *why)
}
