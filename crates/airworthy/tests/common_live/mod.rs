//! What the live tests share: one runtime, short words for what is done to a cluster, and the binary with what it says.
#![allow(dead_code, reason = "each test binary uses a part")]

mod documented;
mod helm;
mod report;
mod run;
mod visitor;

use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use airworthy_testbed::{Apply, Client, Cluster, How, Patch, wait_until};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::{net::TcpSocket, runtime::Runtime};

#[allow(unused_imports, reason = "each test binary uses a part")]
pub(crate) use helm::Release;
pub(crate) use report::Report;
#[allow(unused_imports, reason = "each test binary uses a part")]
pub(crate) use run::{Run, airworthy, command, finish};
#[allow(unused_imports, reason = "each test binary uses a part")]
pub(crate) use visitor::Visitor;

/// How long a controller may take, on a machine with much else to do.
pub(crate) const DEADLINE: Duration = Duration::from_mins(2);

/// Who makes the situations that the checks find.
const KUBECTL: &str = "kubectl/v1.31.0";

/// Shared clusters keep connections, and connections live and die with the runtime that opened them: so all tests have one.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
});

/// Runs a test on the runtime of all.
pub(crate) fn live<F: Future>(test: F) -> F::Output {
    RUNTIME.block_on(test)
}

/// Applies YAML as people do.
pub(crate) async fn apply(cluster: &Cluster, yaml: &str) {
    let apply = Apply::new(KUBECTL, How::ClientSide);
    cluster.apply(yaml, &apply).await.unwrap();
}

/// A client that is somebody else.
pub(crate) fn kubectl(cluster: &Cluster) -> Client {
    cluster.client(KUBECTL).unwrap()
}

/// Waits until the object at a path is as wanted, and gives it.
pub(crate) async fn until(
    client: &Client,
    path: &str,
    what: &str,
    is: impl Fn(&Value) -> bool,
) -> Value {
    let last = Mutex::new(Value::Null);
    let seen = wait_until(DEADLINE, what, || async {
        let object = client.get(path).await?;
        last.lock().unwrap().clone_from(&object);
        Ok(Some(object).filter(|object| is(object)))
    });
    let seen = seen.await;
    seen.unwrap_or_else(|error| panic!("{error}; last seen: {:#}", last.lock().unwrap()))
}

/// Waits until a Deployment has all its pods, all of its newest template.
pub(crate) async fn until_available(client: &Client, namespace: &str, name: &str) {
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}");
    let all = |deployment: &Value| {
        deployment["status"]["availableReplicas"] == deployment["spec"]["replicas"]
            && deployment["status"]["updatedReplicas"] == deployment["spec"]["replicas"]
            && deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"]
            && deployment["status"]["unavailableReplicas"].is_null()
    };
    until(client, &path, &format!("{namespace}/{name}"), all).await;
}

/// Waits until there is no object at a path.
pub(crate) async fn until_gone(client: &Client, path: &str) {
    let what = format!("the end of {path}");
    let gone = wait_until(DEADLINE, &what, || async {
        Ok((!client.exists(path).await?).then_some(()))
    });
    gone.await.unwrap();
}

/// Makes an object so many minutes old, with its deletion, its conditions and the start of a job.
pub(crate) async fn make_old(cluster: &Cluster, path: &str, minutes: i64) {
    let then = Timestamp::now() - SignedDuration::from_mins(minutes);
    let then = json!(then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let change = |object: &mut Value| {
        for (part, field) in [
            ("metadata", "creationTimestamp"),
            ("metadata", "deletionTimestamp"),
            ("status", "startTime"),
        ] {
            if object[part].get(field).is_some() {
                object[part][field] = then.clone();
            }
        }
        let conditions = object.pointer_mut("/status/conditions");
        let conditions = conditions.and_then(Value::as_array_mut);
        for condition in conditions.into_iter().flatten() {
            condition["lastTransitionTime"] = then.clone();
        }
    };
    cluster.rewrite(path, change).await.unwrap();
}

/// Several of the minutes in which an API server counts once: a count that fails is tried again in the next one.
const COUNTED: Duration = Duration::from_mins(5);

/// Waits until the API server says that it stores so many objects of a kind. It counts when it starts, and once a minute.
pub(crate) async fn until_counted(client: &Client, kind: &str, objects: u32) {
    let sample = format!("apiserver_storage_objects{{resource=\"{kind}\"}} {objects}");
    let counted = wait_until(COUNTED, &sample, || async {
        let metrics = client.get_text("/metrics").await?;
        Ok(metrics.lines().any(|line| line == sample).then_some(()))
    });
    counted.await.unwrap();
}

/// Makes the lease of a component look as if its holder had died two minutes ago.
pub(crate) async fn make_stale(client: &Client, component: &str) {
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{component}");
    let then = Timestamp::now() - SignedDuration::from_mins(2);
    let renewed = then.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string();
    let change = json!({ "spec": { "renewTime": renewed } });
    client.patch(&path, Patch::Merge, &change).await.unwrap();
}

/// Gives the image of a component's mirror pod on the first node another tag.
pub(crate) async fn set_image(client: &Client, component: &str, tag: &str) {
    let path = format!("/api/v1/namespaces/kube-system/pods/{component}-node-1");
    let image = format!("registry.k8s.io/{component}:{tag}");
    let change = json!({ "spec": { "containers": [{ "name": component, "image": image }] } });
    client
        .patch(&path, Patch::Strategic, &change)
        .await
        .unwrap();
}

/// Says of the first pod of an app what a kubelet says when its container crashes; gives the path of the pod.
pub(crate) async fn crash(client: &Client, namespace: &str, app: &str) -> String {
    let pod = pods(client, namespace, app).await.remove(0);
    let name = pod["metadata"]["name"].as_str().expect("a name");
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let waiting =
        json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 5m0s" } });
    let mut container = pod["status"]["containerStatuses"][0].clone();
    for (field, value) in [
        ("ready", json!(false)),
        ("restartCount", json!(7)),
        ("state", waiting),
    ] {
        container[field] = value;
    }
    let conditions =
        json!([{ "type": "Ready", "status": "False", "reason": "ContainersNotReady" }]);
    let status = json!({ "containerStatuses": [container], "conditions": conditions });
    client.patch_status(&path, &status).await.unwrap();
    path
}

/// The pods of a namespace with this value of the label `app`.
pub(crate) async fn pods(client: &Client, namespace: &str, app: &str) -> Vec<Value> {
    let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{app}");
    client.list(&path).await.unwrap()
}

/// What the eviction API says of the first pod with this value of the label `app`, without evicting it: 201, 429 or 500.
pub(crate) async fn evict_one(client: &Client, namespace: &str, app: &str) -> u16 {
    let pod = pods(client, namespace, app).await.remove(0);
    let name = pod["metadata"]["name"].as_str().expect("a name");
    let eviction =
        json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": name } });
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction?dryRun=All");
    match client.create(&path, &eviction).await {
        Ok(_) => 201,
        Err(error) => error.code().expect("an answer"),
    }
}

/// An address of the loopback interface that refuses every connection for as long as it is held.
pub(crate) struct Closed(TcpSocket);

impl Closed {
    /// Bound, but nobody listens.
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// Makes the one endpoint of a stand-in's Service ready or not, for old and new readers.
pub(crate) async fn set_endpoints_ready(
    client: &Client,
    namespace: &str,
    service: &str,
    ready: bool,
) {
    let path =
        |base: &str, resource: &str| format!("{base}/namespaces/{namespace}/{resource}/{service}");
    let slices = path("/apis/discovery.k8s.io/v1", "endpointslices");
    let slice = client.get(&slices).await.unwrap();
    let mut endpoints = slice["endpoints"].clone();
    endpoints[0]["conditions"]["ready"] = json!(ready);
    let change = json!({ "endpoints": endpoints });
    client.patch(&slices, Patch::Merge, &change).await.unwrap();
    let kept = if ready {
        "addresses"
    } else {
        "notReadyAddresses"
    };
    let address = json!([{ "ip": endpoints[0]["addresses"][0] }]);
    let change = json!({ "subsets": [{ kept: address, "ports": slice["ports"] }] });
    let old = path("/api/v1", "endpoints");
    client.patch(&old, Patch::Merge, &change).await.unwrap();
}

/// A pre-check of a cluster as its administrator, for programs.
pub(crate) async fn precheck(cluster: &Cluster, args: &[&str]) -> Report {
    precheck_as(&cluster.kubeconfig(), args).await
}

/// A pre-check with somebody's kubeconfig, for programs.
pub(crate) async fn precheck_as(kubeconfig: &Path, args: &[&str]) -> Report {
    let kubeconfig = kubeconfig.to_str().expect("a path of ours");
    let whole = [
        &["precheck", "-o", "json", "--kubeconfig", kubeconfig],
        args,
    ];
    Report::of(airworthy(&whole.concat()).await)
}

/// A post-check of a cluster as its administrator, for programs.
pub(crate) async fn postcheck(cluster: &Cluster, baseline: Option<&Path>, args: &[&str]) -> Report {
    postcheck_as(&cluster.kubeconfig(), baseline, args).await
}

/// A post-check with somebody's kubeconfig, for programs.
pub(crate) async fn postcheck_as(
    kubeconfig: &Path,
    baseline: Option<&Path>,
    args: &[&str],
) -> Report {
    let path = |path: &Path| path.to_str().expect("a path of ours").to_owned();
    let mut whole = vec!["postcheck".to_owned(), "-o".to_owned(), "json".to_owned()];
    whole.extend(["--kubeconfig".to_owned(), path(kubeconfig)]);
    whole.extend(
        baseline
            .into_iter()
            .flat_map(|file| ["--baseline".to_owned(), path(file)]),
    );
    whole.extend(args.iter().map(ToString::to_string));
    let whole: Vec<_> = whole.iter().map(String::as_str).collect();
    Report::of(airworthy(&whole).await)
}
