//! Which kinds are looked at, and at which version.

use std::collections::BTreeSet;

use airworthy_knowledge::{Api, Class};
use airworthy_model::facts::{Served, ServedResource};

use crate::resource::Versions;

/// A kind that is served at a version whose end is known and at one that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub group: String,
    /// The version that lasts.
    pub version: String,
    pub resource: String,
    pub kind: String,
    /// Groups and versions of the kind whose end is known.
    pub ended: BTreeSet<String>,
}

/// Whether the end of an API version is known.
pub(crate) fn ends(api: &Api) -> bool {
    api.class == Class::Resource && api.removed.is_some()
}

/// The kinds of which the server serves a version whose end is known, and one that may be asked for without harm: as a rule another,
/// but a version may have an end that is years away. A kind that has none is not asked for: that would itself be a deprecated call.
pub(crate) fn listed(versions: Versions<'_>, served: &Served) -> Vec<Listed> {
    let mut all: Vec<Listed> = Vec::new();
    for resource in &served.resources {
        let known = versions
            .knowledge
            .kind(&resource.group, &resource.version, &resource.kind);
        // What is stored of a kind without a future is counted, not listed.
        let old = known.filter(|api| ends(api) && !api.gone_for_good);
        let Some(survivor) = old.and_then(|old| survivor(versions, served, old)) else {
            continue;
        };
        let same = |one: &Listed| one.group == survivor.group && one.resource == survivor.resource;
        if !all.iter().any(same) {
            all.push(listing(versions, survivor));
        }
    }
    all
}

fn listing(versions: Versions<'_>, survivor: &ServedResource) -> Listed {
    let same = |api: &&Api| api.kind == survivor.kind && ends(api);
    let ended = versions.knowledge.apis().filter(same).map(Api::api_version);
    Listed {
        group: survivor.group.clone(),
        version: survivor.version.clone(),
        resource: survivor.resource.clone(),
        kind: survivor.kind.clone(),
        ended: ended.collect(),
    }
}

/// The most lasting version of the kind that neither the server nor the tables call deprecated, in its group or in that of its
/// replacement.
fn survivor<'a>(
    versions: Versions<'_>,
    served: &'a Served,
    old: &Api,
) -> Option<&'a ServedResource> {
    let moved = old.replacement.as_deref().and_then(|to| to.split_once('/'));
    let groups = [Some(&*old.group), moved.map(|(group, _)| group)];
    let candidates = served.resources.iter().filter(|one| {
        one.listable
            && one.kind == old.kind
            && groups.contains(&Some(&*one.group))
            && !is_deprecated(versions, one)
    });
    candidates.max_by_key(|one| rank(&one.version))
}

/// A server whose minor nobody knows may call anything deprecated that ever was.
fn is_deprecated(versions: Versions<'_>, one: &ServedResource) -> bool {
    let api = versions.knowledge.kind(&one.group, &one.version, &one.kind);
    api.is_none_or(|api| match versions.minor {
        Some(minor) => api.marked_deprecated(minor),
        None => api.deprecated.is_some(),
    })
}

fn rank(version: &str) -> (bool, bool, &str) {
    (
        !version.contains("alpha"),
        !version.contains("beta"),
        version,
    )
}
