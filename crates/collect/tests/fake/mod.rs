//! An API server that behaves as badly as a test wants: plain HTTP on a free port of loopback, written by hand so that it can
//! break off anywhere.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use airworthy_collect::{ConnectOptions, Connection, Plan, Unusable, collect, connect};
use airworthy_knowledge::Knowledge;
use airworthy_model::Facts;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What a request was.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

/// What is done with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A whole answer: status, content type, further header lines, body.
    Whole(u16, &'static str, &'static str, Vec<u8>),
    /// The head, part of the body, and the end of the connection.
    Broken(Vec<u8>),
    /// The connection ends without an answer.
    Reset,
    /// No answer, ever.
    Silence,
    /// A header that never ends, one byte now and then.
    SlowHead,
    /// A body that never ends.
    Endless,
}

pub(crate) fn json(body: &str) -> Reply {
    Reply::Whole(200, "application/json", "", body.into())
}

pub(crate) fn protobuf(body: Vec<u8>) -> Reply {
    Reply::Whole(200, "application/vnd.kubernetes.protobuf", "", body)
}

pub(crate) fn status(code: u16, message: &str) -> Reply {
    status_with(code, "", message)
}

/// A `Status` with more header lines, each ended by `\r\n`.
pub(crate) fn status_with(code: u16, headers: &'static str, message: &str) -> Reply {
    let body = format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{message}","code":{code}}}"#
    );
    Reply::Whole(code, "application/json", headers, body.into())
}

type Handler = Box<dyn Fn(&Seen, usize) -> Option<Reply> + Send + Sync>;

/// The server. A handler sees each request and how many came for the same path before; what it leaves alone is answered as
/// by an empty but healthy cluster.
pub(crate) struct Fake {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub(crate) async fn start(
        handler: impl Fn(&Seen, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (all, handler): (_, Arc<Handler>) = (seen.clone(), Arc::new(Box::new(handler)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::spawn(serve(stream, all.clone(), handler.clone()));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The queries that came for a path.
    pub(crate) fn queries(&self, path: &str) -> Vec<String> {
        let seen = self.seen().into_iter().filter(|seen| seen.path == path);
        seen.map(|seen| seen.query).collect()
    }

    pub(crate) async fn connect(&self) -> Connection {
        connection(&format!("http://{}", self.address)).await
    }

    pub(crate) async fn collect(&self, plan: &Plan) -> Result<Facts, Unusable> {
        collect(&self.connect().await, Knowledge::embedded(), plan, &|_| ()).await
    }
}

pub(crate) async fn connection(server: &str) -> Connection {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let text = format!(
        r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "contexts": [{{"name": "fake", "context": {{"cluster": "fake", "user": "fake"}}}}],
            "clusters": [{{"name": "fake", "cluster": {{"server": "{server}"}}}}],
            "users": [{{"name": "fake", "user": {{"token": "hush"}}}}]}}"#
    );
    std::fs::write(&kubeconfig, text).unwrap();
    let options = ConnectOptions {
        kubeconfig: Some(kubeconfig),
        ..ConnectOptions::default()
    };
    connect(options).await.unwrap()
}

async fn serve(mut stream: TcpStream, all: Arc<Mutex<Vec<Seen>>>, handler: Arc<Handler>) {
    while let Some(seen) = read(&mut stream).await {
        let earlier = {
            let mut all = all.lock().unwrap();
            all.push(seen.clone());
            all.iter().filter(|other| other.path == seen.path).count() - 1
        };
        let reply = handler(&seen, earlier).unwrap_or_else(|| healthy(&seen));
        if answer(&mut stream, reply).await.is_none() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_ends = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_ends].to_vec()).ok()?;
    let mut lines = head.lines();
    let (method, rest) = lines.next()?.split_once(' ')?;
    let target = rest.split(' ').next()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = bytes[head_ends + 4..].to_vec();
    while body.len() < length {
        stream.read_buf(&mut body).await.ok()?;
    }
    Some(Seen {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        headers,
        body: String::from_utf8(body).ok()?,
    })
}

/// `None` when the connection cannot be used again.
async fn answer(stream: &mut TcpStream, reply: Reply) -> Option<()> {
    match reply {
        Reply::Whole(status, content_type, headers, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} x\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{headers}\r\n"
            );
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()
        }
        Reply::Broken(body) => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n";
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()?;
            None
        }
        Reply::Reset => None,
        Reply::Silence => std::future::pending().await,
        Reply::SlowHead => {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                .await
                .ok()?;
            loop {
                ticks.tick().await;
                stream.write_all(b"x").await.ok()?;
            }
        }
        Reply::Endless => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await.ok()?;
            let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
            loop {
                stream.write_all(chunk.as_bytes()).await.ok()?;
            }
        }
    }
}

const LISTS: &[(&str, &str)] = &[
    ("/api/v1/events", "EventList"),
    ("/api/v1/resourcequotas", "ResourceQuotaList"),
    ("/api/v1/limitranges", "LimitRangeList"),
    (
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        "PriorityClassList",
    ),
    ("/apis/node.k8s.io/v1/runtimeclasses", "RuntimeClassList"),
    ("/api/v1/persistentvolumes", "PersistentVolumeList"),
    (
        "/api/v1/persistentvolumeclaims",
        "PersistentVolumeClaimList",
    ),
    ("/api/v1/serviceaccounts", "ServiceAccountList"),
    ("/api/v1/namespaces/kube-system/pods", "PodList"),
    ("/apis/storage.k8s.io/v1/storageclasses", "StorageClassList"),
    ("/apis/storage.k8s.io/v1/csidrivers", "CSIDriverList"),
    ("/apis/storage.k8s.io/v1/csinodes", "CSINodeList"),
    (
        "/apis/storage.k8s.io/v1/volumeattachments",
        "VolumeAttachmentList",
    ),
    ("/apis/batch/v1/jobs", "JobList"),
    ("/apis/batch/v1/cronjobs", "CronJobList"),
    (
        "/apis/autoscaling/v2/horizontalpodautoscalers",
        "HorizontalPodAutoscalerList",
    ),
    ("/apis/networking.k8s.io/v1/ingresses", "IngressList"),
    (
        "/apis/networking.k8s.io/v1/ingressclasses",
        "IngressClassList",
    ),
    (
        "/apis/networking.k8s.io/v1/networkpolicies",
        "NetworkPolicyList",
    ),
    ("/apis/rbac.authorization.k8s.io/v1/roles", "RoleList"),
    (
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "ClusterRoleList",
    ),
    (
        "/apis/rbac.authorization.k8s.io/v1/rolebindings",
        "RoleBindingList",
    ),
    (
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "ClusterRoleBindingList",
    ),
    // Helm's records, by their metadata.
    ("/api/v1/secrets", "PartialObjectMetadataList"),
    ("/api/v1/configmaps", "PartialObjectMetadataList"),
    ("/api/v1/nodes", "NodeList"),
    ("/api/v1/pods", "PodList"),
    ("/api/v1/namespaces", "NamespaceList"),
    ("/api/v1/services", "ServiceList"),
    ("/apis/apps/v1/deployments", "DeploymentList"),
    ("/apis/apps/v1/statefulsets", "StatefulSetList"),
    ("/apis/apps/v1/daemonsets", "DaemonSetList"),
    (
        "/apis/policy/v1/poddisruptionbudgets",
        "PodDisruptionBudgetList",
    ),
    (
        "/apis/policy/v1beta1/poddisruptionbudgets",
        "PodDisruptionBudgetList",
    ),
    (
        "/apis/discovery.k8s.io/v1/endpointslices",
        "EndpointSliceList",
    ),
    (
        "/apis/discovery.k8s.io/v1beta1/endpointslices",
        "EndpointSliceList",
    ),
    (
        "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
        "LeaseList",
    ),
    (
        "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
        "LeaseList",
    ),
    (
        "/apis/certificates.k8s.io/v1/certificatesigningrequests",
        "CertificateSigningRequestList",
    ),
    (
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "CustomResourceDefinitionList",
    ),
    (
        "/apis/apiregistration.k8s.io/v1/apiservices",
        "APIServiceList",
    ),
    (
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
        "ValidatingWebhookConfigurationList",
    ),
    (
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
        "MutatingWebhookConfigurationList",
    ),
];

/// The kind of the list at a path, where there is one.
pub(crate) fn kind_of(path: &str) -> Option<&'static str> {
    let mut lists = LISTS.iter();
    lists.find(|(list, _)| *list == path).map(|(_, kind)| *kind)
}

/// The answer of a healthy, empty 1.31.
pub(crate) fn healthy(seen: &Seen) -> Reply {
    if let Some((_, kind)) = LISTS.iter().find(|(path, _)| *path == seen.path) {
        return json(&list(kind, "", &[]));
    }
    match seen.path.as_str() {
        "/version" => json(r#"{"major":"1","minor":"31","gitVersion":"v1.31.14"}"#),
        "/readyz" | "/livez" => Reply::Whole(
            200,
            "text/plain",
            "",
            b"[+]ping ok\n[+]etcd ok\nreadyz check passed\n".into(),
        ),
        "/metrics" => Reply::Whole(
            200,
            "text/plain",
            "",
            b"apiserver_request_total{verb=\"GET\"} 1\n".into(),
        ),
        "/api" => json(r#"{"kind":"APIVersions","versions":["v1"]}"#),
        "/apis" => json(&groups()),
        path if path.starts_with("/apis/authorization.k8s.io/") => {
            json(r#"{"status":{"allowed":true}}"#)
        }
        path if path == "/api/v1" || path.matches('/').count() == 3 => json(&resources(path)),
        _ => status(404, "the server could not find the requested resource"),
    }
}

/// A page of a list.
pub(crate) fn list(kind: &str, next: &str, items: &[String]) -> String {
    let items = items.join(",");
    format!(
        r#"{{"kind":"{kind}","apiVersion":"v1","metadata":{{"continue":"{next}"}},"items":[{items}]}}"#
    )
}

pub(crate) fn pod(name: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","namespace":"default","creationTimestamp":null}},"spec":{{}},"status":{{"phase":"Running"}}}}"#
    )
}

/// Group, version and resource of a path of `LISTS`.
fn coordinates(path: &str) -> (&str, &str) {
    let (group_version, resource) = path.rsplit_once('/').unwrap();
    let group_version = group_version.split("/namespaces/").next().unwrap();
    (group_version, resource)
}

fn groups() -> String {
    let mut versions: Vec<String> = LISTS
        .iter()
        .filter_map(|(path, _)| coordinates(path).0.strip_prefix("/apis/"))
        .filter(|version| !version.ends_with("v1beta1"))
        .map(|version| format!(r#"{{"versions":[{{"groupVersion":"{version}"}}]}}"#))
        .collect();
    versions.sort();
    versions.dedup();
    format!(
        r#"{{"kind":"APIGroupList","groups":[{}]}}"#,
        versions.join(",")
    )
}

fn resources(path: &str) -> String {
    let resources: Vec<String> = LISTS
        .iter()
        .map(|(list, kind)| (coordinates(list), kind.trim_end_matches("List")))
        .filter(|((group_version, _), _)| *group_version == path)
        .map(|((_, resource), kind)| {
            format!(r#"{{"name":"{resource}","kind":"{kind}","namespaced":true,"verbs":["list"]}}"#)
        })
        .collect();
    format!(
        r#"{{"kind":"APIResourceList","resources":[{}]}}"#,
        resources.join(",")
    )
}
