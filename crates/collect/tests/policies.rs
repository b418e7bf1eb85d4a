//! Policies judged here and by real API servers: what is said of a pod's successor is what the API server says of it, or nothing.

use std::{collections::BTreeMap, time::Duration};

use airworthy_collect::{ConnectOptions, Plan, collect, connect};
use airworthy_knowledge::Knowledge;
use airworthy_model::{Facts, facts::JudgedPod};
use airworthy_testbed::{Client, Cluster, ClusterOptions, wait_until};
use serde::Deserialize;
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_mins(2);
/// So many policies are bound at a time, each in a namespace of its own: no more than a hundred pods are read whole.
const AT_A_TIME: usize = 30;
const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";

/// A pod that runs, as its template.
#[derive(Deserialize)]
struct Template {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    spec: Value,
}

/// A policy, and whether it has to be judged here, must not be, or may be.
#[derive(Clone, Deserialize)]
struct Policy {
    #[serde(default = "certain")]
    certain: bool,
    #[serde(default)]
    either: bool,
    #[serde(flatten)]
    spec: serde_json::Map<String, Value>,
}

const fn certain() -> bool {
    true
}

#[tokio::test]
async fn minor_1_31() {
    Box::pin(agree("1.31")).await;
}

#[tokio::test]
async fn minor_1_37() {
    Box::pin(agree("1.37")).await;
}

async fn agree(minor: &str) {
    let templates: Vec<Template> =
        serde_saphyr::from_str(include_str!("policies/pods.yaml")).unwrap();
    let policies: Vec<Policy> =
        serde_saphyr::from_str(include_str!("policies/policies.yaml")).unwrap();
    let cluster = Cluster::start(ClusterOptions::new(minor).nodes(1))
        .await
        .unwrap();
    let client = &cluster.client("test").unwrap();
    plant(client, &templates).await;
    let mut wrong = Vec::new();
    for (batch, some) in policies.chunks(AT_A_TIME).enumerate() {
        bind(client, batch, some).await;
        let facts = read(&cluster).await;
        for (place, policy) in some.iter().enumerate() {
            let said = said(&facts, &name(batch, place));
            for template in &templates {
                let real = create(client, &namespace(place), template).await;
                let own = said.get(&template.labels["app"]).copied();
                if !fits(own, &real, policy) {
                    let spec = Value::from(policy.spec.clone());
                    let app = &template.labels["app"];
                    wrong.push(format!("{app}: {own:?}, really {real:?}: {spec}"));
                }
            }
        }
        unbind(client, batch, some.len()).await;
    }
    assert!(wrong.is_empty(), "{minor}:\n{}", wrong.join("\n"));
}

/// What was said, beside what is so: the words of a refusal are those of the API server.
fn fits(own: Option<&JudgedPod>, real: &Result<(), String>, policy: &Policy) -> bool {
    let Policy {
        certain, either, ..
    } = *policy;
    match (own.map(|own| &own.refused), real) {
        (None, _) => either || !certain,
        (Some(None), Ok(())) => certain,
        (Some(Some(own)), Err(real)) => {
            certain && (real.contains(own.as_str()) || real.contains("resulted in error"))
        }
        _ => false,
    }
}

fn namespace(place: usize) -> String {
    format!("case-{place}")
}

fn name(batch: usize, place: usize) -> String {
    format!("policy-{batch}-{place}")
}

/// One pod of each template in every namespace.
async fn plant(client: &Client, templates: &[Template]) {
    for place in 0..AT_A_TIME {
        let namespace = namespace(place);
        let own = json!({ "metadata": { "name": namespace, "labels": { "team": if place % 2 == 0 { "red" } else { "blue" } } } });
        client.create("/api/v1/namespaces", &own).await.unwrap();
        for template in templates {
            let labels = &template.labels;
            let metadata = json!({ "labels": labels, "annotations": template.annotations });
            let set = json!({
                "metadata": { "name": labels["app"] },
                "spec": {
                    "replicas": 1, "selector": { "matchLabels": { "app": labels["app"] } },
                    "template": { "metadata": metadata, "spec": template.spec },
                },
            });
            let path = format!("/apis/apps/v1/namespaces/{namespace}/replicasets");
            client.create(&path, &set).await.unwrap();
        }
    }
    let wanted = AT_A_TIME * templates.len();
    let all = wait_until(DEADLINE, "all pods", || async {
        let pods = client.list("/api/v1/pods").await?;
        let of_cases = |pod: &&Value| {
            let namespace = pod["metadata"]["namespace"].as_str();
            namespace.is_some_and(|name| name.starts_with("case-"))
        };
        Ok((pods.iter().filter(of_cases).count() == wanted).then_some(()))
    });
    all.await.unwrap();
}

/// Binds each policy in its namespace, and one more that refuses everything in a place of its own: when it does, the others count too.
async fn bind(client: &Client, batch: usize, policies: &[Policy]) {
    for (place, policy) in policies.iter().enumerate() {
        let spec = policy.spec.clone();
        add(client, &name(batch, place), &namespace(place), spec.into()).await;
    }
    let last = format!("last-{batch}");
    let own = json!({ "metadata": { "name": last } });
    client.create("/api/v1/namespaces", &own).await.unwrap();
    let refuses = json!({ "validations": [{ "expression": "false" }] });
    add(client, &last, &last, refuses).await;
    let pod = json!({ "metadata": { "name": "any" }, "spec": { "containers": [{ "name": "a", "image": "a" }] } });
    let path = format!("/api/v1/namespaces/{last}/pods?dryRun=All");
    let heeded = wait_until(DEADLINE, "a refusal", || async {
        Ok(client.create(&path, &pod).await.err().map(drop))
    });
    heeded.await.unwrap();
}

async fn add(client: &Client, name: &str, namespace: &str, mut spec: Value) {
    let rule = json!({ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] });
    spec["matchConstraints"] = json!({ "resourceRules": [rule] });
    let policy = json!({ "metadata": { "name": name }, "spec": spec });
    let path = format!("{GROUP}/validatingadmissionpolicies");
    let made = client.create(&path, &policy).await;
    made.unwrap_or_else(|error| panic!("{error}: {policy}"));
    let labels = json!({ "kubernetes.io/metadata.name": namespace });
    let binding = json!({
        "metadata": { "name": name },
        "spec": {
            "policyName": name, "validationActions": ["Deny"],
            "matchResources": { "namespaceSelector": { "matchLabels": labels } },
        },
    });
    let path = format!("{GROUP}/validatingadmissionpolicybindings");
    client.create(&path, &binding).await.unwrap();
}

async fn unbind(client: &Client, batch: usize, policies: usize) {
    for place in 0..policies {
        let name = name(batch, place);
        let path = format!("{GROUP}/validatingadmissionpolicybindings/{name}");
        client.delete(&path).await.unwrap();
    }
}

async fn read(cluster: &Cluster) -> Facts {
    let options = ConnectOptions {
        kubeconfig: Some(cluster.kubeconfig()),
        ..ConnectOptions::default()
    };
    let connection = connect(options).await.unwrap();
    let mut plan = Plan::everything();
    plan.limits.second_look = Duration::ZERO;
    let facts = collect(&connection, Knowledge::embedded(), &plan, &|_| ()).await;
    facts.unwrap()
}

/// What is said of pods by their app.
fn said<'a>(facts: &'a Facts, policy: &str) -> BTreeMap<String, &'a JudgedPod> {
    let policies = facts.admission_policies.as_ref().unwrap();
    assert!(!serde_json::to_string(policies).unwrap().contains("hush"));
    let policy = policies.iter().find(|one| one.name == policy).unwrap();
    let judged = policy.judged.iter();
    let app = |pod: &JudgedPod| pod.name.rsplit_once('-').unwrap().0.to_owned();
    judged.map(|pod| (app(pod), pod)).collect()
}

/// What the API server says of a new pod of the template, which it does not make.
async fn create(client: &Client, namespace: &str, template: &Template) -> Result<(), String> {
    let metadata = json!({ "generateName": "anew-", "labels": template.labels, "annotations": template.annotations });
    let pod = json!({ "metadata": metadata, "spec": template.spec });
    let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
    let answer = client.create(&path, &pod).await.map(drop);
    answer.map_err(|error| {
        let error = error.to_string();
        assert!(error.contains("ValidatingAdmissionPolicy"), "{error}");
        error
    })
}
