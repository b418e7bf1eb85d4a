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
    if source.watched.len() > MOST_WATCHED {
        source.watched.truncate(MOST_WATCHED);
        let more = format!("more than {MOST_WATCHED} of its objects matter");
        let problems = source.problem.into_iter().chain([more]);
        source.problem = Some(problems.collect::<Vec<_>>().join("; "));
    }
    source.watched.shrink_to_fit();
    source
}

#[cfg(test)]
mod tests {
    use airworthy_knowledge::Knowledge;
    use serde_json::json;

    use super::*;

    #[test]
    fn more_objects_than_are_kept_are_told() {
        let knowledge = Knowledge::embedded();
        let versions = Versions {
            knowledge,
            served: None,
            minor: None,
        };
        let of = |count: usize| {
            let one =
                json!({"group": "batch", "version": "v1beta1", "kind": "CronJob", "name": "x"});
            let status = json!({ "resources": vec![one; count] });
            let wire: Application = serde_json::from_value(json!({ "status": status })).unwrap();
            watched(versions, wire.into_source("argoproj.io/v1alpha1"))
        };
        assert_eq!(of(MOST_WATCHED).problem, None);
        let many = of(MOST_WATCHED + 1);
        assert_eq!(many.watched.len(), MOST_WATCHED);
        assert!(many.problem.unwrap().contains("more than 5000"));
    }
}
