//! Add-ons by their real images, releases as Helm stores them, the Corefile of the cluster.

use std::path::Path;

use airworthy_testbed::{Client, Cluster, Patch};
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{
    Release, airworthy, apply, kubectl, live, make_old, postcheck, precheck, until,
    until_available, until_gone,
};

/// Their projects say that these versions are for 1.31 at most; kwok runs them.
const OLD: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: add-ons}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-server, namespace: add-ons}
spec:
  selector: {matchLabels: {app: argocd-server}}
  template:
    metadata: {labels: {app: argocd-server}}
    spec: {containers: [{name: server, image: 'quay.io/argoproj/argocd:v2.14.3'}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: keda-operator, namespace: add-ons}
spec:
  selector: {matchLabels: {app: keda-operator}}
  template:
    metadata: {labels: {app: keda-operator}}
    spec: {containers: [{name: keda, image: 'mirror.example.com:5000/ghcr/kedacore/keda:2.16.1'}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller, namespace: add-ons}
spec:
  selector: {matchLabels: {app: controller}}
  template:
    metadata: {labels: {app: controller}}
    spec: {containers: [{name: controller, image: 'registry.k8s.io/ingress-nginx/controller:v1.12.1'}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: contour, namespace: add-ons}
spec:
  selector: {matchLabels: {app: contour}}
  template:
    metadata: {labels: {app: contour}}
    spec: {containers: [{name: contour, image: 'ghcr.io/projectcontour/contour:v1.29.2'}]}
";

#[test]
fn add_ons_that_do_not_fit_the_target() {
    live(async {
        let cluster = shared().await;
        apply(cluster, OLD).await;
        let limit = ["--check", "AddonLimit"];
        let report = precheck(cluster, &limit).await;
        let argo = "Deployment add-ons/argocd-server";
        let keda = "Deployment add-ons/keda-operator";
        let found = report.exits(0).finds("AddonLimit", argo, "risk");
        assert_eq!(found["owner"]["name"], "argo-cd", "{found:#}");
        report.finds("AddonLimit", keda, "risk");
        let nginx = "Deployment add-ons/controller";
        report.spares("AddonLimit", nginx);
        // keda 2.16 goes to 1.31, which runs; contour 1.29 does not fit it any more.
        let late = ["--check", "PostAddonVersions"];
        let contour = "Deployment add-ons/contour";
        let report = postcheck(cluster, None, &late).await;
        report.finds("PostAddonVersions", contour, "risk");
        report.spares("PostAddonVersions", keda);
        let retired = ["--check", "AddonRetired", "--fail-on", "risk"];
        let report = precheck(cluster, &retired).await;
        report.exits(1).finds("AddonRetired", nginx, "risk");

        let new = OLD
            .replace("v2.14.3", "v3.0.2")
            .replace("2.16.1", "2.17.0")
            .replace("v1.29.2", "v1.32.0")
            .replace("ingress-nginx/controller:v1.12.1", "example/gateway:v1");
        apply(cluster, &new).await;
        let report = precheck(cluster, &limit).await;
        report.spares("AddonLimit", argo).spares("AddonLimit", keda);
        let report = precheck(cluster, &retired).await;
        report.exits(0).spares("AddonRetired", nginx);
        let report = postcheck(cluster, None, &late).await;
        report.spares("PostAddonVersions", contour);
    });
}

/// A network in a namespace of its own; its pods are held back.
const HELD: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: calico-system}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: calico-system}
spec:
  updateStrategy: {type: OnDelete}
  selector: {matchLabels: {app: calico-node}}
  template:
    metadata: {labels: {app: calico-node}, annotations: {testbed.airworthy.dev/hold: 'true'}}
    spec: {containers: [{name: calico-node, image: 'docker.io/calico/node:v3.30.1'}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: calico-typha, namespace: calico-system}
spec:
  progressDeadlineSeconds: 1
  selector: {matchLabels: {app: calico-typha}}
  template:
    metadata: {labels: {app: calico-typha}, annotations: {testbed.airworthy.dev/hold: 'true'}}
    spec: {containers: [{name: typha, image: 'docker.io/calico/typha:v3.30.1'}]}
";

const TYPHA: &str = "/apis/apps/v1/namespaces/calico-system/deployments/calico-typha";
const AGENT: &str = "/apis/apps/v1/namespaces/calico-system/daemonsets/calico-node";

#[test]
fn a_network_that_is_not_up() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let folder = tempfile::tempdir().unwrap();
        let before = folder.path().join("before.tar");
        let hold = ", annotations: {testbed.airworthy.dev/hold: 'true'}";
        let well = HELD.replace(hold, "");
        apply(cluster, &well).await;
        until(&client, AGENT, "ready agents", is_ready).await;
        record(cluster, &before).await;

        for path in [AGENT, TYPHA] {
            client.delete(path).await.unwrap();
            until_gone(&client, path).await;
        }
        apply(cluster, HELD).await;
        until(&client, AGENT, "agents that are held back", is_held).await;
        until(&client, TYPHA, "a rollout that has given up", gave_up).await;
        let subject = "DaemonSet calico-system/calico-node";
        let typha = "Deployment calico-system/calico-typha";
        let status = ["--check", "AddonStatus"];
        let report = precheck(cluster, &status).await;
        report.exits(1).finds("AddonStatus", typha, "blocker");
        // What was made a moment ago may still come up.
        report.finds("AddonStatus", subject, "risk");
        let cni = ["--check", "CniHealth"];
        let report = precheck(cluster, &cni).await;
        report.finds("CniHealth", subject, "risk");
        let health = ["--check", "PostAddonHealth"];
        let report = postcheck(cluster, Some(&before), &health).await;
        report.exits(1).finds("PostAddonHealth", subject, "blocker");

        apply(cluster, &well.replace("OnDelete", "RollingUpdate")).await;
        until(&client, AGENT, "ready agents", is_ready).await;
        until_available(&client, "calico-system", "calico-typha").await;
        let report = precheck(cluster, &status).await;
        report.exits(0).spares("AddonStatus", subject);
        report.spares("AddonStatus", typha);
        let report = precheck(cluster, &cni).await;
        report.exits(0).spares("CniHealth", subject);
        let report = postcheck(cluster, Some(&before), &health).await;
        report.spares("PostAddonHealth", subject);
    });
}

fn is_ready(set: &Value) -> bool {
    let status = &set["status"];
    status["numberReady"].as_u64() > Some(0)
        && status["numberReady"] == status["desiredNumberScheduled"]
        && status["observedGeneration"] == set["metadata"]["generation"]
}

fn is_held(set: &Value) -> bool {
    let status = &set["status"];
    status["desiredNumberScheduled"].as_u64() > Some(0)
        && status["numberReady"] == 0
        && status["observedGeneration"] == set["metadata"]["generation"]
}

fn gave_up(deployment: &Value) -> bool {
    let conditions = deployment["status"]["conditions"].as_array();
    conditions.is_some_and(|all| {
        all.iter()
            .any(|one| one["reason"] == "ProgressDeadlineExceeded")
    })
}

async fn record(cluster: &Cluster, file: &Path) {
    let kubeconfig = cluster.kubeconfig();
    let (file, kubeconfig) = (file.to_str().unwrap(), kubeconfig.to_str().unwrap());
    let args = ["record", "-o", file, "--kubeconfig", kubeconfig];
    airworthy(&args).await.exits(0);
}

/// A CoreDNS that nobody has upgraded for years.
const NAMES: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-dns}}
  template:
    metadata: {labels: {k8s-app: kube-dns}}
    spec: {containers: [{name: coredns, image: 'registry.k8s.io/coredns:1.6.7'}]}
";

/// Two of it, guarded.
const GUARDED: &str = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: coredns, namespace: kube-system}
spec: {maxUnavailable: 1, selector: {matchLabels: {k8s-app: kube-dns}}}
";

const COREFILE: &str = "/api/v1/namespaces/kube-system/configmaps/coredns";

/// CoreDNS itself refuses it from 1.7.0 on.
const WITH_UPSTREAM: &str = ".:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        upstream
    }
    forward . /etc/resolv.conf
}
";

async fn set_corefile(client: &Client, text: &str) {
    let change = json!({ "data": { "Corefile": text } });
    client.patch(COREFILE, Patch::Merge, &change).await.unwrap();
}

#[test]
fn a_corefile_that_the_next_coredns_refuses() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let before = client.get(COREFILE).await.unwrap();
        let before = before["data"]["Corefile"].as_str().unwrap().to_owned();
        apply(cluster, NAMES).await;
        until_available(&client, "kube-system", "coredns").await;
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("before.tar");
        record(cluster, &recording).await;

        set_corefile(&client, WITH_UPSTREAM).await;
        let check = ["--check", "CoreDNSConfLimit"];
        let subject = "ConfigMap kube-system/coredns";
        let report = precheck(cluster, &check).await;
        let found = report
            .exits(1)
            .finds("CoreDNSConfLimit", subject, "blocker");
        let message = found["message"].as_str().unwrap();
        assert!(
            message.contains("line 5") && message.contains("upstream"),
            "{message}"
        );
        let health = ["--check", "PostAddonHealth"];
        let report = postcheck(cluster, Some(&recording), &health).await;
        report.finds("PostAddonHealth", subject, "risk");

        set_corefile(&client, &before).await;
        let report = precheck(cluster, &check).await;
        report.exits(0);
        assert_eq!(report.status("CoreDNSConfLimit"), "clear");
        let report = postcheck(cluster, Some(&recording), &health).await;
        report.spares("PostAddonHealth", subject);
        one_replica(cluster, &client).await;
    });
}

async fn one_replica(cluster: &Cluster, client: &Client) {
    let check = ["--check", "CoreDNSHealth"];
    let subject = "Deployment kube-system/coredns";
    let report = precheck(cluster, &check).await;
    report.finds("CoreDNSHealth", subject, "risk");
    apply(cluster, GUARDED).await;
    let two = NAMES.replace("  selector:", "  replicas: 2\n  selector:");
    apply(cluster, &two).await;
    let names = "/apis/apps/v1/namespaces/kube-system/deployments/coredns";
    let both = |one: &Value| one["status"]["readyReplicas"] == 2;
    until(client, names, "two replicas", both).await;
    let report = precheck(cluster, &check).await;
    report.spares("CoreDNSHealth", subject);
    let budget = "/apis/policy/v1/namespaces/kube-system/poddisruptionbudgets/coredns";
    for path in [names, budget] {
        client.delete(path).await.unwrap();
        until_gone(client, path).await;
    }
}

const RECORDS: &str = "/api/v1/namespaces/releases/secrets";

#[test]
fn releases_whose_chart_refuses_the_target() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: releases}\n";
        apply(cluster, namespace).await;
        let of = |name, revision, constraint: &str| {
            let mut release = Release::deployed("releases", name, revision, "");
            release.content["chart"]["metadata"]["kubeVersion"] = constraint.into();
            release
        };
        let mut broken = of("stuck", 2, ">=1.25");
        broken.status = "pending-upgrade";
        for release in [
            of("old", 1, ">=1.22.0-0 <1.32.0-0"),
            of("stuck", 1, ">=1.25"),
            broken,
        ] {
            client.create(RECORDS, &release.secret()).await.unwrap();
        }
        let chart = ["--check", "ChartKubeVersion"];
        let old = "HelmRelease releases/old";
        let report = precheck(cluster, &chart).await;
        report.exits(0).finds("ChartKubeVersion", old, "risk");
        report.spares("ChartKubeVersion", "HelmRelease releases/stuck");
        let state = ["--check", "HelmReleaseState"];
        let stuck = "HelmRelease releases/stuck";
        let record = format!("{RECORDS}/sh.helm.release.v1.stuck.v2");
        // Helm may be at it still.
        let report = precheck(cluster, &state).await;
        report.spares("HelmReleaseState", stuck);
        make_old(cluster, &record, 60).await;
        let report = precheck(cluster, &state).await;
        report.finds("HelmReleaseState", stuck, "risk");

        let new = of("old", 2, ">=1.22.0-0").secret();
        client.create(RECORDS, &new).await.unwrap();
        client.delete(&record).await.unwrap();
        let report = precheck(cluster, &chart).await;
        report.spares("ChartKubeVersion", old);
        let report = precheck(cluster, &state).await;
        report.spares("HelmReleaseState", stuck);
    });
}

/// A controller of the first generation behind a class, an Ingress that it will not take any more; autoscalers that nobody serves.
const TRAFFIC: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: traffic}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge, namespace: traffic}
spec:
  selector: {matchLabels: {app: edge}}
  template:
    metadata: {labels: {app: edge}}
    spec: {containers: [{name: edge, image: 'registry.k8s.io/ingress-nginx/controller:v1.8.1'}]}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: edge}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: snippets
  namespace: traffic
  annotations: {nginx.ingress.kubernetes.io/configuration-snippet: 'hush'}
spec:
  ingressClassName: edge
  defaultBackend: {service: {name: edge, port: {number: 80}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: edge, namespace: traffic}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: edge}
  maxReplicas: 1
  metrics:
  - type: Object
    object:
      describedObject: {apiVersion: v1, kind: Service, name: edge}
      metric: {name: calls}
      target: {type: Value, value: 10}
";

#[test]
fn traffic_that_a_newer_controller_refuses() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, TRAFFIC).await;
        until_available(&client, "traffic", "edge").await;
        let nginx = ["--check", "IngressNginxRisk"];
        let subject = "Ingress traffic/snippets";
        let report = precheck(cluster, &nginx).await;
        report.finds("IngressNginxRisk", subject, "risk");
        let metrics = ["--check", "MetricsApiHealth"];
        let api = "APIService custom.metrics.k8s.io";
        let report = precheck(cluster, &metrics).await;
        report.finds("MetricsApiHealth", api, "risk");

        for path in [
            "/apis/networking.k8s.io/v1/namespaces/traffic/ingresses/snippets",
            "/apis/autoscaling/v2/namespaces/traffic/horizontalpodautoscalers/edge",
        ] {
            client.delete(path).await.unwrap();
            until_gone(&client, path).await;
        }
        let report = precheck(cluster, &nginx).await;
        report.spares("IngressNginxRisk", subject);
        let report = precheck(cluster, &metrics).await;
        report.spares("MetricsApiHealth", api);
    });
}

/// A release whose Deployment somebody edited, a mesh whose sidecars nobody restarted.
const MESH: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: mesh}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: mesh}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod}}
    spec: {containers: [{name: discovery, image: 'docker.io/istio/pilot:1.24.1'}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: mesh}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'example.com/web:1'}
      - {name: istio-proxy, image: 'docker.io/istio/proxyv2:1.20.3'}
";

#[test]
fn sidecars_and_releases_that_fell_behind() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, MESH).await;
        until_available(&client, "mesh", "web").await;
        let sent = MESH.rsplit("---\n").next().unwrap();
        let sent = sent.replace("web:1", "web:2").replace("1.20.3", "1.23.0");
        let sent = sent.replace("Recreate", "RollingUpdate");
        let release = Release::deployed("mesh", "web", 1, &sent).secret();
        let records = "/api/v1/namespaces/mesh/secrets";
        client.create(records, &release).await.unwrap();
        let (skew, edited) = (
            ["--check", "MeshDataPlaneSkew"],
            ["--check", "K8sResourceModified"],
        );
        let (istiod, web) = ("Deployment mesh/istiod", "Deployment mesh/web");
        let report = precheck(cluster, &skew).await;
        report.finds("MeshDataPlaneSkew", istiod, "risk");
        let report = precheck(cluster, &edited).await;
        let found = report.about("K8sResourceModified", web);
        let messages: Vec<_> = found.iter().map(|one| one["message"].to_string()).collect();
        let [image, strategy] = &messages[..] else {
            panic!("{messages:?}")
        };
        assert!(image.contains("example.com/web:2"), "{image}");
        assert!(strategy.contains("by Recreate"), "{strategy}");

        let new = MESH.replace("1.20.3", "1.23.0").replace("web:1", "web:2");
        apply(cluster, &new.replace("Recreate", "RollingUpdate")).await;
        until_available(&client, "mesh", "web").await;
        let old = "/api/v1/namespaces/mesh/pods?labelSelector=app%3Dweb";
        until(&client, old, "new sidecars only", |pods| {
            let mut pods = pods["items"].as_array().unwrap().iter();
            pods.all(|pod| pod["spec"]["containers"][0]["image"] == "example.com/web:2")
        })
        .await;
        let report = precheck(cluster, &skew).await;
        report.spares("MeshDataPlaneSkew", istiod);
        let report = precheck(cluster, &edited).await;
        report.spares("K8sResourceModified", web);
    });
}
