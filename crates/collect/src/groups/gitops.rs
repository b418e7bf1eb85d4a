//! What Argo CD and Flux keep applying, as the status of their own objects tells.

use airworthy_model::facts::{DesiredObject, GitOpsSource};

use super::{installed, writers::ends};
use crate::{
    failure::Failure,
    resource::Versions,
    session::Session,
    wire::gitops::{Application, Kustomization},
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
    let applications = installed::all(session, versions, APPLICATIONS, |wire: Application, at| {
        watched(versions, wire.into_source(at))
    });
    let kustomizations = installed::all(
        session,
        versions,
        KUSTOMIZATIONS,
        |wire: Kustomization, at| watched(versions, wire.into_source(at)),
    );
    let (mut sources, others) = tokio::try_join!(applications, kustomizations)?;
    sources.extend(others);
    Ok(sources)
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
