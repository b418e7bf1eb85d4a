//! What real API servers serve, kept as the judge of the tables: `crates/knowledge/data/discovery/<minor>.json`.

use std::{collections::BTreeSet, fs};

use airworthy_testbed::{Client, Cluster, ClusterOptions};
use anyhow::{Context as _, Result, ensure};
use http::{HeaderMap, Method};
use serde::Serialize;
use serde_json::{Value, json};

/// One resource or subresource of one version.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    group: String,
    version: String,
    /// `pods`, or `pods/eviction`.
    resource: String,
    kind: String,
    /// The group and version of the kind, where they are others than those of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind_of: Option<String>,
    namespaced: bool,
    verbs: String,
}

/// Starts the API server of a minor with its default flags, and again with every API and gate on, and writes what it serves.
pub(super) async fn discover(minor: &str) -> Result<()> {
    let options = ClusterOptions::new(minor).without_controllers();
    let mut cluster = Cluster::start(options).await?;
    let server = cluster.version().to_owned();
    let client = cluster.client("airworthy-discover")?;
    super::enabled::keep(&client, minor, &server).await?;
    let plain = read(&client).await?;
    let evictions = evictions(&client).await?;
    let aggregated = aggregated(&client).await?;
    cluster
        .restart(|options| {
            options.runtime_config = vec!["api/all=true".into()];
            options.feature_gates = ["AllAlpha", "AllBeta"]
                .map(|gate| (gate.into(), true))
                .into();
        })
        .await?;
    let everything = read(&client).await?;
    let more: Vec<_> = everything.difference(&plain).collect();
    let text = format!(
        "{{\n\"server\": {},\n\"evictions\": {},\n\"aggregatedDiscovery\": {},\n\"default\": [\n{}\n],\n\"more\": [\n{}\n]\n}}\n",
        json!(server),
        json!(evictions),
        json!(aggregated),
        lines(&plain)?,
        lines(&more)?
    );
    let file = super::data()
        .join("discovery")
        .join(format!("{minor}.json"));
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    println!(
        "{server}: {} resources by default, {} more with every API and gate on",
        plain.len(),
        more.len()
    );
    Ok(())
}

fn lines<'a, R: Serialize + 'a>(rows: impl IntoIterator<Item = &'a R>) -> Result<String> {
    let rows: Result<Vec<_>, _> = rows.into_iter().map(serde_json::to_string).collect();
    Ok(rows?.join(",\n"))
}

async fn read(client: &Client) -> Result<BTreeSet<Row>> {
    let mut versions = vec![(String::new(), "v1".to_owned())];
    let groups = client.get("/apis").await?;
    for group in groups["groups"].as_array().context("no groups")? {
        for version in group["versions"].as_array().context("no versions")? {
            let (group, version) = version["groupVersion"]
                .as_str()
                .and_then(|name| name.split_once('/'))
                .context("no version")?;
            versions.push((group.to_owned(), version.to_owned()));
        }
    }
    let mut rows = BTreeSet::new();
    for (group, version) in versions {
        let path = if group.is_empty() {
            format!("/api/{version}")
        } else {
            format!("/apis/{group}/{version}")
        };
        let list = client.get(&path).await?;
        let resources = list["resources"].as_array().context("no resources")?;
        rows.extend(
            resources
                .iter()
                .map(|resource| row(&group, &version, resource)),
        );
    }
    Ok(rows)
}

fn row(group: &str, version: &str, resource: &Value) -> Row {
    let text = |name: &str| resource[name].as_str().unwrap_or_default();
    let verbs = resource["verbs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let other = (text("group"), text("version"));
    Row {
        group: group.to_owned(),
        version: version.to_owned(),
        resource: text("name").to_owned(),
        kind: text("kind").to_owned(),
        kind_of: (!other.1.is_empty() && other != (group, version))
            .then(|| airworthy_knowledge::api_version(other.0, other.1)),
        namespaced: resource["namespaced"].as_bool().unwrap_or_default(),
        verbs: verbs.collect::<Vec<_>>().join(" "),
    }
}

/// The versions at which an eviction is taken: the server looks for the pod only when it takes the object.
async fn evictions(client: &Client) -> Result<Vec<&'static str>> {
    let mut taken = Vec::new();
    for version in ["policy/v1", "policy/v1beta1", NEVER] {
        let body = json!({"apiVersion": version, "kind": "Eviction", "metadata": {"name": "none", "namespace": "default"}});
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        );
        let path = "/api/v1/namespaces/default/pods/none/eviction";
        let answer = client
            .send(Method::POST, path, headers, body.to_string())
            .await?;
        if answer.status == 404 {
            taken.push(version);
        }
    }
    ensure!(
        !taken.contains(&NEVER),
        "the server takes evictions of any version, so that nothing is told by them"
    );
    Ok(taken)
}

/// The versions at which aggregated discovery is answered.
async fn aggregated(client: &Client) -> Result<Vec<String>> {
    let mut answered = Vec::new();
    for version in ["v2", "v2beta1"] {
        let accept =
            format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, http::HeaderValue::from_str(&accept)?);
        let answer = client.send(Method::GET, "/apis", headers, "").await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let name = format!("apidiscovery.k8s.io/{version}");
        if answer.status == 200 && body["apiVersion"] == name {
            answered.push(name);
        }
    }
    Ok(answered)
}

/// A version of evictions that never was.
const NEVER: &str = "policy/v1alpha1";
