//! Argo CD's Applications and Flux' Kustomizations. Custom resources come as JSON: the numbers for protobuf are ours and stay
//! unused.

use airworthy_model::facts::{DesiredObject, GitOpsSource};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Wire,
    meta::{ObjectMeta, Time, instant, nullable},
};

/// An Application of Argo CD.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Application {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    spec: ApplicationSpec,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    status: ApplicationStatus,
}

impl Wire for Application {
    const LIST: &'static str = "ApplicationList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct ApplicationSpec {
    #[prost(message, optional, tag = "1")]
    source: Option<Source>,
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    sources: Vec<Source>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Source {
    #[prost(string, tag = "1")]
    #[serde(rename = "repoURL")]
    repo_url: String,
    #[prost(string, tag = "2")]
    path: String,
    #[prost(string, tag = "3")]
    chart: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ApplicationStatus {
    #[prost(message, required, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    sync: Sync,
    #[prost(message, optional, tag = "2")]
    operation_state: Option<OperationState>,
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    resources: Vec<Managed>,
    #[prost(message, repeated, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Fault>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Sync {
    #[prost(string, tag = "1")]
    revision: String,
    #[prost(string, tag = "2")]
    status: String,
}

/// What is wrong with an Application. Its message may quote anything, and is not kept.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Fault {
    #[prost(string, tag = "1")]
    #[serde(rename = "type")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OperationState {
    #[prost(message, optional, tag = "1")]
    finished_at: Option<Time>,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Managed {
    #[prost(string, tag = "1")]
    group: String,
    #[prost(string, tag = "2")]
    version: String,
    #[prost(string, tag = "3")]
    kind: String,
    #[prost(string, tag = "4")]
    namespace: String,
    #[prost(string, tag = "5")]
    name: String,
}

impl ApplicationStatus {
    /// Why its resources are not what it applies: Argo CD lists them when it has rendered the source and compared that with the
    /// cluster.
    fn problem(&self) -> Option<String> {
        const FAILED: &str = "ComparisonError";
        let failed = self.conditions.iter().any(|fault| fault.name == FAILED);
        let why = match &*self.sync.status {
            _ if failed => FAILED,
            "Unknown" => "sync status Unknown",
            _ => return None,
        };
        Some(format!(
            "Argo CD cannot compare it ({why}), so what it applies is not known"
        ))
    }
}

impl Application {
    pub(crate) fn into_source(self, api_version: &str) -> GitOpsSource {
        let problem = self.status.problem();
        let ApplicationStatus {
            sync,
            operation_state,
            resources,
            ..
        } = self.status;
        let sources = self.spec.source.into_iter().chain(self.spec.sources);
        let sources: Vec<_> = sources.map(|source| source.place()).collect();
        let watched = resources
            .into_iter()
            .map(|one| desired(&one.group, &one.version, one.kind, &one.namespace, one.name));
        GitOpsSource {
            source: sources.join(", "),
            revision: sync.revision,
            applied_at: instant(operation_state.and_then(|state| state.finished_at)),
            watched: watched.collect(),
            problem,
            ..named(api_version, "Application", self.metadata)
        }
    }
}

impl Source {
    fn place(&self) -> String {
        let within = [&self.path, &self.chart]
            .into_iter()
            .find(|text| !text.is_empty());
        let within = within.map(|text| format!(" {text}")).unwrap_or_default();
        without_credentials(&self.repo_url) + &within
    }
}

/// The address without user, password, query and fragment, any of which may hold a secret.
fn without_credentials(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest
                .split_once('/')
                .map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            let path = path.map(|path| format!("/{path}")).unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => url
            .rsplit_once('@')
            .map_or(url, |(_, rest)| rest)
            .to_owned(),
    }
}

/// A Kustomization of Flux.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Kustomization {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    spec: KustomizationSpec,
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    status: KustomizationStatus,
}

impl Wire for Kustomization {
    const LIST: &'static str = "KustomizationList";
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct KustomizationSpec {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    source_ref: SourceRef,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct SourceRef {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    namespace: String,
    #[prost(string, tag = "3")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct KustomizationStatus {
    #[prost(string, tag = "1")]
    last_applied_revision: String,
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    inventory: Inventory,
}

#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Inventory {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    entries: Vec<Applied>,
}

/// `namespace_name_group_kind` and the version.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default)]
struct Applied {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    v: String,
}

impl Kustomization {
    pub(crate) fn into_source(self, api_version: &str) -> GitOpsSource {
        let SourceRef {
            kind,
            namespace,
            name,
        } = &self.spec.source_ref;
        let namespace = if namespace.is_empty() {
            &self.metadata.namespace
        } else {
            namespace
        };
        let source = format!("{kind} {namespace}/{name} {}", self.spec.path);
        let entries = &self.status.inventory.entries;
        let watched: Vec<_> = entries.iter().filter_map(Applied::desired).collect();
        let (all, odd) = (entries.len(), entries.len() - watched.len());
        GitOpsSource {
            source: source.trim().to_owned(),
            watched,
            problem: (odd > 0)
                .then(|| format!("{odd} of {all} entries of its inventory cannot be taken apart")),
            revision: self.status.last_applied_revision,
            ..named(api_version, "Kustomization", self.metadata)
        }
    }
}

impl Applied {
    /// Names of roles may hold a colon, which the id has as two underscores.
    fn desired(&self) -> Option<DesiredObject> {
        let (namespace, rest) = self.id.split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        Some(desired(
            group,
            &self.v,
            kind.to_owned(),
            namespace,
            name.replace("__", ":"),
        ))
    }
}

fn desired(
    group: &str,
    version: &str,
    kind: String,
    namespace: &str,
    name: String,
) -> DesiredObject {
    DesiredObject {
        api_version: airworthy_knowledge::api_version(group, version),
        kind,
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name,
        ..DesiredObject::default()
    }
}

fn named(api_version: &str, kind: &str, metadata: ObjectMeta) -> GitOpsSource {
    GitOpsSource {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: metadata.namespace,
        name: metadata.name,
        source: String::new(),
        revision: String::new(),
        applied_at: None::<Timestamp>,
        watched: Vec::new(),
        problem: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_leave_the_address() {
        for (url, clean) in [
            (
                "https://jane:hush@git.example.com/shop.git?token=hush#hush",
                "https://git.example.com/shop.git",
            ),
            ("https://hush@git.example.com", "https://git.example.com"),
            (
                "https://a:b@c@git.example.com/x@y",
                "https://git.example.com/x@y",
            ),
            ("git@git.example.com:shop.git", "git.example.com:shop.git"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(url), clean, "{url}");
        }
    }

    #[test]
    fn an_application_tells_what_it_applies() {
        let wire: Application = serde_json::from_value(json!({
            "metadata": {"namespace": "argocd", "name": "web"},
            "spec": {"sources": [{"repoURL": "https://u:p@h/r", "path": "deploy"}, {"repoURL": "h", "chart": "db"}]},
            "status": {
                "sync": {"revision": "4f2c"},
                "operationState": {"finishedAt": "2026-11-01T08:00:00Z", "message": "not kept"},
                "resources": [{"group": "batch", "version": "v1beta1", "kind": "CronJob", "namespace": "shop", "name": "cleanup"},
                              {"version": "v1", "kind": "Namespace", "name": "shop"}],
            },
        })).unwrap();
        let source = wire.into_source("argoproj.io/v1alpha1");
        assert_eq!(source.source, "https://h/r deploy, h db");
        assert_eq!(
            source.applied_at.unwrap().to_string(),
            "2026-11-01T08:00:00Z"
        );
        let versions: Vec<_> = source
            .watched
            .iter()
            .map(|one| (&*one.api_version, one.namespace.as_deref()))
            .collect();
        assert_eq!(versions, [("batch/v1beta1", Some("shop")), ("v1", None)]);
    }

    #[test]
    fn an_application_that_cannot_be_compared_tells_so() {
        let problem = |status: serde_json::Value| {
            let wire: Application = serde_json::from_value(json!({ "status": status })).unwrap();
            wire.into_source("argoproj.io/v1alpha1").problem
        };
        let failed = json!([{"type": "SharedResourceWarning"}, {"type": "ComparisonError", "message": "hush"}]);
        let told = problem(json!({"sync": {"status": "Unknown"}, "conditions": failed})).unwrap();
        assert!(
            told.contains("ComparisonError") && !told.contains("hush"),
            "{told}"
        );
        assert!(problem(json!({"conditions": failed})).is_some());
        assert!(problem(json!({"sync": {"status": "Unknown"}, "conditions": null})).is_some());
        let refused = json!([{"type": "SyncError", "message": "refused"}]);
        let told = problem(json!({"sync": {"status": "OutOfSync"}, "conditions": refused}));
        assert_eq!(told, None);
    }

    #[test]
    fn an_inventory_that_cannot_be_taken_apart_is_told() {
        let entries =
            json!([{"id": "nonsense", "v": "v1"}, {"id": "shop_web__Service", "v": "v1"}]);
        let wire = json!({"status": {"inventory": {"entries": entries}}});
        let wire: Kustomization = serde_json::from_value(wire).unwrap();
        let source = wire.into_source("kustomize.toolkit.fluxcd.io/v1");
        assert_eq!(source.watched.len(), 1);
        assert!(source.problem.unwrap().starts_with("1 of 2 entries"));
    }

    #[test]
    fn ids_of_an_inventory_are_taken_apart() {
        let desired = |id: &str| {
            Applied {
                id: id.into(),
                v: "v1".into(),
            }
            .desired()
        };
        let role = desired("_system__node_rbac.authorization.k8s.io_ClusterRole").unwrap();
        assert_eq!(role.name, "system:node");
        assert_eq!(
            (&*role.api_version, &*role.kind, role.namespace),
            ("rbac.authorization.k8s.io/v1", "ClusterRole", None)
        );
        let service = desired("shop_web__Service").unwrap();
        assert_eq!((&*service.api_version, &*service.name), ("v1", "web"));
        assert_eq!(desired("nonsense"), None);
    }
}
