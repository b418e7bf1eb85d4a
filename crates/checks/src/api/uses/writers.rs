//! Who wrote live objects at a version that the target does not serve, and whether that still says what the next write will be.

use std::collections::BTreeMap;

use airworthy_model::{
    Breaks, Evidence, EvidenceKind, Missing, Subject,
    facts::{Writer, WrittenKind, WrittenObject},
    finding::Owner,
};
use jiff::Timestamp;

use super::{ApiUse, Strength, desired, fate::Ended, owner, system};
use crate::{
    Context,
    text::{counted, some_of},
};

/// Somebody who wrote an object at a version that ends.
struct Old<'a> {
    object: &'a WrittenObject,
    kind: &'a WrittenKind,
    ended: Ended<'a>,
    /// The entry; nothing when only the annotation tells.
    entry: Option<&'a Writer>,
    owner: Owner,
    /// Why the next write will not be at that version.
    superseded: Option<String>,
}

impl Old<'_> {
    fn manager(&self) -> &str {
        self.entry.map_or("kubectl apply", |entry| &entry.manager)
    }

    fn breaks(&self) -> Breaks {
        match self.entry {
            _ if self.superseded.is_some() => Breaks::Stale,
            Some(entry)
                if !entry.applies
                    && !owner::deploys(&entry.manager)
                    && entry.operation != "Apply" =>
            {
                Breaks::RunningClient
            }
            _ => Breaks::NextDeploy,
        }
    }
}

/// All use that live objects show, one entry an API version, owner and standing.
pub(crate) fn uses<'a>(ctx: &Context<'a>) -> Result<Vec<ApiUse<'a>>, Missing> {
    let mut groups: BTreeMap<_, Vec<Old<'a>>> = BTreeMap::new();
    for kind in ctx.api_writers()? {
        for old in kind
            .watched
            .iter()
            .flat_map(|object| old(ctx, kind, object))
        {
            let owner = (
                old.owner.kind.clone(),
                old.owner.namespace.clone(),
                old.owner.name.clone(),
            );
            let key = (old.superseded.is_some(), old.ended.name(), owner);
            groups.entry(key).or_default().push(old);
        }
    }
    Ok(groups
        .into_values()
        .filter_map(|olds| together(&olds))
        .collect())
}

fn together<'a>(olds: &[Old<'a>]) -> Option<ApiUse<'a>> {
    let first = olds.first()?;
    // One that runs breaks first.
    let running = olds.iter().any(|old| old.breaks() == Breaks::RunningClient);
    let mut objects: Vec<_> = olds.iter().map(subject).collect();
    objects.sort();
    objects.dedup();
    let managers: Vec<_> = olds
        .iter()
        .filter_map(|old| Some((&*old.entry?.manager, old.entry?.time)))
        .collect();
    Some(ApiUse {
        ended: first.ended,
        owner: first.owner.clone(),
        breaks: if running {
            Breaks::RunningClient
        } else {
            first.breaks()
        },
        evidence: evidence(olds)
            .map(|evidence| (Strength::Writer, evidence))
            .collect(),
        objects,
        managers: managers
            .into_iter()
            .map(|(name, time)| (name.to_owned(), time))
            .collect(),
        ..ApiUse::new(first.ended, first.owner.clone())
    })
}

/// The object at a version at which it may be asked for.
fn subject(old: &Old<'_>) -> Subject {
    let at = airworthy_knowledge::api_version(&old.kind.group, &old.kind.read_at);
    Subject {
        namespace: old.object.namespace.clone(),
        uid: old.object.uid.clone(),
        ..Subject::cluster(&at, &old.kind.kind, &old.object.name)
    }
}

/// One piece a manager, with the newest of its writes.
fn evidence<'s>(olds: &'s [Old<'_>]) -> impl Iterator<Item = Evidence> + 's {
    let mut managers: BTreeMap<(&str, &str), Vec<&Old<'_>>> = BTreeMap::new();
    for old in olds {
        let how = old.entry.map_or("annotation", |entry| &*entry.operation);
        managers.entry((old.manager(), how)).or_default().push(old);
    }
    managers
        .into_iter()
        .map(|((manager, how), olds)| piece(manager, how, &olds))
}

fn piece(manager: &str, how: &str, olds: &[&Old<'_>]) -> Evidence {
    let first = olds[0];
    let names = olds
        .iter()
        .map(|old| subject(old).path())
        .collect::<Vec<_>>();
    let (count, names) = (
        counted(olds.len(), "object"),
        some_of(names.iter().map(String::as_str)),
    );
    let at = first.ended.version();
    let what = if first.entry.is_some() {
        format!("{manager} ({how}) last wrote {count} at {at}: {names}")
    } else {
        format!("last applied at {at} ({count}: {names}), and nothing tells of a later write")
    };
    let why = first.superseded.as_ref().map(|why| format!("; {why}"));
    Evidence {
        kind: if first.entry.is_some() {
            EvidenceKind::Writer
        } else {
            EvidenceKind::Reapply
        },
        source: airworthy_knowledge::url(
            &first.kind.group,
            &first.kind.read_at,
            &first.kind.resource,
        ),
        observed_at: olds.iter().filter_map(|old| old.entry?.time).max(),
        detail: what + &why.unwrap_or_default(),
    }
}

/// Everybody who wrote one object at a version that ends, superseded or not.
fn old<'a>(ctx: &Context<'a>, kind: &'a WrittenKind, object: &'a WrittenObject) -> Vec<Old<'a>> {
    let authors = object
        .writers
        .iter()
        .enumerate()
        .filter(|(_, writer)| is_author(object, writer));
    let mut olds: Vec<_> = authors
        .filter_map(|(at, writer)| {
            let ended = ended(ctx, kind, &writer.api_version)?;
            let owner = owner::writer(ctx, object, &writer.manager);
            let superseded = superseded(ctx, kind, object, at)
                .or_else(|| desired::superseded(ctx, &owner, &ended, object, Some(writer)));
            Some(Old {
                object,
                kind,
                ended,
                entry: Some(writer),
                owner,
                superseded,
            })
        })
        .collect();
    olds.retain(|old| old.superseded.is_none() || told_by_annotation(old));
    olds.extend(annotated(ctx, kind, object));
    olds
}

/// A superseded entry is nothing to tell, unless an annotation that others read still says so.
fn told_by_annotation(old: &Old<'_>) -> bool {
    old.entry
        .is_some_and(|entry| old.object.last_applied.as_ref() == Some(&entry.api_version))
}

/// The annotation where no entry at its version tells the same: stale as soon as somebody wrote later.
fn annotated<'a>(
    ctx: &Context<'a>,
    kind: &'a WrittenKind,
    object: &'a WrittenObject,
) -> Option<Old<'a>> {
    let applied = object.last_applied.as_ref()?;
    let ended = ended(ctx, kind, applied)?;
    let told = |writer: &Writer| writer.api_version == *applied && is_author(object, writer);
    if object.writers.iter().any(told) {
        return None;
    }
    let survivor = object.writers.iter().find(|writer| {
        (writer.applies || is_author(object, writer)) && survives(ctx, kind, writer)
    });
    let later = survivor.map(|writer| {
        format!(
            "since then {} wrote at {}",
            writer.manager, writer.api_version
        )
    });
    let owner = owner::writer(ctx, object, "kubectl-client-side-apply");
    let superseded = later.or_else(|| desired::superseded(ctx, &owner, &ended, object, None));
    Some(Old {
        object,
        kind,
        ended,
        entry: None,
        owner,
        superseded,
    })
}

/// Whether an entry is of somebody who decides what the object is: not the control plane, not a subresource, not metadata alone.
fn is_author(object: &WrittenObject, writer: &Writer) -> bool {
    let applied = writer.applies && object.last_applied.as_ref() == Some(&writer.api_version);
    writer.subresource.is_empty()
        && !system::is_control_plane(&writer.manager)
        && (writer.fields > 0 || applied)
}

fn ended<'a>(ctx: &Context<'a>, kind: &WrittenKind, version: &str) -> Option<Ended<'a>> {
    let path = ctx.path().ok()?;
    Ended::of(ctx.knowledge, path, version, &kind.kind)
}

fn survives(ctx: &Context<'_>, kind: &WrittenKind, writer: &Writer) -> bool {
    let ended = ended(ctx, kind, &writer.api_version);
    ended.is_none_or(|ended| ended.can_stay_on())
}

/// Who wrote the object since, at a version that survives, so that the entry does not tell of the next write.
fn superseded(
    ctx: &Context<'_>,
    kind: &WrittenKind,
    object: &WrittenObject,
    at: usize,
) -> Option<String> {
    let old = &object.writers[at];
    let later = object.writers.iter().enumerate().find(|(place, new)| {
        survives(ctx, kind, new) && is_author(object, new) && took_over(object, old, new, *place)
    });
    later.map(|(_, new)| format!("since then {} wrote at {}", new.manager, new.api_version))
}

/// An apply that found everything as it wants it leaves an entry without a time. It came after all that it shares was written, for
/// what others change later is theirs alone. Of kubectl the annotation tells at which version it applied last, whatever the times.
fn took_over(object: &WrittenObject, old: &Writer, new: &Writer, place: usize) -> bool {
    let applied = object.last_applied.as_ref() == Some(&new.api_version);
    if applied && owner::is_kubectl(old) && owner::is_kubectl(new) {
        return true;
    }
    if new.time.is_none() && new.operation == "Apply" {
        return old.shared.get(place) == Some(&old.fields);
    }
    let same = old.manager == new.manager;
    (is_later(old, new) || (same && applied_last(old, new)))
        && (same || owns_as_much(old, place) || applies_anew(old, new))
}

/// Whether the annotation tells which of two writes was the last apply: an update takes it from whoever had it.
fn applied_last(old: &Writer, new: &Writer) -> bool {
    new.applies && !old.applies
}

/// Whether somebody now applies what was written by another verb of kubectl.
fn applies_anew(old: &Writer, new: &Writer) -> bool {
    new.applies && owner::is_kubectl(old) && owner::is_kubectl(new)
}

/// Times have whole seconds. Within one second, an apply that shares what an update wrote came after it: an update takes no
/// field that is as wanted already.
fn is_later(old: &Writer, new: &Writer) -> bool {
    let (Some(then), Some(since)) = (whole(old.time), whole(new.time)) else {
        return false;
    };
    since > then || (since == then && old.operation == "Update" && new.operation == "Apply")
}

fn whole(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_second)
}

/// Whether another entry owns practically all that an entry owns. A field or two may have other names at the other version.
fn owns_as_much(old: &Writer, place: usize) -> bool {
    let shared = old.shared.get(place).copied().unwrap_or_default();
    u64::from(shared) * 3 >= u64::from(old.fields) * 2
}
