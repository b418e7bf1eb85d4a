//! Nodes are drained as kubectl does it, by the eviction API, and come back upgraded.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use airworthy_testbed::{Client, Cluster, Patch, wait_until};
use anyhow::{Result, bail};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

/// How long an eviction is asked for again before the drain is called stuck.
const PATIENCE: Duration = Duration::from_secs(12);

/// What went wrong in which namespace.
#[derive(Debug, Default)]
pub(super) struct Troubles(BTreeMap<String, BTreeSet<String>>);

impl Troubles {
    fn note(&mut self, namespace: &str, what: impl Into<String>) {
        self.0
            .entry(namespace.to_owned())
            .or_default()
            .insert(what.into());
    }

    /// What went wrong in a namespace.
    pub(super) fn of(&self, namespace: &str) -> Vec<String> {
        let troubles = self.0.get(namespace);
        troubles.into_iter().flatten().cloned().collect()
    }
}

/// Drains one batch of nodes after the other; each node comes back with a kubelet of `version` before the next batch.
pub(super) async fn roll(
    cluster: &Cluster,
    batches: &[Vec<String>],
    version: &str,
) -> Result<Troubles> {
    let client = cluster.client("drain")?;
    let before = running(&client).await?;
    let mut troubles = Troubles::default();
    for nodes in batches {
        for node in nodes {
            cordon(&client, node, true).await?;
        }
        empty(&client, nodes, &mut troubles).await?;
        homeless(&client, &mut troubles).await?;
        for node in nodes {
            cluster.move_node(node, version).await?;
            cordon(&client, node, false).await?;
        }
    }
    lost(&client, &before, &mut troubles).await?;
    Ok(troubles)
}

async fn cordon(client: &Client, node: &str, on: bool) -> Result<()> {
    let path = format!("/api/v1/nodes/{node}");
    let change = json!({ "spec": { "unschedulable": on } });
    client.patch(&path, Patch::Merge, &change).await?;
    Ok(())
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Whether a drain moves the pod: those of daemon sets stay with their node, mirrors are the kubelet's, and what has ended is
/// no work any more.
fn moves(pod: &Value) -> bool {
    let owners = pod["metadata"]["ownerReferences"].as_array();
    let daemon = owners.is_some_and(|all| all.iter().any(|owner| owner["kind"] == "DaemonSet"));
    let mirror = pod["metadata"]["annotations"]
        .get("kubernetes.io/config.mirror")
        .is_some();
    let ended = ["Succeeded", "Failed"].contains(&text(pod, "/status/phase"));
    !daemon && !mirror && !ended
}

/// Evicts all pods of the nodes; those whose eviction is refused for too long are noted, and go by force.
async fn empty(client: &Client, nodes: &[String], troubles: &mut Troubles) -> Result<()> {
    let refused = Mutex::new(BTreeMap::new());
    let emptied = wait_until(PATIENCE, "the end of the drain", || async {
        let pods = pods_on(client, nodes).await?;
        let mut now = BTreeMap::new();
        for pod in &pods {
            let (namespace, name) = (
                text(pod, "/metadata/namespace"),
                text(pod, "/metadata/name"),
            );
            if let Some(why) = evict(client, namespace, name).await? {
                now.insert((namespace.to_owned(), name.to_owned()), why);
            }
        }
        *refused.lock().expect("no panic") = now;
        Ok(pods.is_empty().then_some(()))
    });
    if emptied.await.is_ok() {
        return Ok(());
    }
    let refused = refused.into_inner().expect("no panic");
    for ((namespace, name), why) in refused {
        troubles.note(&namespace, format!("eviction refused: {why}"));
        force(client, &namespace, &name).await?;
    }
    let left = Mutex::new(Vec::new());
    let rest = wait_until(
        PATIENCE * 4,
        "the end of pods that went by force",
        || async {
            let pods = pods_on(client, nodes).await?;
            let empty = pods.is_empty();
            *left.lock().expect("no panic") = pods;
            Ok(empty.then_some(()))
        },
    );
    if let Err(error) = rest.await {
        let left = left.into_inner().expect("no panic");
        let names: Vec<_> = left
            .iter()
            .map(|pod| {
                format!(
                    "{}/{} {}",
                    text(pod, "/metadata/namespace"),
                    text(pod, "/metadata/name"),
                    pod["metadata"]["deletionTimestamp"]
                )
            })
            .collect();
        bail!("{error}: {}", names.join(", "));
    }
    Ok(())
}

async fn pods_on(
    client: &Client,
    nodes: &[String],
) -> Result<Vec<Value>, airworthy_testbed::Error> {
    let mut pods = client.list("/api/v1/pods").await?;
    pods.retain(|pod| nodes.iter().any(|node| node == text(pod, "/spec/nodeName")) && moves(pod));
    Ok(pods)
}

/// Asks for an eviction; gives what the API server says when it refuses.
async fn evict(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<Option<String>, airworthy_testbed::Error> {
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction");
    let eviction = json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": name, "namespace": namespace } });
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let answer = client
        .send(Method::POST, &path, headers, eviction.to_string())
        .await?;
    if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    Ok(Some(format!(
        "{} {}",
        answer.status.as_u16(),
        text(&body, "/message")
    )))
}

async fn force(client: &Client, namespace: &str, name: &str) -> Result<()> {
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}?gracePeriodSeconds=0");
    match client.delete(&path).await {
        Err(error) if error.code() != Some(404) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Waits for every pod to find a place; notes those that find none while the nodes are away.
async fn homeless(client: &Client, troubles: &mut Troubles) -> Result<()> {
    let placed = wait_until(PATIENCE, "places for all pods", || async {
        let pods = client.list("/api/v1/pods").await?;
        Ok((!pods.iter().any(waits)).then_some(()))
    });
    if placed.await.is_ok() {
        return Ok(());
    }
    for pod in client
        .list("/api/v1/pods")
        .await?
        .iter()
        .filter(|pod| waits(pod))
    {
        let why = pod["status"]["conditions"].as_array().into_iter().flatten();
        let why = why
            .map(|condition| text(condition, "/message"))
            .find(|message| !message.is_empty());
        troubles.note(
            text(pod, "/metadata/namespace"),
            format!("a pod waits for a place: {}", why.unwrap_or_default()),
        );
    }
    Ok(())
}

fn waits(pod: &Value) -> bool {
    text(pod, "/spec/nodeName").is_empty() && moves(pod)
}

/// Ready pods by namespace.
async fn running(client: &Client) -> Result<BTreeMap<String, usize>, airworthy_testbed::Error> {
    let mut counts = BTreeMap::new();
    for pod in client.list("/api/v1/pods").await? {
        let ready = pod["status"]["conditions"].as_array().is_some_and(|all| {
            all.iter()
                .any(|one| one["type"] == "Ready" && one["status"] == "True")
        });
        if ready && moves(&pod) {
            *counts
                .entry(text(&pod, "/metadata/namespace").to_owned())
                .or_default() += 1;
        }
    }
    Ok(counts)
}

/// Notes namespaces that have fewer ready pods than before, after a while.
async fn lost(
    client: &Client,
    before: &BTreeMap<String, usize>,
    troubles: &mut Troubles,
) -> Result<()> {
    let fewer = |now: &BTreeMap<String, usize>| {
        let mut fewer = Vec::new();
        for (namespace, count) in before {
            let now = now.get(namespace).copied().unwrap_or_default();
            if now < *count {
                fewer.push((
                    namespace.clone(),
                    format!("{now} of {count} pods are ready in the end"),
                ));
            }
        }
        fewer
    };
    let back = wait_until(PATIENCE, "all pods", || async {
        Ok(fewer(&running(client).await?).is_empty().then_some(()))
    });
    if back.await.is_err() {
        for (namespace, what) in fewer(&running(client).await?) {
            troubles.note(&namespace, what);
        }
    }
    Ok(())
}
