//! What stands in the way of draining nodes; the eviction API says whether it really does.

use airworthy_testbed::{Client, Cluster, Patch};
use serde_json::Value;

use super::shared::shared;
use crate::common_live::{
    apply, evict_one, kubectl, live, precheck, until, until_available, until_gone,
};

/// Budgets over a Deployment, over its one pod, and over a pod without a controller.
const BLOCKED: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: blocked}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: blocked}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.com/web}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: blocked}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: example.com/db}]}
---
apiVersion: v1
kind: Pod
metadata: {name: loner, namespace: blocked, labels: {app: loner}}
spec: {containers: [{name: loner, image: example.com/loner}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: blocked}
spec: {maxUnavailable: 0, selector: {matchLabels: {app: web}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: db, namespace: blocked}
spec: {minAvailable: 1, selector: {matchLabels: {app: db}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: loner, namespace: blocked}
spec: {maxUnavailable: 30%, selector: {matchLabels: {app: loner}}}
---
apiVersion: v1
kind: Pod
metadata: {name: left, namespace: blocked, labels: {app: pair}}
spec: {containers: [{name: left, image: example.com/left}]}
---
apiVersion: v1
kind: Pod
metadata: {name: right, namespace: blocked, labels: {app: pair}}
spec: {containers: [{name: right, image: example.com/right}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: pair, namespace: blocked}
spec: {minAvailable: 30%, selector: {matchLabels: {app: pair}}}
";

/// Names of the budgets, and how many healthy pods each guards.
const BUDGETS: [(&str, u64); 4] = [("web", 2), ("db", 1), ("loner", 1), ("pair", 2)];

fn budget_path(namespace: &str, name: &str) -> String {
    format!("/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/{name}")
}

/// Waits until the disruption controller has judged the newest spec, with so many healthy pods and so many that may go.
async fn until_judged(client: &Client, namespace: &str, name: &str, healthy: u64, allowed: u64) {
    let judged = |pdb: &Value| {
        pdb["status"]["observedGeneration"] == pdb["metadata"]["generation"]
            && pdb["status"]["currentHealthy"] == healthy
            && pdb["status"]["disruptionsAllowed"] == allowed
    };
    until(client, &budget_path(namespace, name), name, judged).await;
}

/// The merge patch in the first command of a finding, as a shell would pass it on.
fn patch_of(finding: &Value) -> Value {
    let command = finding["fix"][0]["command"].as_str().expect("a command");
    let (_, patch) = command.split_once("-p '").expect("a patch");
    serde_json::from_str(patch.trim_end_matches('\'')).expect("JSON")
}

/// One test for both checks, because the budget over a pod without a controller needs such a pod.
#[test]
fn budgets_that_allow_no_eviction_and_a_pod_without_controller() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, BLOCKED).await;
        budgets(cluster, &client).await;
        bare_pod(cluster, &client).await;
    });
}

async fn budgets(cluster: &Cluster, client: &Client) {
    for (name, healthy) in BUDGETS {
        until_judged(client, "blocked", name, healthy, 0).await;
        assert_eq!(evict_one(client, "blocked", name).await, 429, "{name}");
    }
    let report = precheck(cluster, &["--check", "PdbBlocksDrain"]).await;
    report.exits(1);
    for (name, healthy) in BUDGETS {
        let subject = format!("PodDisruptionBudget blocked/{name}");
        let relaxed = patch_of(report.finds("PdbBlocksDrain", &subject, "blocker"));
        let path = budget_path("blocked", name);
        client.patch(&path, Patch::Merge, &relaxed).await.unwrap();
        until_judged(client, "blocked", name, healthy, 1).await;
        assert_eq!(evict_one(client, "blocked", name).await, 201, "{name}");
    }
    let report = precheck(cluster, &["--check", "PdbBlocksDrain"]).await;
    report.exits(0);
    assert_eq!(report.status("PdbBlocksDrain"), "clear");
}

async fn bare_pod(cluster: &Cluster, client: &Client) {
    let args = ["--check", "BarePod", "--fail-on", "risk"];
    let report = precheck(cluster, &args).await;
    report.exits(1);
    for name in ["loner", "left", "right"] {
        report.finds("BarePod", &format!("Pod blocked/{name}"), "risk");
        let path = format!("/api/v1/namespaces/blocked/pods/{name}");
        client.delete(&path).await.unwrap();
        until_gone(client, &path).await;
    }
    let report = precheck(cluster, &args).await;
    report.exits(0);
    assert_eq!(report.status("BarePod"), "clear");
}

/// Two pods behind the same two budgets.
const TWICE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: twice}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: twice}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.com/web}]}
";

/// Neither of them forbids anything by itself.
const OVERLAP: &str = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: one, namespace: twice}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: two, namespace: twice}
spec: {maxUnavailable: 50%, selector: {}}
";

#[test]
fn two_budgets_over_one_pod() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        apply(cluster, TWICE).await;
        // Of several budgets over a pod, its changes make the disruption controller look at the first only.
        until_available(&client, "twice", "web").await;
        apply(cluster, OVERLAP).await;
        for budget in ["one", "two"] {
            until_judged(&client, "twice", budget, 2, 1).await;
        }
        assert_eq!(evict_one(&client, "twice", "web").await, 500);
        let check = ["--check", "PdbOverlap"];
        let report = precheck(cluster, &check).await;
        let subject = "PodDisruptionBudget twice/one";
        let finding = report.exits(1).finds("PdbOverlap", subject, "blocker");
        assert!(
            finding["message"].as_str().unwrap().contains("two"),
            "{finding:#}"
        );

        client.delete(&budget_path("twice", "two")).await.unwrap();
        assert_eq!(evict_one(&client, "twice", "web").await, 201);
        let report = precheck(cluster, &check).await;
        report.exits(0).spares("PdbOverlap", subject);
    });
}
