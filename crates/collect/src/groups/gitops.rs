//! What Argo CD and Flux keep applying, as the status of their own objects tells.

use airworthy_model::facts::{DesiredObject, GitOpsSource, Served};

use super::writers::ends;
use crate::{
    failure::Failure,
    list::{self, Listing},
    resource::Versions,
    session::Session,
    wire::{
        Wire,
        gitops::{Application, Kustomization},
    },
};

/// Group, resource, and the versions that are understood, the newest first.
const APPLICATIONS: (&str, &str, &[&str]) = ("argoproj.io", "applications", &["v1alpha1"]);
const KUSTOMIZATIONS: (&str, &str, &[&str]) = (
    "kustomize.toolkit.fluxcd.io",
    "kustomizations",
    &["v1", "v1beta2", "v1beta1"],
);

/// Most objects of one source that are kept.
const MOST_WATCHED: usize = 5_000;

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<GitOpsSource>, Failure> {
    let applications = all(session, versions, APPLICATIONS, |wire: Application, at| {
        wire.into_source(at)
    });
    let kustomizations = all(
        session,
        versions,
        KUSTOMIZATIONS,
        |wire: Kustomization, at| wire.into_source(at),
    );
    let (mut sources, others) = tokio::try_join!(applications, kustomizations)?;
    sources.extend(others);
    Ok(sources)
}

/// All sources of a kind; none where it is not served. Without discovery it is asked for, and may turn out to be absent.
async fn all<W: Wire>(
    session: &Session<'_>,
    versions: Versions<'_>,
    (group, resource, known): (&str, &str, &[&str]),
    source: impl Fn(W, &str) -> GitOpsSource,
) -> Result<Vec<GitOpsSource>, Failure> {
    let version = match versions.served {
        Some(served) => known
            .iter()
            .copied()
            .find(|version| may_serve(served, group, version, resource)),
        None => known.first().copied(),
    };
    let Some(version) = version else {
        return Ok(Vec::new());
    };
    let listing = Listing {
        path: airworthy_knowledge::url(group, version, resource),
        selector: "",
        page_size: session.plan.limits.page_size.max(1),
        metadata_only: false,
    };
    let at = airworthy_knowledge::api_version(group, version);
    let rows = list::read(session, &listing, |wire: W, rows| {
        rows.push(watched(versions, source(wire, &at)));
    });
    match rows.await {
        Err(failure) if failure.status() == Some(http::StatusCode::NOT_FOUND) => Ok(Vec::new()),
        read => read,
    }
}

fn may_serve(served: &Served, group: &str, version: &str, resource: &str) -> bool {
    served.serves(group, version, resource)
        || served
            .failed
            .contains(&airworthy_knowledge::api_version(group, version))
}

/// The source with those of its objects whose version has a known end.
fn watched(versions: Versions<'_>, mut source: GitOpsSource) -> GitOpsSource {
    let has_end = |object: &DesiredObject| {
        let (group, version) = object
            .api_version
            .split_once('/')
            .unwrap_or(("", &object.api_version));
        versions
            .knowledge
            .kind(group, version, &object.kind)
            .is_some_and(ends)
    };
    source.watched.retain(has_end);
    source.watched.truncate(MOST_WATCHED);
    source.watched.shrink_to_fit();
    source
}
