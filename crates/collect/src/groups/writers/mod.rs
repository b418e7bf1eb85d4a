//! Who wrote live objects at API versions whose end is known: metadata alone, at versions that last, kind by kind.

mod fields;
mod kinds;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use airworthy_model::{
    Missing, Need,
    facts::{Writer, WrittenKind, WrittenObject},
};
use futures::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value;

use self::fields::{MOST_BYTES, Owned};
pub(crate) use self::kinds::{Listed, ends, listed};
use crate::{
    failure::{Cause, Failure},
    list::{self, Listing},
    resource::Versions,
    session::Session,
    wire::{
        meta::instant,
        written::{Entry, Metadata, Written},
    },
};

/// About how many bytes the objects of one kind may take that are kept, some 5,000 as a rule; the rest is counted. A recording
/// has them on one line.
const MOST_KEPT: usize = 4 << 20;
/// Most entries of one object. There are as many as managers, which are few.
const MOST_ENTRIES: usize = 64;

/// What one object comes to.
enum Row {
    Watched(Box<WrittenObject>),
    /// It belongs to the watched ones, which are too many.
    Beyond,
    /// Nothing tells who wrote it.
    Untold,
    /// Nobody wrote it at a version that ends.
    Other,
}

impl Row {
    /// About how many bytes it takes, in memory and in a recording.
    fn weight(&self) -> usize {
        let Self::Watched(object) = self else {
            return 0;
        };
        let texts = |writer: &Writer| writer.manager.len() + writer.api_version.len();
        let writers = object.writers.iter();
        let writers = writers.map(|writer| 100 + texts(writer) + 4 * writer.shared.len());
        300 + object.name.len() + writers.sum::<usize>()
    }
}

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<WrittenKind>, Failure> {
    let served = versions.served.ok_or_else(|| Failure {
        request: "GET /apis".to_owned(),
        cause: Cause::NoVersion("what the server serves is not known".into()),
    })?;
    let failed = served
        .failed
        .iter()
        .filter_map(|group_version| undiscovered(versions, group_version));
    let mut kinds: Vec<_> = failed.collect();
    let lists = stream::iter(listed(versions, served)).map(|kind| written(session, kind));
    kinds.extend(
        lists
            .buffered(session.plan.limits.concurrency.max(1))
            .collect::<Vec<_>>()
            .await,
    );
    Ok(kinds)
}

/// A group-version whose discovery failed may have kinds that somebody wrote.
fn undiscovered(versions: Versions<'_>, group_version: &str) -> Option<WrittenKind> {
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let known =
        |api: &&airworthy_knowledge::Api| api.group == group && api.version == version && ends(api);
    versions.knowledge.apis().find(known)?;
    let detail =
        format!("discovery of {group_version} failed: nobody knows which of its kinds are there");
    Some(WrittenKind {
        unread: Some(Missing {
            cure: Some(
                "look why the API server cannot tell what the group serves, and run again".into(),
            ),
            ..Missing::not_collected(Need::ApiWriters, detail)
        }),
        ..empty(group, version, "*", "*")
    })
}

fn empty(group: &str, version: &str, resource: &str, kind: &str) -> WrittenKind {
    WrittenKind {
        group: group.to_owned(),
        read_at: version.to_owned(),
        resource: resource.to_owned(),
        kind: kind.to_owned(),
        objects: 0,
        untold: 0,
        uncounted: 0,
        watched: Vec::new(),
        unread: None,
    }
}

/// One kind. That it may not be read does not hide the others.
async fn written(session: &Session<'_>, listed: Listed) -> WrittenKind {
    let Listed {
        group,
        version,
        resource,
        kind,
        ..
    } = &listed;
    let listing = Listing {
        metadata_only: true,
        ..Listing::at(airworthy_knowledge::url(group, version, resource), session)
    };
    let kept = AtomicUsize::new(0);
    let rows = list::read(session, &listing, |wire: Written, rows: &mut Vec<Row>| {
        // A list that expired begins again.
        let before = if rows.is_empty() {
            0
        } else {
            kept.load(Relaxed)
        };
        let row = row(wire.metadata, &listed, before < MOST_KEPT);
        kept.store(before + row.weight(), Relaxed);
        rows.push(row);
    });
    let all = empty(group, version, resource, kind);
    match rows.await {
        Ok(rows) => sorted(all, rows),
        Err(failure) => WrittenKind {
            unread: Some(unread(&failure, group, resource)),
            ..all
        },
    }
}

fn unread(failure: &Failure, group: &str, resource: &str) -> Missing {
    let mut missing = failure.missing(Need::ApiWriters);
    if failure.status() == Some(http::StatusCode::FORBIDDEN) {
        missing.cure = Some(format!(
            "allow `list` on `{resource}` (API group `{group}`)"
        ));
    }
    missing
}

fn sorted(mut all: WrittenKind, rows: Vec<Row>) -> WrittenKind {
    all.objects = rows.len() as u64;
    for row in rows {
        match row {
            Row::Watched(object) => all.watched.push(*object),
            Row::Beyond => all.uncounted += 1,
            Row::Untold => all.untold += 1,
            Row::Other => (),
        }
    }
    all
}

/// What an object comes to. The annotation's text does not leave this function.
fn row(metadata: Metadata, listed: &Listed, has_room: bool) -> Row {
    let text = metadata
        .last_applied()
        .filter(|text| text.len() <= MOST_BYTES);
    let last_applied = text.and_then(applied_version);
    let ended = |version: &String| listed.ended.contains(version);
    let old = metadata
        .managed_fields
        .iter()
        .any(|entry| ended(&entry.api_version));
    if !old && !last_applied.as_ref().is_some_and(ended) {
        let told = !metadata.managed_fields.is_empty() || last_applied.is_some();
        return if told { Row::Other } else { Row::Untold };
    }
    if !has_room {
        return Row::Beyond;
    }
    let applied = text.and_then(|text| serde_json::from_str(text).ok());
    let writers = writers(
        &metadata.managed_fields,
        last_applied.as_deref(),
        applied.as_ref(),
    );
    let owners = metadata.owners();
    let some = |text: String| (!text.is_empty()).then_some(text);
    Row::Watched(Box::new(WrittenObject {
        namespace: some(metadata.namespace),
        name: metadata.name,
        uid: some(metadata.uid),
        writers,
        last_applied,
        owners,
    }))
}

/// The one member of the applied text that is kept, where it is a version and no more.
fn applied_version(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        api_version: String,
    }
    let Head { api_version } = serde_json::from_str(text).ok()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"./-".contains(&byte);
    (api_version.len() <= 300 && api_version.bytes().all(fits)).then_some(api_version)
}

fn writers(entries: &[Entry], last_applied: Option<&str>, applied: Option<&Value>) -> Vec<Writer> {
    let entries = &entries[..entries.len().min(MOST_ENTRIES)];
    let owned: Vec<_> = entries
        .iter()
        .map(|entry| owned(entry, last_applied, applied))
        .collect();
    entries
        .iter()
        .zip(&owned)
        .map(|(entry, fields)| writer(entry, fields.as_ref(), &owned))
        .collect()
}

/// The fields of an entry; of the one that applied the text, those that the text names. Nothing when they cannot be read.
fn owned(entry: &Entry, last_applied: Option<&str>, applied: Option<&Value>) -> Option<Owned> {
    let raw = entry
        .fields_v1
        .as_ref()
        .map_or(&b"{}"[..], |fields| &fields.raw);
    let all = fields::owned(raw, None)?;
    if all.annotation && applied.is_some() && last_applied == Some(&entry.api_version) {
        return fields::owned(raw, applied);
    }
    Some(all)
}

fn writer(entry: &Entry, fields: Option<&Owned>, all: &[Option<Owned>]) -> Writer {
    let none = Owned::default();
    let shared = all.iter().map(|other| {
        let other = other.as_ref().unwrap_or(&none);
        let common = fields.map_or(0, |fields| {
            fields.leaves.intersection(&other.leaves).count()
        });
        u32::try_from(common).unwrap_or(u32::MAX)
    });
    Writer {
        manager: entry.manager.clone(),
        operation: entry.operation.clone(),
        subresource: entry.subresource.clone(),
        api_version: entry.api_version.clone(),
        time: instant(entry.time),
        // What cannot be read may be all: then it is an author's, whom nobody supersedes.
        fields: fields.map_or(1, |fields| {
            u32::try_from(fields.leaves.len()).unwrap_or(u32::MAX)
        }),
        applies: fields.is_some_and(|fields| fields.annotation),
        shared: shared.collect(),
    }
}

#[cfg(test)]
mod tests;
