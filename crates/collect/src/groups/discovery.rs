//! What is served: aggregated discovery where the server has it, group by group where it does not.

use std::pin::pin;

use airworthy_knowledge::api_version;
use airworthy_model::facts::{ApiService, Condition, Served, ServedResource};
use futures::{StreamExt as _, stream};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    failure::{Cause, Failure},
    session::{Answer, Ask, Session},
    wire::{self, meta::nullable},
};

/// Most versions of groups that are asked for one by one.
const MOST_VERSIONS: usize = 10_000;

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

/// What is served, and where discovery could not tell all of it.
#[derive(Default)]
pub(crate) struct Discovered {
    pub served: Served,
    pub gaps: Vec<Gap>,
}

/// A group-version of which not all is known that it serves.
pub(crate) struct Gap {
    group_version: String,
    /// Where it would be told.
    source: String,
    why: String,
}

impl Discovered {
    fn fails(&mut self, gap: Gap) {
        self.served.failed.push(gap.group_version.clone());
        self.gaps.push(gap);
    }
}

pub(crate) async fn read(session: &Session<'_>) -> Result<Discovered, Failure> {
    let core = root(session, "/api", |list: Versions| list.versions);
    let groups = root(session, "/apis", |list: GroupList| {
        let versions = list.groups.into_iter().flat_map(|group| group.versions);
        versions.map(|version| version.group_version).collect()
    });
    let (mut all, groups) = tokio::try_join!(core, groups)?;
    let served = &mut all.served;
    served.resources.extend(groups.served.resources);
    served.failed.extend(groups.served.failed);
    served.resources.sort_unstable();
    served.resources.shrink_to_fit();
    served.failed.sort_unstable();
    all.gaps.extend(groups.gaps);
    Ok(all)
}

/// Notes where discovery could not tell all. Where the back end is known to be away, the check of that tells it.
pub(crate) fn note(session: &Session<'_>, gaps: Vec<Gap>, services: &[ApiService]) {
    let away = |gap: &Gap| {
        let is_of = |it: &ApiService| api_version(&it.group, &it.version) == gap.group_version;
        services.iter().any(|it| is_of(it) && is_away(it))
    };
    for gap in gaps {
        if !away(&gap) {
            session.note(gap.source, gap.why, true);
        }
    }
}

fn is_away(service: &ApiService) -> bool {
    let available = Condition::find(&service.conditions, "Available");
    service.service.is_some() && !available.is_some_and(Condition::is_true)
}

async fn root<T: DeserializeOwned>(
    session: &Session<'_>,
    path: &'static str,
    group_versions: impl FnOnce(T) -> Vec<String>,
) -> Result<Discovered, Failure> {
    let ask = Ask::get(path, AGGREGATED);
    let answer = session.ask(&ask).await?;
    if answer.content_type.contains("as=APIGroupDiscoveryList") {
        return Ok(aggregated(path, decode(&ask, &answer)?));
    }
    let group_versions = group_versions(decode(&ask, &answer)?);
    if group_versions.len() > MOST_VERSIONS {
        let why = format!("it names more than {MOST_VERSIONS} versions of groups");
        return Err(ask.failed(Cause::Malformed(why)));
    }
    Ok(one_by_one(session, path, group_versions).await)
}

fn decode<T: DeserializeOwned>(ask: &Ask, answer: &Answer) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| ask.failed(Cause::Malformed(error.to_string())))
}

fn aggregated(path: &str, list: GroupDiscoveryList) -> Discovered {
    let mut all = Discovered::default();
    for group in list.items {
        let name = group.metadata.name;
        for version in group.versions {
            if version.freshness == "Stale" {
                all.fails(stale(path, api_version(&name, &version.version)));
            }
            let resources = version.resources.into_iter();
            let served = resources.map(|one| one.served(&name, &version.version));
            all.served.resources.extend(served);
        }
    }
    all
}

fn stale(path: &str, group_version: String) -> Gap {
    Gap {
        source: format!("GET {path}/{group_version}"),
        why: "discovery calls it stale: its back end did not tell lately what it serves".to_owned(),
        group_version,
    }
}

impl ResourceDiscovery {
    fn served(self, group: &str, version: &str) -> ServedResource {
        ServedResource {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: self.resource,
            kind: self.response_kind.map(|kind| kind.kind).unwrap_or_default(),
            namespaced: self.scope == "Namespaced",
            listable: self.verbs.iter().any(|verb| verb == "list"),
        }
    }
}

/// Asks for each group-version by itself. One that does not answer is said to have failed; the others count.
async fn one_by_one(session: &Session<'_>, path: &str, group_versions: Vec<String>) -> Discovered {
    let at_once = session.plan.limits.slots() as usize;
    let lists = stream::iter(group_versions).map(async |group_version| {
        let list = resources(session, path, &group_version).await;
        (group_version, list)
    });
    let mut lists = pin!(lists.buffered(at_once));
    let mut all = Discovered::default();
    while let Some((group_version, list)) = lists.next().await {
        match list {
            Ok(list) => all.served.resources.extend(legacy(&group_version, list)),
            Err(failure) => all.fails(Gap {
                group_version,
                why: failure.to_string(),
                source: failure.request,
            }),
        }
    }
    all
}

async fn resources(
    session: &Session<'_>,
    path: &str,
    group_version: &str,
) -> Result<ResourceList, Failure> {
    let ask = Ask::get(format!("{path}/{group_version}"), wire::JSON);
    let answer = session.ask(&ask).await?;
    decode(&ask, &answer)
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
