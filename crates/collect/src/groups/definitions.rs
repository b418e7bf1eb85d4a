//! Custom resource definitions, whether each served version can be read, and how many objects there are: one object's metadata of
//! each is asked for.

use airworthy_model::facts::{Crd, CrdProbe};
use futures::{StreamExt as _, stream};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    failure::Failure,
    list::list,
    resource::{DEFINITIONS, Versions},
    session::{Ask, Session},
    wire::{api::Definition, meta::nullable},
};

const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<Crd>, Failure> {
    let keep = |wire: Definition, _: &str, rows: &mut Vec<Crd>| rows.push(wire.into());
    let mut definitions = list(session, versions, &DEFINITIONS, keep).await?;
    let targets: Vec<_> = definitions
        .iter()
        .enumerate()
        .flat_map(|(at, crd)| targets(at, crd))
        .collect();
    let mut probes = stream::iter(targets)
        .map(|(at, path, version)| async move { (at, probe(session, path, version).await) })
        .buffered(session.plan.limits.concurrency.max(1));
    while let Some((at, probe)) = probes.next().await {
        definitions[at].probes.push(probe);
    }
    Ok(definitions)
}

/// Versions that are served and that their author has not deprecated: asking for those would count as use.
fn targets(at: usize, crd: &Crd) -> impl Iterator<Item = (usize, String, String)> {
    let asked = crd
        .versions
        .iter()
        .filter(|version| version.served && !version.deprecated);
    asked.map(move |version| {
        let path = airworthy_knowledge::url(&crd.group, &version.name, &crd.plural);
        (at, path, version.name.clone())
    })
}

async fn probe(session: &Session<'_>, path: String, version: String) -> CrdProbe {
    let ask = Ask::get(path, METADATA_ONLY).query("limit=1");
    let (status, message, objects) = match session.exchange(&ask).await {
        Ok(answer) if answer.status.is_success() => {
            (answer.status.as_u16(), String::new(), counted(&answer.body))
        }
        Ok(answer) => (answer.status.as_u16(), answer.message(), None),
        Err(failure) => (0, failure.cause.to_string(), None),
    };
    CrdProbe {
        version,
        status,
        message,
        objects,
    }
}

/// A list of which only the length counts.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(deserialize_with = "nullable")]
    items: Vec<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PageMetadata {
    r#continue: String,
    remaining_item_count: Option<u64>,
}

/// How many objects a first page says there are; nothing where it is cut off and does not say how many follow.
fn counted(body: &[u8]) -> Option<u64> {
    let page: Page = serde_json::from_slice(body).ok()?;
    let more = match page.metadata.remaining_item_count {
        Some(more) => more,
        None if page.metadata.r#continue.is_empty() => 0,
        None => return None,
    };
    u64::try_from(page.items.len()).ok()?.checked_add(more)
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn a_first_page_tells_how_many_there_are() {
        for (page, count) in [
            (r#"{"metadata":{},"items":[]}"#, Some(0)),
            (
                r#"{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{}}]}"#,
                Some(1),
            ),
            (
                r#"{"metadata":{"continue":"x","remainingItemCount":41},"items":[{}]}"#,
                Some(42),
            ),
            (r#"{"metadata":{"continue":"x"},"items":[{}]}"#, None),
            (
                r#"{"metadata":{"remainingItemCount":18446744073709551615},"items":[{}]}"#,
                None,
            ),
            (
                r#"{"metadata":{"remainingItemCount":-1},"items":[{}]}"#,
                None,
            ),
            (r#"{"metadata":{},"items":null}"#, Some(0)),
            (r#"{"metadata":{}}"#, None),
            ("", None),
        ] {
            assert_eq!(counted(page.as_bytes()), count, "{page}");
        }
    }
}
