//! Policies of the API server's own that came after the pods that they would refuse.

use airworthy_testbed::{Client, Cluster, Patch, wait_until};
use serde_json::{Value, json};

use super::{shared::shared, successors::Case};
use crate::common_live::{
    DEADLINE, apply, kubectl, live, make_old, pods, precheck, until_available,
};

const WORLD: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: guarded}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bare, namespace: guarded}
spec:
  selector: {matchLabels: {app: bare}}
  template:
    metadata: {labels: {app: bare}}
    spec: {containers: [{name: bare, image: example.com/bare}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kept, namespace: guarded}
spec:
  selector: {matchLabels: {app: kept}}
  template:
    metadata: {labels: {app: kept, tier: web}}
    spec: {containers: [{name: kept, image: example.com/kept}]}
";

/// New pods of the namespace must say their tier. Bound so that it warns there, and denies in a namespace that there is not.
const POLICY: &str = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: tiers}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: \"'tier' in object.metadata.labels\", message: a pod must say its tier}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: tiers-warns}
spec:
  policyName: tiers
  validationActions: [Warn, Audit]
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: guarded}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: tiers-elsewhere}
spec:
  policyName: tiers
  validationActions: [Deny]
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: nowhere}}}
";

/// What it says hangs on who makes a pod, so that it is not certain.
const ASKER: &str = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: asker}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: \"request.userInfo.username != 'nobody'\"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: asker}
spec:
  policyName: asker
  validationActions: [Deny]
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: guarded}}}
";

const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";
const CHECK: &str = "SuccessorRefused";

/// Lets the policy refuse in the namespace, and waits until it does: a dry run of a pod's successor is refused.
async fn deny(client: &Client) -> String {
    let binding = json!({
        "metadata": { "name": "tiers-refuses" },
        "spec": {
            "policyName": "tiers", "validationActions": ["Deny"],
            "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "guarded" } } },
        },
    });
    let path = format!("{GROUP}/validatingadmissionpolicybindings");
    client.create(&path, &binding).await.unwrap();
    let refused = wait_until(DEADLINE, "a refusal", || async {
        Ok(try_anew(client).await.err())
    });
    refused.await.unwrap()
}

/// What the API server says of a new pod like the one that runs, without making it.
async fn try_anew(client: &Client) -> Result<(), String> {
    let pod = &pods(client, "guarded", "bare").await[0];
    let labels = &pod["metadata"]["labels"];
    let mut anew =
        json!({ "metadata": { "generateName": "anew-", "labels": labels }, "spec": pod["spec"] });
    anew["spec"]["nodeName"] = Value::Null;
    let path = "/api/v1/namespaces/guarded/pods?dryRun=All";
    let answer = client.create(path, &anew).await;
    answer.map(drop).map_err(|error| error.to_string())
}

async fn restart_with(client: &Client, labels: Value) {
    let change = json!({ "spec": { "template": { "metadata": { "labels": labels } } } });
    let path = "/apis/apps/v1/namespaces/guarded/deployments/bare";
    client.patch(path, Patch::Merge, &change).await.unwrap();
    until_available(client, "guarded", "bare").await;
}

#[test]
fn pods_that_are_older_than_a_policy_that_refuses_their_successors() {
    live(async {
        let cluster = shared().await;
        let client = &kubectl(cluster);
        apply(cluster, WORLD).await;
        until_available(client, "guarded", "bare").await;
        until_available(client, "guarded", "kept").await;
        apply(cluster, POLICY).await;
        let case = Case {
            cluster,
            client,
            check: CHECK,
            subject: "Deployment guarded/bare",
            namespace: "guarded",
            app: "bare",
        };
        case.is_over().await;

        let why = deny(client).await;
        assert!(why.contains("a pod must say its tier"), "{why}");
        let report = precheck(cluster, &["--check", CHECK]).await;
        let risk = report.finds(CHECK, case.subject, "risk");
        let message = risk["message"].as_str().unwrap();
        assert!(message.contains("a pod must say its tier"), "{message}");
        report.spares(CHECK, "Deployment guarded/kept");
        report.spares(CHECK, "ValidatingAdmissionPolicy tiers");
        case.is_told_and_true().await;

        restart_with(client, json!({ "tier": "web" })).await;
        case.is_over().await;
        let path = format!("{GROUP}/validatingadmissionpolicybindings/tiers-refuses");
        client.delete(&path).await.unwrap();
        restart_with(client, json!({ "tier": null })).await;
        case.is_over().await;
        what_is_not_certain(cluster).await;
    });
}

/// Told as a note, until the policy is older than the pods.
async fn what_is_not_certain(cluster: &Cluster) {
    let subject = "ValidatingAdmissionPolicy asker";
    apply(cluster, ASKER).await;
    let report = precheck(cluster, &["--check", CHECK]).await;
    let note = report.finds(CHECK, subject, "note");
    assert_eq!(note["objects"].as_array().unwrap().len(), 2, "{note:#}");
    for path in [
        "validatingadmissionpolicies/asker",
        "validatingadmissionpolicybindings/asker",
    ] {
        make_old(cluster, &format!("{GROUP}/{path}"), 60).await;
    }
    let report = precheck(cluster, &["--check", CHECK]).await;
    report.spares(CHECK, subject);
}
