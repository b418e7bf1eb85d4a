//! What deployed releases and GitOps sources will send again.

use airworthy_model::{
    Breaks, Evidence, EvidenceKind, Missing, Subject,
    facts::{DesiredObject, GitOpsSource, HelmRelease, Writer, WrittenObject},
    finding::Owner,
};
use jiff::Timestamp;

use super::{ApiUse, Strength, fate::Ended, owner};
use crate::{
    Context,
    text::{counted, some_of},
};

/// What deployed Helm releases hold at versions that the target does not serve.
pub(crate) fn releases<'a>(ctx: &Context<'a>) -> Result<Vec<ApiUse<'a>>, Missing> {
    let releases = ctx.helm_releases()?;
    Ok(releases
        .iter()
        .flat_map(|release| of_release(ctx, release))
        .collect())
}

fn of_release<'a>(ctx: &Context<'a>, release: &HelmRelease) -> Vec<ApiUse<'a>> {
    let HelmRelease {
        namespace,
        record,
        revision,
        stored_in,
        ..
    } = release;
    let source = format!("{stored_in} {namespace}/{record}");
    let holder = format!("revision {revision}");
    each(ctx, &release.watched, Some(namespace))
        .into_iter()
        .map(|(ended, objects)| ApiUse {
            evidence: vec![(
                Strength::Helm,
                holds(&source, release.deployed_at, &holder, ended, &objects),
            )],
            breaks: Breaks::NextDeploy,
            objects,
            ..ApiUse::new(ended, owner::release(release))
        })
        .collect()
}

/// What GitOps sources keep applying at versions that the target does not serve.
pub(crate) fn sources<'a>(ctx: &Context<'a>) -> Result<Vec<ApiUse<'a>>, Missing> {
    let sources = ctx.git_ops()?;
    Ok(sources
        .iter()
        .flat_map(|source| of_source(ctx, source))
        .collect())
}

fn of_source<'a>(ctx: &Context<'a>, source: &GitOpsSource) -> Vec<ApiUse<'a>> {
    let GitOpsSource {
        kind,
        namespace,
        name,
        revision,
        ..
    } = source;
    let place = format!("{kind} {namespace}/{name}");
    let from = [source.source.as_str(), revision.as_str()]
        .join(" ")
        .trim()
        .to_owned();
    each(ctx, &source.watched, None)
        .into_iter()
        .map(|(ended, objects)| ApiUse {
            evidence: vec![(
                Strength::GitOps,
                holds(&place, source.applied_at, &from, ended, &objects),
            )],
            breaks: Breaks::NextDeploy,
            objects,
            ..ApiUse::new(ended, owner::source(source))
        })
        .collect()
}

/// Objects by the API version that ends.
fn each<'a>(
    ctx: &Context<'a>,
    watched: &[DesiredObject],
    namespace: Option<&str>,
) -> Vec<(Ended<'a>, Vec<Subject>)> {
    let Ok(path) = ctx.path() else {
        return Vec::new();
    };
    let mut all: Vec<(Ended<'a>, Vec<Subject>)> = Vec::new();
    for object in watched {
        let Some(ended) = Ended::of(ctx.knowledge, path, &object.api_version, &object.kind) else {
            continue;
        };
        let subject = subject(object, namespace.filter(|_| ended.api.namespaced));
        match all
            .iter_mut()
            .find(|(known, _)| known.name() == ended.name())
        {
            Some((_, objects)) => objects.push(subject),
            None => all.push((ended, vec![subject])),
        }
    }
    for (_, objects) in &mut all {
        objects.sort();
        objects.dedup();
    }
    all
}

/// The object as it will be sent.
pub(crate) fn subject(object: &DesiredObject, namespace: Option<&str>) -> Subject {
    Subject {
        namespace: object
            .namespace
            .clone()
            .or_else(|| namespace.map(str::to_owned)),
        ..Subject::cluster(&object.api_version, &object.kind, &object.name)
    }
}

fn holds(
    source: &str,
    at: Option<Timestamp>,
    holder: &str,
    ended: Ended<'_>,
    objects: &[Subject],
) -> Evidence {
    let names: Vec<_> = objects.iter().map(Subject::path).collect();
    let names = some_of(names.iter().map(String::as_str));
    let count = counted(objects.len(), "object");
    Evidence {
        kind: EvidenceKind::Reapply,
        source: source.to_owned(),
        observed_at: at,
        detail: format!("{holder} holds {count} at {}: {names}", ended.version()),
    }
}

/// Why the owner of an object will not send it at the version of an old entry again: what it deploys now was read, and does not
/// hold it there.
pub(crate) fn superseded(
    ctx: &Context<'_>,
    owner: &Owner,
    ended: &Ended<'_>,
    object: &WrittenObject,
    entry: Option<&Writer>,
) -> Option<String> {
    let (applied, watched) = if owner::is_release(owner) {
        let release = ctx
            .helm_releases()
            .ok()?
            .iter()
            .find(|release| owner::release(release) == *owner)?;
        (
            release.problem.is_none().then_some(release.deployed_at)?,
            &release.watched,
        )
    } else if owner::is_source(owner) {
        let source = ctx
            .git_ops()
            .ok()?
            .iter()
            .find(|source| owner::source(source) == *owner)?;
        let applied = source.problem.is_none().then_some(source.applied_at)?;
        (applied, &source.watched)
    } else {
        return None;
    };
    let held = |desired: &DesiredObject| {
        desired.api_version == ended.version()
            && desired.kind == ended.api.kind
            && desired.name == object.name
    };
    if watched.iter().any(held) || !speaks_for(owner, entry, applied) {
        return None;
    }
    Some(format!(
        "{} {} now sends another version",
        owner.kind, owner.name
    ))
}

/// Whether what the owner deployed is newer than the entry, or the entry is its own: Helm and its like write nothing when only
/// the version has changed.
fn speaks_for(owner: &Owner, entry: Option<&Writer>, applied: Option<Timestamp>) -> bool {
    let Some(entry) = entry else {
        return false;
    };
    let own: &[&str] = if owner::is_release(owner) {
        &["helm", "Helm", "Go-http-client", "terraform"]
    } else {
        &["argocd", "kustomize-controller", "helm-controller"]
    };
    own.iter().any(|name| entry.manager.starts_with(name))
        || entry
            .time
            .zip(applied)
            .is_some_and(|(wrote, applied)| applied > wrote)
}
