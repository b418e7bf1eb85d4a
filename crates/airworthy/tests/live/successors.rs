//! Pods in whose place no other is let in: the controller that tries says so.

use airworthy_testbed::{Client, Cluster, ClusterOptions, Patch};
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{apply, kubectl, live, pods, precheck, until, until_available};

/// A Deployment of one pod with a priority of its own, and one that asks for nothing special.
const ALONE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: heirs}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: heirs}
value: 1000
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bank, namespace: heirs}
spec:
  selector: {matchLabels: {app: bank}}
  template:
    metadata: {labels: {app: bank}}
    spec: {priorityClassName: heirs, containers: [{name: bank, image: example.com/bank}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: strict}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: plain, namespace: strict}
spec:
  selector: {matchLabels: {app: plain}}
  template:
    metadata: {labels: {app: plain}}
    spec: {containers: [{name: plain, image: example.com/plain}]}
";

/// A Deployment of one pod by an account of its own.
const TELLER: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: bank}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: teller, namespace: bank}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: desk, namespace: bank}
spec:
  selector: {matchLabels: {app: desk}}
  template:
    metadata: {labels: {app: desk}}
    spec: {serviceAccountName: teller, containers: [{name: desk, image: example.com/desk}]}
";

/// A quota with room for two pods, and a Deployment of one.
const NARROW: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: narrow}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: narrow}
spec: {hard: {pods: '2'}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: lodger, namespace: narrow}
spec:
  selector: {matchLabels: {app: lodger}}
  template:
    metadata: {labels: {app: lodger}}
    spec: {containers: [{name: lodger, image: example.com/lodger}]}
";
const QUOTA: &str = "/api/v1/namespaces/narrow/resourcequotas/small";

/// Quotas with scopes, of which one counts the pod and has room; and a pod of two containers under a generous limit range.
const CHOSEN: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: chosen}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: stays, namespace: chosen}
spec: {hard: {pods: '2'}, scopes: [NotTerminating]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: ends, namespace: chosen}
spec: {hard: {pods: '0'}, scopes: [Terminating]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: silver, namespace: chosen}
spec: {hard: {pods: '0'}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [silver]}]}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: sums, namespace: chosen}
spec: {limits: [{type: Pod, max: {cpu: '2'}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: lodger, namespace: chosen}
spec:
  selector: {matchLabels: {app: lodger}}
  template:
    metadata: {labels: {app: lodger}}
    spec:
      containers:
        - {name: one, image: example.com/one, resources: {limits: {cpu: 600m}}}
        - {name: two, image: example.com/two, resources: {limits: {cpu: 600m}}}
";

/// One situation: what to make of it, and the deployment whose pod has no successor then.
pub(super) struct Case<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) client: &'a Client,
    pub(super) check: &'a str,
    pub(super) subject: &'a str,
    pub(super) namespace: &'a str,
    pub(super) app: &'a str,
}

impl Case<'_> {
    /// The check tells it as a risk, and after an eviction no pod comes.
    pub(super) async fn is_told_and_true(&self) {
        let report = precheck(self.cluster, &["--check", self.check]).await;
        report.finds(self.check, self.subject, "risk");
        self.evict().await;
        self.until_failing(true).await;
    }

    /// The check has nothing to say any more, and the pod's successor is there.
    pub(super) async fn is_over(&self) {
        until_available(self.client, self.namespace, self.app).await;
        self.until_failing(false).await;
        let report = precheck(self.cluster, &["--check", self.check]).await;
        report.spares(self.check, self.subject);
    }

    async fn evict(&self) {
        let pod = &pods(self.client, self.namespace, self.app).await[0]["metadata"]["name"];
        let body = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": { "name": pod, "namespace": self.namespace },
        });
        let name = pod.as_str().unwrap();
        let path = format!("/api/v1/namespaces/{}/pods/{name}/eviction", self.namespace);
        self.client.create(&path, &body).await.unwrap();
    }

    /// What the controllers say of the pods that they try to make.
    async fn until_failing(&self, wanted: bool) {
        let (namespace, app) = (self.namespace, self.app);
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/{app}");
        let failing = |deployment: &Value| {
            let conditions = deployment["status"]["conditions"].as_array();
            let mut all = conditions.into_iter().flatten();
            all.any(|one| one["type"] == "ReplicaFailure" && one["status"] == "True")
        };
        until(self.client, &path, "a word on its pods", |deployment| {
            failing(deployment) == wanted
        })
        .await;
    }
}

#[test]
fn pods_whose_class_is_gone_or_whose_namespace_forbids_them() {
    live(async {
        let cluster = shared().await;
        let client = &kubectl(cluster);
        apply(cluster, ALONE).await;
        until_available(client, "heirs", "bank").await;
        until_available(client, "strict", "plain").await;
        let check = "SuccessorRefused";
        let (bank, plain) = ("Deployment heirs/bank", "Deployment strict/plain");
        let report = precheck(cluster, &["--check", check]).await;
        report.spares(check, bank).spares(check, plain);

        let classes = "/apis/scheduling.k8s.io/v1/priorityclasses";
        client.delete(&format!("{classes}/heirs")).await.unwrap();
        let case = Case {
            cluster,
            client,
            check,
            subject: bank,
            namespace: "heirs",
            app: "bank",
        };
        case.is_told_and_true().await;
        let class = json!({ "metadata": { "name": "heirs" }, "value": 1000 });
        client.create(classes, &class).await.unwrap();
        case.is_over().await;

        let enforce = async |level: Value| {
            let label = json!({ "pod-security.kubernetes.io/enforce": level });
            let change = json!({ "metadata": { "labels": label } });
            let path = "/api/v1/namespaces/strict";
            client.patch(path, Patch::Merge, &change).await.unwrap();
        };
        enforce(json!("restricted")).await;
        let case = Case {
            subject: plain,
            namespace: "strict",
            app: "plain",
            ..case
        };
        case.is_told_and_true().await;
        enforce(Value::Null).await;
        case.is_over().await;
    });
}

/// In a cluster of its own: in the shared one the API server does not look for accounts.
#[test]
fn pods_whose_account_is_gone() {
    live(async {
        let options = ClusterOptions::new("1.31").nodes(1).accounts();
        let cluster = &Cluster::start(options).await.unwrap();
        let client = &kubectl(cluster);
        apply(cluster, TELLER).await;
        let case = Case {
            cluster,
            client,
            check: "SuccessorRefused",
            subject: "Deployment bank/desk",
            namespace: "bank",
            app: "desk",
        };
        case.is_over().await;
        let accounts = "/api/v1/namespaces/bank/serviceaccounts";
        client.delete(&format!("{accounts}/teller")).await.unwrap();
        case.is_told_and_true().await;
        let teller = json!({ "metadata": { "name": "teller" } });
        client.create(accounts, &teller).await.unwrap();
        case.is_over().await;
    });
}

#[test]
fn a_quota_that_is_more_than_used_up() {
    live(async {
        let cluster = shared().await;
        let client = &kubectl(cluster);
        apply(cluster, NARROW).await;
        until_available(client, "narrow", "lodger").await;
        let allow = async |pods: &str| {
            let change = json!({ "spec": { "hard": { "pods": pods } } });
            client.patch(QUOTA, Patch::Merge, &change).await.unwrap();
            let seen = |quota: &Value| {
                let status = &quota["status"];
                status["hard"]["pods"] == pods && status["used"]["pods"].is_string()
            };
            until(client, QUOTA, "its controller's word", seen).await;
        };
        let case = Case {
            cluster,
            client,
            check: "QuotaHeadroom",
            subject: "ResourceQuota narrow/small",
            namespace: "narrow",
            app: "lodger",
        };
        case.is_over().await;
        allow("1").await;
        let report = precheck(cluster, &["--check", case.check]).await;
        let used_up = report.finds(case.check, case.subject, "risk");
        assert!(used_up["message"].as_str().unwrap().contains("is used up"));
        allow("0").await;
        case.is_told_and_true().await;
        allow("2").await;
        case.is_over().await;
    });
}

#[test]
fn a_quota_with_scopes_and_a_limit_range_of_whole_pods() {
    live(async {
        let cluster = shared().await;
        let client = &kubectl(cluster);
        apply(cluster, CHOSEN).await;
        until_available(client, "chosen", "lodger").await;
        let quotas = "/api/v1/namespaces/chosen/resourcequotas";
        let allow = async |pods: &str| {
            let path = format!("{quotas}/stays");
            let change = json!({ "spec": { "hard": { "pods": pods } } });
            client.patch(&path, Patch::Merge, &change).await.unwrap();
            let seen = |quota: &Value| quota["status"]["hard"]["pods"] == pods;
            until(client, &path, "its controller's word", seen).await;
        };
        for quota in ["stays", "ends", "silver"] {
            let path = format!("{quotas}/{quota}");
            let seen = |quota: &Value| quota["status"]["used"]["pods"].is_string();
            until(client, &path, "its controller's word", seen).await;
        }
        let case = Case {
            cluster,
            client,
            check: "QuotaHeadroom",
            subject: "ResourceQuota chosen/stays",
            namespace: "chosen",
            app: "lodger",
        };
        case.is_over().await;
        allow("0").await;
        case.is_told_and_true().await;
        let report = precheck(cluster, &["--check", case.check]).await;
        for quota in ["ends", "silver"] {
            report.spares(case.check, &format!("ResourceQuota chosen/{quota}"));
        }
        allow("2").await;
        case.is_over().await;

        let bound = async |cpu: &str| {
            let item = json!([{ "type": "Pod", "max": { "cpu": cpu } }]);
            let change = json!({ "spec": { "limits": item } });
            let path = "/api/v1/namespaces/chosen/limitranges/sums";
            client.patch(path, Patch::Merge, &change).await.unwrap();
        };
        let case = Case {
            check: "SuccessorRefused",
            subject: "Deployment chosen/lodger",
            ..case
        };
        case.is_over().await;
        bound("1").await;
        case.is_told_and_true().await;
        bound("2").await;
        case.is_over().await;
    });
}
