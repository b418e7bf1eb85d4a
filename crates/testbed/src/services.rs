//! Services of a cluster that stand-ins answer for: kubelets, webhooks, aggregated APIs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::pki::Authority;
use crate::standin::{Reply, Seen, StandIn};
use crate::wait::wait_until;

const AVAILABLE_DEADLINE: Duration = Duration::from_secs(30);
/// The documentation address of every stand-in's endpoint; only the proxy's routes count.
const ENDPOINT: &str = "192.0.2.2";

/// A kubelet's answers by path; any other path is answered 404.
#[derive(Debug, Clone)]
pub struct Kubelet {
    answers: BTreeMap<String, Reply>,
}

impl Default for Kubelet {
    /// A healthy kubelet: `/healthz`, `/configz` and `/metrics`.
    fn default() -> Self {
        let config = json!({ "kubeletconfig": {
            "cgroupDriver": "systemd",
            "failSwapOn": true,
            "maxPods": 110,
            "cpuManagerPolicy": "none",
        }});
        Self {
            answers: BTreeMap::new(),
        }
        .answer("/healthz", Reply::text("ok"))
        .answer("/configz", Reply::json(&config))
        .answer(
            "/metrics",
            Reply::text("# TYPE kubelet_running_pods gauge\nkubelet_running_pods 0\n"),
        )
    }
}

impl Kubelet {
    /// Sets the answer of one path.
    #[must_use]
    pub fn answer(mut self, path: &str, reply: Reply) -> Self {
        self.answers.insert(path.to_owned(), reply);
        self
    }

    fn reply(&self, request: &Seen) -> Reply {
        self.answers
            .get(&request.path)
            .cloned()
            .unwrap_or_else(|| Reply::status(404))
    }
}

/// What a stand-in webhook decides.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Lets every request pass.
    Allow,
    /// Denies every request with this message.
    Deny(String),
    /// Answers with this HTTP status and no review.
    Fail(u16),
}

impl Verdict {
    fn reply(&self, request: &Seen) -> Reply {
        let Ok(review) = serde_json::from_slice::<Value>(&request.body) else {
            return Reply::status(400);
        };
        let mut response = json!({ "uid": review["request"]["uid"], "allowed": true });
        match self {
            Self::Allow => {}
            Self::Fail(status) => return Reply::status(*status),
            Self::Deny(message) => {
                response["allowed"] = json!(false);
                response["status"] = json!({ "message": message });
            }
        }
        let (version, kind) = (&review["apiVersion"], &review["kind"]);
        Reply::json(&json!({ "apiVersion": version, "kind": kind, "response": response }))
    }
}

/// An API group that a stand-in serves through the aggregation layer.
#[derive(Debug, Clone)]
pub struct AggregatedApi {
    /// The group, such as `metrics.example.com`.
    pub group: String,
    /// The version, such as `v1beta1`.
    pub version: String,
    /// The kind of its one resource, such as `Widget`; the plural is its lower case with an `s`.
    pub kind: String,
}

impl AggregatedApi {
    fn reply(&self, request: &Seen) -> Reply {
        let Self {
            group,
            version,
            kind,
        } = self;
        let plural = format!("{}s", kind.to_lowercase());
        let group_version = format!("{group}/{version}");
        let listed = json!({ "groupVersion": group_version, "version": version });
        let one = json!({ "kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": [listed], "preferredVersion": listed });
        let base = format!("/apis/{group_version}");
        match request.path.as_str() {
            "/apis" => {
                Reply::json(&json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [one] }))
            }
            path if path == format!("/apis/{group}") => Reply::json(&one),
            path if path == base => Reply::json(&json!({
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version,
                "resources": [{ "name": plural, "singularName": "", "namespaced": false, "kind": kind, "verbs": ["get", "list"] }],
            })),
            path if path == format!("{base}/{plural}") => Reply::json(&json!({
                "kind": format!("{kind}List"), "apiVersion": group_version, "metadata": {}, "items": [],
            })),
            "/healthz" | "/livez" | "/readyz" => Reply::text("ok"),
            _ => Reply::status(404),
        }
    }
}

impl Cluster {
    /// Answers for a node's kubelet, which the API server reaches through its node proxy.
    pub async fn serve_kubelet(&self, node: &str, kubelet: Kubelet) -> Result<StandIn> {
        let address = self.kubelet_address(node).await?;
        let authority = Authority::new("kubelet")?;
        let leaf = authority.issue(&[node])?;
        let stand_in = StandIn::start(self.background(), &authority, &leaf, move |request| {
            kubelet.reply(request)
        })?;
        self.route(&address, stand_in.address())?;
        Ok(stand_in)
    }

    /// Makes a Service whose webhook, at any path, gives this verdict.
    ///
    /// The webhook configuration is the caller's; its `caBundle` is [`StandIn::ca_bundle`].
    pub async fn serve_webhook(
        &self,
        namespace: &str,
        service: &str,
        verdict: Verdict,
    ) -> Result<StandIn> {
        let authority = Authority::new("webhook")?;
        self.serve(namespace, service, &authority, move |request| {
            verdict.reply(request)
        })
        .await
    }

    /// Makes a Service with an aggregated API behind it, registers it and waits until it is Available.
    pub async fn serve_api(
        &self,
        namespace: &str,
        service: &str,
        api: AggregatedApi,
    ) -> Result<StandIn> {
        let authority = Authority::new("aggregated")?;
        let name = format!("{}.{}", api.version, api.group);
        let (group, version) = (api.group.clone(), api.version.clone());
        let stand_in = self
            .serve(namespace, service, &authority, move |request| {
                api.reply(request)
            })
            .await?;
        let object = json!({
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": { "name": name },
            "spec": {
                "group": group,
                "version": version,
                "groupPriorityMinimum": 1000,
                "versionPriority": 15,
                "service": { "namespace": namespace, "name": service, "port": 443 },
                "caBundle": stand_in.ca_bundle(),
            },
        });
        self.admin()
            .create("/apis/apiregistration.k8s.io/v1/apiservices", &object)
            .await?;
        self.wait_for_api_service(&name, true).await?;
        Ok(stand_in)
    }

    /// Waits until an `APIService` such as `v1beta1.metrics.example.com` is Available, or is not.
    pub async fn wait_for_api_service(&self, name: &str, available: bool) -> Result<()> {
        let path = format!("/apis/apiregistration.k8s.io/v1/apiservices/{name}");
        let wanted = if available { "True" } else { "False" };
        wait_until(
            AVAILABLE_DEADLINE,
            &format!("{name} Available={wanted}"),
            || async {
                let object = self.admin().get(&path).await?;
                let found = object["status"]["conditions"]
                    .as_array()
                    .and_then(|all| all.iter().find(|one| one["type"] == "Available"));
                match found {
                    Some(condition) if condition["status"] == wanted => Ok(Some(())),
                    Some(condition) => Err(Error::document(name, &condition["message"])),
                    None => Ok(None),
                }
            },
        )
        .await
    }

    /// Makes a Service at port 443 whose requests `answer` answers, under a certificate of `authority`.
    pub async fn serve(
        &self,
        namespace: &str,
        service: &str,
        authority: &Authority,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Result<StandIn> {
        let leaf = authority.issue(&[&format!("{service}.{namespace}.svc")])?;
        let stand_in = StandIn::start(self.background(), authority, &leaf, answer)?;
        self.make_service(namespace, service).await?;
        self.route_service(namespace, service, 443, stand_in.address())
            .await?;
        Ok(stand_in)
    }

    /// Leads one port of a Service, as the API server calls it, to a server on loopback.
    pub async fn route_service(
        &self,
        namespace: &str,
        name: &str,
        port: u16,
        backend: SocketAddr,
    ) -> Result<()> {
        let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
        let service = self.admin().get(&path).await?;
        let address = service["spec"]["clusterIP"].as_str().unwrap_or_default();
        self.route(&format!("{address}:{port}"), backend)
    }

    /// The namespace if need be, and a Service without selector that has one ready endpoint.
    async fn make_service(&self, namespace: &str, name: &str) -> Result<()> {
        let space =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
        match self.admin().create("/api/v1/namespaces", &space).await {
            Err(error) if error.code() != Some(409) => return Err(error),
            _ => {}
        }
        let ports = json!([{ "name": "https", "port": 443, "protocol": "TCP" }]);
        let of = |group: &str, resource: &str| format!("{group}/namespaces/{namespace}/{resource}");
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": name },
            "spec": { "ports": ports },
        });
        self.admin()
            .create(&of("/api/v1", "services"), &service)
            .await?;
        // Older API servers judge aggregated APIs by Endpoints, newer by slices: both, and no mirror.
        let endpoints = json!({
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": { "name": name, "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" } },
            "subsets": [{ "addresses": [{ "ip": ENDPOINT }], "ports": ports }],
        });
        self.admin()
            .create(&of("/api/v1", "endpoints"), &endpoints)
            .await?;
        let slice = json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": { "name": name, "labels": { "kubernetes.io/service-name": name } },
            "addressType": "IPv4",
            "endpoints": [{ "addresses": [ENDPOINT], "conditions": { "ready": true } }],
            "ports": ports,
        });
        self.admin()
            .create(&of("/apis/discovery.k8s.io/v1", "endpointslices"), &slice)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review() -> Seen {
        Seen {
            method: "POST".into(),
            path: "/".into(),
            body: r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}"#.into(),
        }
    }

    #[test]
    fn a_review_is_answered_with_its_uid_and_the_verdict() {
        let answer = |verdict: Verdict| verdict.reply(&review());
        let allowed: Value = serde_json::from_str(&answer(Verdict::Allow).body).unwrap();
        assert_eq!(allowed["response"], json!({ "uid": "u", "allowed": true }));
        let denied: Value = serde_json::from_str(&answer(Verdict::Deny("no".into())).body).unwrap();
        assert_eq!(denied["response"]["status"]["message"], "no");
        assert_eq!(answer(Verdict::Fail(500)).status, 500);
    }
}
