//! What is served: aggregated discovery where the server has it, group by group where it does not.

use airworthy_model::facts::{Served, ServedResource};
use futures::future::join_all;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    failure::{Cause, Failure},
    session::{Answer, Ask, Session},
    wire::{self, meta::nullable},
};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

#[derive(Deserialize)]
struct GroupDiscoveryList {
    #[serde(deserialize_with = "nullable")]
    items: Vec<GroupDiscovery>,
}

#[derive(Deserialize)]
struct GroupDiscovery {
    #[serde(default)]
    metadata: wire::meta::ObjectMeta,
    #[serde(default, deserialize_with = "nullable")]
    versions: Vec<VersionDiscovery>,
}

#[derive(Deserialize)]
struct VersionDiscovery {
    version: String,
    #[serde(default, deserialize_with = "nullable")]
    resources: Vec<ResourceDiscovery>,
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceDiscovery {
    resource: String,
    #[serde(default)]
    response_kind: Option<Kind>,
    scope: String,
    #[serde(default, deserialize_with = "nullable")]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
struct Versions {
    #[serde(deserialize_with = "nullable")]
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(deserialize_with = "nullable")]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(deserialize_with = "nullable")]
    versions: Vec<GroupVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupVersion {
    group_version: String,
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(deserialize_with = "nullable")]
    resources: Vec<LegacyResource>,
}

#[derive(Deserialize)]
struct LegacyResource {
    name: String,
    kind: String,
    namespaced: bool,
    #[serde(default, deserialize_with = "nullable")]
    verbs: Vec<String>,
}

pub(crate) async fn read(session: &Session<'_>) -> Result<Served, Failure> {
    let core = root(session, "/api", |list: Versions| list.versions);
    let groups = root(session, "/apis", |list: GroupList| {
        let versions = list.groups.into_iter().flat_map(|group| group.versions);
        versions.map(|version| version.group_version).collect()
    });
    let (mut served, groups) = tokio::try_join!(core, groups)?;
    served.resources.extend(groups.resources);
    served.failed.extend(groups.failed);
    served.resources.sort_unstable();
    served.resources.shrink_to_fit();
    served.failed.sort_unstable();
    Ok(served)
}

async fn root<T: DeserializeOwned>(
    session: &Session<'_>,
    path: &'static str,
    group_versions: impl FnOnce(T) -> Vec<String>,
) -> Result<Served, Failure> {
    let ask = Ask::get(path, AGGREGATED);
    let answer = session.ask(&ask).await?;
    if answer.content_type.contains("as=APIGroupDiscoveryList") {
        return Ok(aggregated(decode(&ask, &answer)?));
    }
    let list = decode(&ask, &answer)?;
    Ok(one_by_one(session, path, group_versions(list)).await)
}

fn decode<T: DeserializeOwned>(ask: &Ask, answer: &Answer) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| ask.failed(Cause::Malformed(error.to_string())))
}

fn aggregated(list: GroupDiscoveryList) -> Served {
    let mut served = Served::default();
    for group in list.items {
        for version in group.versions {
            let name = &group.metadata.name;
            if version.freshness == "Stale" {
                served
                    .failed
                    .push(airworthy_knowledge::api_version(name, &version.version));
            }
            let resources = version.resources.into_iter();
            served.resources.extend(resources.map(|resource| {
                ServedResource {
                    group: name.clone(),
                    version: version.version.clone(),
                    resource: resource.resource,
                    kind: resource
                        .response_kind
                        .map(|kind| kind.kind)
                        .unwrap_or_default(),
                    namespaced: resource.scope == "Namespaced",
                    listable: resource.verbs.iter().any(|verb| verb == "list"),
                }
            }));
        }
    }
    served
}

/// Asks for each group-version by itself. One that does not answer is said to have failed; the others count.
async fn one_by_one(session: &Session<'_>, path: &str, group_versions: Vec<String>) -> Served {
    let lists = group_versions.iter().map(|group_version| async move {
        let ask = Ask::get(format!("{path}/{group_version}"), wire::JSON);
        let answer = session.ask(&ask).await?;
        decode::<ResourceList>(&ask, &answer)
    });
    let lists = join_all(lists).await;
    let mut served = Served::default();
    for (group_version, list) in group_versions.into_iter().zip(lists) {
        match list {
            Ok(list) => served.resources.extend(legacy(&group_version, list)),
            Err(failure) => {
                session.note(&failure.request, failure.to_string(), true);
                served.failed.push(group_version);
            }
        }
    }
    served
}

fn legacy(group_version: &str, list: ResourceList) -> impl Iterator<Item = ServedResource> {
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let whole = list
        .resources
        .into_iter()
        .filter(|resource| !resource.name.contains('/'));
    whole.map(move |resource| ServedResource {
        group: group.to_owned(),
        version: version.to_owned(),
        listable: resource.verbs.iter().any(|verb| verb == "list"),
        resource: resource.name,
        kind: resource.kind,
        namespaced: resource.namespaced,
    })
}
