//! Every sort of quota and of limit range of whole pods held against every sort of pod that runs: the checks tell those, and only those,
//! whose next pod a real API server refuses.

use std::collections::BTreeSet;

use airworthy_testbed::{Client, Cluster, ClusterOptions, wait_until};
use serde_json::{Value, json};

use crate::common_live::{DEADLINE, kubectl, live, precheck};

/// What is made in a namespace after its pod.
type Rule = (&'static str, Vec<Value>);
/// The spec of a pod.
type Sort = (&'static str, Value);

/// A table of rules and pods, each pair in a namespace of its own, and the check that tells which do not go together.
struct Table {
    check: &'static str,
    rules: Vec<Rule>,
    sorts: Vec<Sort>,
    /// What an API server says when it refuses by the rules.
    refusal: &'static str,
}

/// A container that asks for this.
fn asks(requests: &Value, limits: &Value) -> Value {
    json!({ "name": "main", "image": "example.com/main", "resources": { "requests": requests, "limits": limits } })
}

fn with_name(name: &str, mut container: Value) -> Value {
    container["name"] = name.into();
    container
}

fn sidecar(container: Value) -> Value {
    let mut sidecar = with_name("beside", container);
    sidecar["restartPolicy"] = "Always".into();
    sidecar
}

fn quota(scopes: &Value, expressions: &Value) -> Value {
    let mut spec = json!({ "hard": { "pods": "0" }, "scopes": scopes });
    if expressions.is_array() {
        spec["scopeSelector"] = json!({ "matchExpressions": expressions });
    }
    json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "rule" }, "spec": spec })
}

fn range(name: &str, item: &Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": name }, "spec": { "limits": [item] } })
}

fn scopes() -> Table {
    let none = &Value::Null;
    let named = |scope: &str| quota(&json!([scope]), none);
    let class = |operator: &str, values: &Value| {
        quota(
            none,
            &json!([{ "scopeName": "PriorityClass", "operator": operator, "values": values }]),
        )
    };
    let fills = range(
        "fills",
        &json!({ "type": "Container", "defaultRequest": { "cpu": "10m" } }),
    );
    let near = |side: &str| {
        let term = json!({ "topologyKey": "kubernetes.io/hostname", "namespaceSelector": {}, "labelSelector": { "matchLabels": { "app": "none" } } });
        let wish = json!([{ "weight": 1, "podAffinityTerm": term }]);
        json!({ side: { "preferredDuringSchedulingIgnoredDuringExecution": wish } })
    };
    let bare = asks(none, none);
    Table {
        check: "QuotaHeadroom",
        rules: vec![
            ("ends", vec![named("Terminating")]),
            ("stays", vec![named("NotTerminating")]),
            ("poor", vec![named("BestEffort")]),
            ("rich", vec![named("NotBestEffort")]),
            ("poor-filled", vec![named("BestEffort"), fills.clone()]),
            ("rich-filled", vec![named("NotBestEffort"), fills]),
            ("near", vec![named("CrossNamespacePodAffinity")]),
            ("any", vec![class("Exists", none)]),
            (
                "in",
                vec![class("In", &json!(["system-node-critical", "gold"]))],
            ),
            ("out", vec![class("NotIn", &json!(["gold"]))]),
            ("none", vec![class("DoesNotExist", none)]),
            (
                "both",
                vec![quota(
                    &json!(["NotTerminating"]),
                    &json!([{ "scopeName": "BestEffort", "operator": "Exists" }]),
                )],
            ),
            ("all", vec![quota(none, none)]),
        ],
        sorts: vec![
            ("bare", json!({ "containers": [bare] })),
            (
                "asks",
                json!({ "containers": [asks(&json!({ "memory": "1Mi" }), none)] }),
            ),
            (
                "zero",
                json!({ "containers": [asks(&json!({ "cpu": "0" }), none)] }),
            ),
            (
                "start",
                json!({ "containers": [bare], "initContainers": [with_name("first", asks(none, &json!({ "cpu": "10m" })))] }),
            ),
            (
                "ends",
                json!({ "containers": [bare], "activeDeadlineSeconds": 86_400 }),
            ),
            (
                "gold",
                json!({ "containers": [bare], "priorityClassName": "gold" }),
            ),
            (
                "near",
                json!({ "containers": [bare], "affinity": near("podAffinity") }),
            ),
            (
                "apart",
                json!({ "containers": [bare], "affinity": near("podAntiAffinity") }),
            ),
            (
                "whole",
                json!({ "containers": [bare], "resources": { "requests": { "cpu": "100m" } } }),
            ),
        ],
        refusal: "exceeded quota",
    }
}

fn sums() -> Table {
    let none = &Value::Null;
    let cpu = |amount: &str| json!({ "cpu": amount });
    let both = |amount: &str| asks(&cpu(amount), &cpu(amount));
    let pod = |bounds: Value| {
        let mut item = bounds;
        item["type"] = "Pod".into();
        range("rule", &item)
    };
    let fills = json!({ "type": "Container", "default": { "cpu": "60m" }, "defaultRequest": { "cpu": "30m" } });
    Table {
        check: "SuccessorRefused",
        rules: vec![
            ("most", vec![pod(json!({ "max": { "cpu": "100m" } }))]),
            (
                "most-filled",
                vec![
                    pod(json!({ "max": { "cpu": "100m" } })),
                    range("fills", &fills),
                ],
            ),
            ("least", vec![pod(json!({ "min": { "cpu": "30m" } }))]),
            (
                "ratio",
                vec![pod(json!({ "maxLimitRequestRatio": { "cpu": "2" } }))],
            ),
            ("memory", vec![pod(json!({ "min": { "memory": "1Mi" } }))]),
        ],
        sorts: vec![
            ("bare", json!({ "containers": [asks(none, none)] })),
            (
                "just",
                json!({ "containers": [both("50m"), with_name("other", both("50m"))] }),
            ),
            (
                "over",
                json!({ "containers": [both("60m"), with_name("other", both("60m"))] }),
            ),
            (
                "part",
                json!({ "containers": [both("20m"), with_name("other", asks(none, none))] }),
            ),
            (
                "far",
                json!({ "containers": [asks(&cpu("30m"), &cpu("90m"))] }),
            ),
            (
                "start",
                json!({ "initContainers": [with_name("first", both("110m"))], "containers": [both("20m")] }),
            ),
            (
                "small",
                json!({ "initContainers": [with_name("first", both("25m"))], "containers": [both("20m")] }),
            ),
            (
                "before",
                json!({ "initContainers": [sidecar(both("50m")), with_name("first", both("60m"))], "containers": [both("10m")] }),
            ),
            (
                "after",
                json!({ "initContainers": [with_name("first", both("60m")), sidecar(both("50m"))], "containers": [both("10m")] }),
            ),
            (
                "whole",
                json!({ "resources": { "requests": cpu("40m"), "limits": cpu("200m") }, "containers": [both("10m")] }),
            ),
            (
                "whole-just",
                json!({ "resources": { "requests": cpu("100m"), "limits": cpu("100m") }, "containers": [asks(none, none)] }),
            ),
            (
                "odd",
                json!({ "containers": [asks(&json!({ "memory": "1Mi" }), none)], "runtimeClassName": "heavy" }),
            ),
        ],
        refusal: "per Pod",
    }
}

impl Table {
    fn namespaces(&self) -> impl Iterator<Item = (String, &[Value], &Value)> {
        self.rules.iter().flat_map(move |(rule, objects)| {
            let sorts = self.sorts.iter();
            sorts.map(move |(sort, spec)| (format!("{rule}--{sort}"), &objects[..], spec))
        })
    }

    async fn make_pods(&self, client: &Client) {
        for (namespace, _, spec) in self.namespaces() {
            let object = json!({ "metadata": { "name": namespace } });
            client.create("/api/v1/namespaces", &object).await.unwrap();
            let mut spec = spec.clone();
            spec["restartPolicy"] = "Never".into();
            let keep = json!({ "testbed.airworthy.dev/keep-running": "yes" });
            let template = json!({ "metadata": { "annotations": keep }, "spec": spec });
            let job = json!({ "metadata": { "name": "job" }, "spec": { "template": template } });
            let jobs = format!("/apis/batch/v1/namespaces/{namespace}/jobs");
            client.create(&jobs, &job).await.unwrap();
        }
        let wanted = self.rules.len() * self.sorts.len();
        let run = |pod: &Value| pod["status"]["phase"] == "Running" && !is_of_system(pod);
        until_all(client, "pods", |pods| {
            pods.iter().filter(|pod| run(pod)).count() == wanted
        })
        .await;
    }

    async fn make_rules(&self, client: &Client) {
        for (namespace, objects, _) in self.namespaces() {
            make(client, &namespace, objects).await;
        }
        let judged = |quota: &Value| quota["status"]["used"].is_object();
        until_all(client, "resourcequotas", |all| all.iter().all(judged)).await;
    }

    /// The last rule is made when the API server has heard of all others: once it refuses, all do that will.
    async fn until_heard_of(&self, client: &Client) {
        let last = json!({ "metadata": { "name": "last" } });
        client.create("/api/v1/namespaces", &last).await.unwrap();
        let item = json!({ "type": "Pod", "max": { "cpu": "1m" } });
        let rules = [quota(&Value::Null, &Value::Null), range("range", &item)];
        let rule = if self.check == "QuotaHeadroom" {
            &rules[..1]
        } else {
            &rules[1..]
        };
        make(client, "last", rule).await;
        let heard = wait_until(DEADLINE, "the last rule", || async {
            Ok(self
                .is_refused(
                    client,
                    "last",
                    &json!({ "containers": [asks(&Value::Null, &Value::Null)] }),
                )
                .await
                .then_some(()))
        });
        heard.await.unwrap();
    }

    /// Whether the API server refuses one more such pod by a rule. Nothing is stored.
    async fn is_refused(&self, client: &Client, namespace: &str, spec: &Value) -> bool {
        let pod = json!({ "metadata": { "name": "next" }, "spec": spec });
        let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
        match client.create(&path, &pod).await {
            Ok(_) => false,
            Err(error) => {
                assert_eq!(error.code(), Some(403), "{namespace}: {error}");
                error.to_string().contains(self.refusal)
            }
        }
    }

    /// Holds what is told against what is refused, in both ways.
    async fn judge(&self, minor: &str) {
        let cluster = &Cluster::start(ClusterOptions::new(minor).nodes(3))
            .await
            .unwrap();
        let client = &kubectl(cluster);
        make_classes(client).await;
        self.make_pods(client).await;
        self.make_rules(client).await;
        self.until_heard_of(client).await;
        let mut refused = BTreeSet::new();
        for (namespace, _, spec) in self.namespaces() {
            if self.is_refused(client, &namespace, spec).await {
                refused.insert(namespace);
            }
        }
        let told = told(cluster, self.check).await;
        assert_eq!(told, refused, "{minor}");
        let all = self.rules.len() * self.sorts.len();
        assert!(
            refused.len() > all / 4 && refused.len() < all * 3 / 4,
            "{refused:?}"
        );
    }
}

/// Namespaces that a check tells something of.
async fn told(cluster: &Cluster, check: &str) -> BTreeSet<String> {
    let report = precheck(cluster, &["--check", check]).await;
    let findings = report.findings().iter();
    let told = findings.map(|finding| {
        assert_eq!(finding["severity"], "risk", "{finding:#}");
        finding["subject"]["namespace"].as_str().unwrap().to_owned()
    });
    told.collect()
}

/// Classes that the pods name.
async fn make_classes(client: &Client) {
    let priority = json!({ "metadata": { "name": "gold" }, "value": 1000 });
    let path = "/apis/scheduling.k8s.io/v1/priorityclasses";
    client.create(path, &priority).await.unwrap();
    let overhead = json!({ "podFixed": { "cpu": "200m" } });
    let heavy =
        json!({ "metadata": { "name": "heavy" }, "handler": "heavy", "overhead": overhead });
    let path = "/apis/node.k8s.io/v1/runtimeclasses";
    client.create(path, &heavy).await.unwrap();
}

async fn make(client: &Client, namespace: &str, objects: &[Value]) {
    for object in objects {
        let kind = object["kind"].as_str().unwrap().to_lowercase();
        let path = format!("/api/v1/namespaces/{namespace}/{kind}s");
        client.create(&path, object).await.unwrap();
    }
}

async fn until_all(client: &Client, resource: &str, are: impl Fn(&[Value]) -> bool) {
    let path = format!("/api/v1/{resource}");
    let seen = wait_until(DEADLINE, resource, || async {
        let all = client.list(&path).await?;
        Ok(are(&all).then_some(()))
    });
    seen.await.unwrap();
}

fn is_of_system(pod: &Value) -> bool {
    pod["metadata"]["namespace"] == "kube-system"
}

/// 1.31, and what else is asked for: pods that ask as a whole from 1.34 on, sidecars from 1.29 on.
fn minors() -> Vec<String> {
    let more = std::env::var("AIRWORTHY_TEST_MINORS").unwrap_or_default();
    let more = more.split(',').filter(|minor| !minor.is_empty());
    std::iter::once("1.31")
        .chain(more)
        .map(str::to_owned)
        .collect()
}

#[test]
fn quotas_with_scopes_refuse_the_pods_that_they_are_told_to() {
    for minor in minors() {
        live(scopes().judge(&minor));
    }
}

#[test]
fn limit_ranges_of_whole_pods_refuse_those_that_they_are_told_to() {
    for minor in minors() {
        live(sums().judge(&minor));
    }
}
