//! What a drain wants to know of pods.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long nothing is asked between two looks.
const BREATH: Duration = Duration::from_millis(100);

/// Waits a moment before the next look.
pub(super) async fn breathe() {
    tokio::time::sleep(BREATH).await;
}

/// A text at a JSON pointer; empty where there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The id of an object, which another of the same name does not have.
pub(super) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// The node on which a pod is; empty while it has none.
pub(super) fn is_placed(pod: &Value) -> &str {
    text(pod, "/spec/nodeName")
}

/// Whether a condition of an object is True.
pub(super) fn has(object: &Value, condition: &str, status: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.is_some_and(|all| {
        all.iter()
            .any(|one| one["type"] == condition && one["status"] == status)
    })
}

/// Whether a pod is Ready and not on its way out.
pub(super) fn is_ready(pod: &Value) -> bool {
    has(pod, "Ready", "True") && pod["metadata"].get("deletionTimestamp").is_none()
}

/// Whether a pod belongs to a daemon set.
pub(super) fn is_daemon(pod: &Value) -> bool {
    let owners = pod["metadata"]["ownerReferences"].as_array();
    owners.is_some_and(|all| all.iter().any(|owner| owner["kind"] == "DaemonSet"))
}

/// Who owns a pod: kind and name; the pod itself when nobody does.
pub(super) fn owner(pod: &Value) -> String {
    let owner = &pod["metadata"]["ownerReferences"][0];
    if owner.is_null() {
        return format!("Pod {}", text(pod, "/metadata/name"));
    }
    format!("{} {}", text(owner, "/kind"), text(owner, "/name"))
}

/// Whether a pod's work is done.
pub(super) fn has_ended(pod: &Value) -> bool {
    ["Succeeded", "Failed"].contains(&text(pod, "/status/phase"))
}

/// Whether a drain moves the pod: those of daemon sets stay with their node, mirrors are the kubelet's, and what has ended is
/// no work any more.
pub(super) fn moves(pod: &Value) -> bool {
    let mirror = pod["metadata"]["annotations"]
        .get("kubernetes.io/config.mirror")
        .is_some();
    !is_daemon(pod) && !mirror && !has_ended(pod)
}

/// Whether a pod waits for a node.
pub(super) fn waits(pod: &Value) -> bool {
    is_placed(pod).is_empty() && moves(pod)
}

/// How long a pod may take to go: its node does what a kubelet does in a moment.
const LEAVES: Duration = Duration::from_secs(20);

/// Pods on their way out, and since when they were seen there.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    since: BTreeMap<String, Instant>,
    hanging: BTreeSet<(String, String)>,
}

impl Leaving {
    /// The pods without those that have been on their way out for longer than any should be.
    pub(super) fn without_hanging(&mut self, mut pods: Vec<Value>) -> Vec<Value> {
        pods.retain(|pod| !self.hangs(pod));
        pods
    }

    fn hangs(&mut self, pod: &Value) -> bool {
        if pod["metadata"].get("deletionTimestamp").is_none() {
            return false;
        }
        let since = self.since.entry(uid(pod).to_owned());
        let hangs = since.or_insert_with(Instant::now).elapsed() >= LEAVES;
        if hangs {
            let [namespace, name] =
                ["/metadata/namespace", "/metadata/name"].map(|at| text(pod, at).to_owned());
            self.hanging.insert((namespace, name));
        }
        hangs
    }

    /// Namespace and name of those that hang.
    pub(super) fn hanging(&self) -> impl Iterator<Item = &(String, String)> {
        self.hanging.iter()
    }
}

/// Whether pods have stayed as they are for a span of time, and none is on its way out: what is refused then is refused for good, on
/// a slow machine too.
pub(super) struct Stillness {
    span: Duration,
    since: Instant,
    last: BTreeSet<(String, String, bool)>,
}

impl Stillness {
    /// Nothing has been seen yet.
    pub(super) fn new(span: Duration) -> Self {
        Self {
            span,
            since: Instant::now(),
            last: BTreeSet::new(),
        }
    }

    /// Looks at the pods; whether they have been like this for the whole span.
    pub(super) fn is_reached(&mut self, pods: &[Value]) -> bool {
        let state = |pod: &Value| {
            (
                uid(pod).to_owned(),
                is_placed(pod).to_owned(),
                is_ready(pod),
            )
        };
        let now: BTreeSet<_> = pods.iter().map(state).collect();
        let leaves = |pod: &Value| pod["metadata"].get("deletionTimestamp").is_some();
        if now != self.last || pods.iter().any(leaves) {
            self.last = now;
            self.since = Instant::now();
        }
        self.since.elapsed() >= self.span
    }
}
