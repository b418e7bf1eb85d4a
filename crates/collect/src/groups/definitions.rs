//! Custom resource definitions, and whether each served version can be read: one object's metadata of each is asked for.

use airworthy_model::facts::{Crd, CrdProbe};
use futures::{StreamExt as _, stream};

use crate::{
    failure::Failure,
    list::list,
    resource::{DEFINITIONS, Versions},
    session::{Ask, Session},
    wire::api::Definition,
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
    let (status, message) = match session.exchange(&ask).await {
        Ok(answer) if answer.status.is_success() => (answer.status.as_u16(), String::new()),
        Ok(answer) => (answer.status.as_u16(), answer.message()),
        Err(failure) => (0, failure.cause.to_string()),
    };
    CrdProbe {
        version,
        status,
        message,
    }
}
