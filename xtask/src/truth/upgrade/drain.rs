//! Nodes are drained as kubectl does it, by the eviction API, and come back upgraded.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use airworthy_testbed::{Client, Cluster, Patch};
use anyhow::{Result, bail};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::pods::{
    Leaving, Stillness, breathe, has, has_ended, is_daemon, is_placed, is_ready, moves, owner,
    text, uid, waits,
};

/// How long nothing in the cluster may move before what is refused is called stuck.
const STILL: Duration = Duration::from_secs(6);

/// The same in the end: a controller that was refused by a quota tries again after twice the time that it has waited.
const STILL_IN_THE_END: Duration = Duration::from_secs(20);

/// How long a drain may take, whatever moves.
const PATIENCE: Duration = Duration::from_mins(3);

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

/// What a rollout of nodes did.
#[derive(Debug, Default)]
pub(super) struct Rolled {
    /// Evictions that were refused for good, pods without a place, pods that never came back.
    pub(super) troubles: Troubles,
    /// Workloads that had ready pods before and none for a moment.
    pub(super) gaps: Troubles,
    /// Pods that are not the same any more.
    pub(super) replaced: Troubles,
}

/// Drains one batch of nodes after the other; each node comes back with a kubelet of `version` before the next batch.
pub(super) async fn roll(
    cluster: &Cluster,
    batches: &[Vec<String>],
    version: &str,
) -> Result<Rolled> {
    let client = cluster.client("drain")?;
    let before = client.list("/api/v1/pods").await?;
    let (mut rolled, mut leaving) = (Rolled::default(), Leaving::default());
    for nodes in batches {
        for node in nodes {
            cordon(&client, node, true).await?;
        }
        let mut drain = Drain::of(&client, nodes, &before, &mut leaving);
        drain.run().await?;
        drain.tell(&mut rolled);
        for node in nodes {
            cluster.move_node(node, version).await?;
            cordon(&client, node, false).await?;
        }
    }
    lost(&client, &before, &mut leaving, &mut rolled.troubles).await?;
    for (namespace, name) in leaving.hanging() {
        let what = format!("{name} is terminating and does not go");
        rolled.troubles.note(namespace, what);
    }
    failed(&client, &mut rolled.troubles).await?;
    replaced(&client, &before, &mut rolled.replaced).await?;
    Ok(rolled)
}

async fn cordon(client: &Client, node: &str, on: bool) -> Result<()> {
    let path = format!("/api/v1/nodes/{node}");
    let change = json!({ "spec": { "unschedulable": on } });
    client.patch(&path, Patch::Merge, &change).await?;
    Ok(())
}

/// The drain of one batch of nodes.
struct Drain<'a> {
    client: &'a Client,
    nodes: &'a [String],
    /// Owners that had ready pods before, with their namespaces.
    served: BTreeSet<(String, String)>,
    /// What the API server said last about pods that it would not let go.
    refused: BTreeMap<(String, String), String>,
    /// Those of them that nothing freed.
    stuck: BTreeMap<(String, String), String>,
    homeless: Vec<(String, String)>,
    /// Pods that were still there, or there again, when patience ended.
    endless: Vec<(String, String)>,
    gaps: BTreeSet<(String, String)>,
    leaving: &'a mut Leaving,
}

impl<'a> Drain<'a> {
    fn of(
        client: &'a Client,
        nodes: &'a [String],
        before: &[Value],
        leaving: &'a mut Leaving,
    ) -> Self {
        Self {
            client,
            nodes,
            served: served(before),
            refused: BTreeMap::new(),
            stuck: BTreeMap::new(),
            homeless: Vec::new(),
            endless: Vec::new(),
            gaps: BTreeSet::new(),
            leaving,
        }
    }

    /// Evicts until the nodes are empty and every pod has a place; what is stuck goes by force once nothing moves any more.
    async fn run(&mut self) -> Result<()> {
        let end = std::time::Instant::now() + PATIENCE;
        let mut still = Stillness::new(STILL);
        loop {
            let pods = self.client.list("/api/v1/pods").await?;
            let pods = self.leaving.without_hanging(pods);
            self.watch(&pods);
            let left: Vec<_> = pods.iter().filter(|pod| self.must_go(pod)).collect();
            if left.is_empty() && !pods.iter().any(waits) {
                return Ok(());
            }
            if still.is_reached(&pods) {
                if left.is_empty() {
                    self.homeless = homeless(&pods);
                    return Ok(());
                }
                self.force(&left).await?;
                still = Stillness::new(STILL);
            } else {
                self.evict_all(&left).await?;
            }
            if std::time::Instant::now() > end {
                self.endless = left.iter().map(|pod| place(pod)).collect();
                self.homeless = homeless(&pods);
                return Ok(());
            }
            breathe().await;
        }
    }

    fn must_go(&self, pod: &Value) -> bool {
        moves(pod) && self.nodes.iter().any(|node| node == is_placed(pod))
    }

    /// Notes workloads that have no ready pod right now.
    fn watch(&mut self, pods: &[Value]) {
        let now = served(pods);
        self.gaps.extend(self.served.difference(&now).cloned());
    }

    /// Notes workloads of a namespace that have no ready pod right now.
    async fn watch_one(&mut self, namespace: &str) -> Result<()> {
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let now = served(&self.client.list(&path).await?);
        let before = self.served.iter().filter(|one| one.0 == namespace);
        let gone: Vec<_> = before.filter(|one| !now.contains(*one)).cloned().collect();
        self.gaps.extend(gone);
        Ok(())
    }

    async fn evict_all(&mut self, pods: &[&Value]) -> Result<()> {
        self.refused.clear();
        for pod in pods {
            let (namespace, name) = (
                text(pod, "/metadata/namespace"),
                text(pod, "/metadata/name"),
            );
            match evict(self.client, namespace, name).await? {
                Some(why) => {
                    let pod = (namespace.to_owned(), name.to_owned());
                    self.refused.insert(pod, why);
                }
                // A gap can be short.
                None => self.watch_one(namespace).await?,
            }
        }
        Ok(())
    }

    /// What was refused goes by force.
    async fn force(&mut self, left: &[&Value]) -> Result<()> {
        if self.refused.is_empty() {
            let left = left.iter().map(|pod| place(pod));
            let left = left.map(|(namespace, name)| format!("{namespace}/{name}"));
            let left = left.collect::<Vec<_>>().join(", ");
            bail!("{left} may go and stay");
        }
        for ((namespace, name), why) in std::mem::take(&mut self.refused) {
            let path = format!("/api/v1/namespaces/{namespace}/pods/{name}?gracePeriodSeconds=0");
            match self.client.delete(&path).await {
                Err(error) if error.code() != Some(404) => return Err(error.into()),
                _ => self.stuck.insert((namespace, name), why),
            };
        }
        Ok(())
    }

    fn tell(self, rolled: &mut Rolled) {
        for ((namespace, _), why) in self.stuck {
            let what = format!("eviction refused: {why}");
            rolled.troubles.note(&namespace, what);
        }
        for (namespace, name) in self.endless {
            let what = format!("the drain of its node does not end: {name} is there");
            rolled.troubles.note(&namespace, what);
        }
        for (namespace, why) in self.homeless {
            let what = format!("a pod waits for a place: {why}");
            rolled.troubles.note(&namespace, what);
        }
        for (namespace, owner) in self.gaps {
            let what = format!("{owner} had no ready pod for a while");
            rolled.gaps.note(&namespace, what);
        }
    }
}

/// Namespace and name of a pod.
fn place(pod: &Value) -> (String, String) {
    let [namespace, name] = ["/metadata/namespace", "/metadata/name"].map(|at| text(pod, at));
    (namespace.to_owned(), name.to_owned())
}

/// Workloads with a ready pod: namespace and owner. Pods of daemon sets are not moved.
fn served(pods: &[Value]) -> BTreeSet<(String, String)> {
    let ready = pods.iter().filter(|pod| is_ready(pod) && !is_daemon(pod));
    ready
        .map(|pod| (text(pod, "/metadata/namespace").to_owned(), owner(pod)))
        .collect()
}

/// Asks for an eviction; gives what the API server says when it refuses.
async fn evict(client: &Client, namespace: &str, name: &str) -> Result<Option<String>> {
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction");
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": { "name": name, "namespace": namespace },
    });
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

/// Pods that nothing places, with what the scheduler says of nodes that are not other cases' own.
fn homeless(pods: &[Value]) -> Vec<(String, String)> {
    let why = |pod: &Value| {
        let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
        let mut said = conditions.map(|condition| text(condition, "/message"));
        said.find(|message| !message.is_empty())
            .map(reason)
            .unwrap_or_default()
    };
    let waiting = pods.iter().filter(|pod| waits(pod));
    waiting
        .map(|pod| (text(pod, "/metadata/namespace").to_owned(), why(pod)))
        .collect()
}

/// The scheduler's reasons without nodes of other cases and without its word on preemption.
fn reason(message: &str) -> String {
    let message = message
        .split(" preemption: ")
        .next()
        .unwrap_or_default()
        .trim_end_matches(['.', ' ']);
    let (_, reasons) = message.split_once(": ").unwrap_or(("", message));
    let told = reasons
        .split(", ")
        .filter(|reason| !reason.contains("{case:"));
    told.collect::<Vec<_>>().join(", ")
}

/// Notes namespaces that have fewer ready pods than before once nothing moves any more.
async fn lost(
    client: &Client,
    before: &[Value],
    leaving: &mut Leaving,
    troubles: &mut Troubles,
) -> Result<()> {
    let before = running(before);
    let mut still = Stillness::new(STILL_IN_THE_END);
    let fewer = loop {
        let pods = leaving.without_hanging(client.list("/api/v1/pods").await?);
        let fewer = fewer(&before, &running(&pods));
        if fewer.is_empty() || still.is_reached(&pods) {
            break fewer;
        }
        breathe().await;
    };
    for (namespace, what) in fewer {
        troubles.note(&namespace, what);
    }
    Ok(())
}

/// Notes jobs that failed: none had when the cluster was planted.
async fn failed(client: &Client, troubles: &mut Troubles) -> Result<()> {
    for job in client.list("/apis/batch/v1/jobs").await? {
        if has(&job, "Failed", "True") {
            let what = format!("job {} failed", text(&job, "/metadata/name"));
            troubles.note(text(&job, "/metadata/namespace"), what);
        }
    }
    Ok(())
}

/// Ready pods by namespace.
fn running(pods: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for pod in pods.iter().filter(|pod| is_ready(pod) && moves(pod)) {
        *counts.entry(text(pod, "/metadata/namespace")).or_default() += 1;
    }
    counts
}

fn fewer(before: &BTreeMap<&str, usize>, now: &BTreeMap<&str, usize>) -> Vec<(String, String)> {
    let mut fewer = Vec::new();
    for (namespace, count) in before {
        let now = now.get(namespace).copied().unwrap_or_default();
        if now < *count {
            let what = format!("{now} of {count} pods are ready in the end");
            fewer.push(((*namespace).to_owned(), what));
        }
    }
    fewer
}

/// Notes pods that were at work before and are no more, by their ids.
async fn replaced(client: &Client, before: &[Value], replaced: &mut Troubles) -> Result<()> {
    let now = client.list("/api/v1/pods").await?;
    let now: BTreeSet<_> = now.iter().map(uid).collect();
    for pod in before.iter().filter(|pod| !has_ended(pod)) {
        if !now.contains(uid(pod)) {
            let what = format!("{} and its data are gone", text(pod, "/metadata/name"));
            replaced.note(text(pod, "/metadata/namespace"), what);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn the_schedulers_word_is_cut_to_what_is_about_the_case() {
        let said = "0/9 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable, 7 node(s) had untolerated taint {case: other}. preemption: 0/9 nodes are available: 9 Preemption is not helpful for scheduling.";
        assert_eq!(
            reason(said),
            "1 Insufficient cpu, 1 node(s) were unschedulable"
        );
    }
}
