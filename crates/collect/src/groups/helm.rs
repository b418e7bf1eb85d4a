//! Helm releases: of all records the metadata, of each release the one payload that counts.

use std::sync::Arc;

use airworthy_manifest::Watch;
use airworthy_model::{
    Reason,
    facts::{HelmRelease, NewestRevision},
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    failure::{Cause, Failure},
    helm::{
        self, Content,
        record::{Counting, Holder, Record, that_count},
    },
    list::{self, Listing},
    names::is_name,
    resource::Versions,
    session::{Ask, Session},
    wire::{
        self,
        helm::{Holding, Labelled},
    },
};

/// Most bytes of one Secret or ConfigMap: more than an API server takes.
const MOST: usize = 6 << 20;
/// Releases whose payload is being opened while others are fetched.
const OPENING: usize = 2;

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<HelmRelease>, Failure> {
    let (mut records, others) = tokio::try_join!(
        records(session, Holder::Secret),
        records(session, Holder::ConfigMap)
    )?;
    records.extend(others);
    let records = that_count(records);
    if records.is_empty() {
        // The tables of fields need not be gone through.
        return Ok(Vec::new());
    }
    let at_once = session.plan.limits.concurrency.max(1) + OPENING;
    let watch = Arc::new(watch(versions));
    let mut releases = stream::iter(records)
        .map(|record| release(session, watch.clone(), record))
        .buffered(at_once);
    let mut all = Vec::new();
    while let Some(release) = releases.next().await {
        all.extend(release?);
    }
    Ok(all)
}

/// What matters from the version that runs on, whatever the target.
fn watch(
    Versions {
        knowledge, minor, ..
    }: Versions<'_>,
) -> Watch {
    let from = minor.unwrap_or(knowledge.oldest);
    let minors = from..=knowledge.newest.max(from);
    Watch::of(knowledge, &minors).with_fields(knowledge, &minors)
}

/// The records in one kind of holder, by their metadata: label and type choose them, so that no other Secret is sent.
async fn records(session: &Session<'_>, holder: Holder) -> Result<Vec<Record>, Failure> {
    let listing = Listing {
        selector: match holder {
            Holder::Secret => {
                "labelSelector=owner%3Dhelm&fieldSelector=type%3Dhelm.sh%2Frelease.v1"
            }
            Holder::ConfigMap => "labelSelector=owner%3Dhelm",
        },
        metadata_only: true,
        namespaced: true,
        ..Listing::at(format!("/api/v1/{}", holder.resource()), session)
    };
    list::read(session, &listing, |wire: Labelled, rows| {
        rows.extend(record(holder, wire));
    })
    .await
}

fn record(holder: Holder, wire: Labelled) -> Option<Record> {
    let mut metadata = wire.metadata;
    // ConfigMaps have no type: anybody may have called his own `owner: helm`.
    if holder == Holder::ConfigMap && !metadata.name.starts_with("sh.helm.release.v1.") {
        return None;
    }
    let labels = metadata.take_labels();
    let created = metadata.creation_timestamp.instant();
    let record = Record::new(holder, metadata.namespace, metadata.name, &labels, created);
    Some(record)
}

/// The fact of a release; nothing when its record is gone by now. A failure is one that all other releases share.
async fn release(
    session: &Session<'_>,
    watch: Arc<Watch>,
    counting: Counting,
) -> Result<Option<HelmRelease>, Failure> {
    let record = &counting.record;
    if !record.is_used_again() {
        return Ok(Some(fact(counting, Ok(Content::default()))));
    }
    let content = match payload(session, record).await {
        Ok(Some(payload)) => payload.open(watch).await,
        Ok(None) => return Ok(None),
        Err(failure) if concerns_all(&failure) => return Err(failure),
        Err(failure) => Err(failure.to_string()),
    };
    Ok(Some(fact(counting, content)))
}

fn concerns_all(failure: &Failure) -> bool {
    failure.reason() == Reason::Forbidden || matches!(failure.cause, Cause::Budget(_))
}

/// When a revision was deployed, as the clock of whoever ran Helm says; not later than the API server says that its record was made,
/// for what others wrote since is told by that clock.
fn deployed(said: Option<Timestamp>, created: Option<Timestamp>) -> Option<Timestamp> {
    let said = said?;
    Some(created.map_or(said, |created| said.min(created)))
}

fn fact(counting: Counting, content: Result<Content, String>) -> HelmRelease {
    let Counting { record, newest } = counting;
    let unread = |problem| Content {
        problem: Some(problem),
        ..Content::default()
    };
    let mut content = content.unwrap_or_else(unread);
    content.stand_in(&record.namespace);
    HelmRelease {
        newest: newest.map(|newest| NewestRevision {
            revision: newest.revision,
            status: newest.status,
            written_at: newest.written_at,
        }),
        written_at: record.written_at,
        app_version: content.app_version,
        workloads: content.workloads,
        corefiles: content.corefiles,
        values: content.values,
        namespace: record.namespace,
        name: record.release,
        revision: record.revision,
        status: record.status,
        stored_in: record.holder.kind().to_owned(),
        record: record.object,
        chart: content.chart,
        chart_version: content.chart_version,
        kube_version: content.kube_version,
        deployed_at: deployed(content.deployed_at, record.created),
        objects: content.objects,
        watched: content.watched,
        problem: content.problem,
    }
}

/// What Helm wrote into a record.
struct Payload {
    bytes: Bytes,
    /// Kubernetes' own base64 is still around it.
    wrapped: bool,
}

impl Payload {
    /// Inflates and parses, which takes its time, on a thread that may.
    async fn open(self, watch: Arc<Watch>) -> Result<Content, String> {
        let read = move || {
            let text = if self.wrapped {
                Bytes::from(helm::unwrap(&self.bytes)?)
            } else {
                self.bytes
            };
            helm::read(&text, &watch)
        };
        let read = tokio::task::spawn_blocking(read).await;
        let read = read.map_err(|_| "reading it was broken off".to_owned())?;
        read.map_err(|undecodable| undecodable.to_string())
    }
}

/// Fetches the payload of a record; nothing when the record is gone.
async fn payload(session: &Session<'_>, record: &Record) -> Result<Option<Payload>, Failure> {
    let (holder, path) = (record.holder, path(record));
    let ask = Ask::get(path, session.accept());
    if !(is_name(&record.namespace) && is_name(&record.object)) {
        return Err(ask.failed(Cause::Malformed("that is no name".into())));
    }
    let answer = session.exchange_within(&ask, MOST).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !answer.status.is_success() {
        return Err(ask.failed(Cause::Status(answer.status, answer.message())));
    }
    let wrapped = holder == Holder::Secret && answer.content_type.starts_with(wire::JSON);
    // What a decoder says may quote the Secret.
    let decoded = wire::decode_object(&answer.content_type, answer.body, holder.kind());
    let holding: Holding = decoded
        .map_err(|_| ask.failed(Cause::Malformed(format!("that is no {}", holder.kind()))))?;
    let none = || ask.failed(Cause::Malformed("it holds no release".into()));
    let bytes = holding.release().ok_or_else(none)?;
    Ok(Some(Payload { bytes, wrapped }))
}

fn path(record: &Record) -> String {
    let (namespace, resource) = (&record.namespace, record.holder.resource());
    format!(
        "/api/v1/namespaces/{namespace}/{resource}/{}",
        record.object
    )
}
