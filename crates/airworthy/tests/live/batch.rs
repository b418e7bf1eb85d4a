//! Jobs that a drain ends.

use airworthy_testbed::{Client, wait_until};
use serde_json::{Value, json};

use super::shared::shared;
use crate::common_live::{
    DEADLINE, apply, kubectl, live, make_old, pods, precheck, until, until_gone,
};

/// A run that may not fail, as it is written first and as it is written then.
const JOB: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: nightly}
---
apiVersion: batch/v1
kind: Job
metadata: {name: NAME, namespace: nightly}
spec:
  backoffLimit: 0
  POLICY
  template:
    metadata:
      labels: {app: NAME}
      # Nobody ends its pods but the job's controller and this test, which plays the kubelet.
      annotations: {testbed.airworthy.dev/keep-running: 'true', testbed.airworthy.dev/published: 'true'}
    spec: {restartPolicy: Never, containers: [{name: main, image: example.com/report}]}
";
const BEARS: &str =
    "podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}";

#[test]
fn a_job_that_bears_no_eviction() {
    live(async {
        let cluster = shared().await;
        let client = kubectl(cluster);
        let (check, subject) = (["--check", "RunningJobs"], "Job nightly/report");
        apply(cluster, &job("report", "")).await;
        until_running(&client, "report").await;
        // It may be over before its node is drained.
        precheck(cluster, &check)
            .await
            .exits(0)
            .finds(check[1], subject, "note");
        make_old(cluster, &path("report"), 11).await;
        let report = precheck(cluster, &check).await;
        let finding = report.exits(0).finds(check[1], subject, "risk");
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("bears no failure more"), "{message}");
        let alone = ["--check", check[1], "--rollout", "control-plane"];
        assert_eq!(
            precheck(cluster, &alone).await.status(check[1]),
            "notApplicable"
        );
        // And so it is.
        evict(&client, "report").await;
        until(&client, &path("report"), "a failed job", failed).await;
        precheck(cluster, &check)
            .await
            .exits(0)
            .spares(check[1], subject);

        apply(cluster, &job("bears", BEARS)).await;
        until_running(&client, "bears").await;
        let report = precheck(cluster, &check).await;
        report.exits(0).spares(check[1], "Job nightly/bears");
        let first = evict(&client, "bears").await;
        until_replaced(&client, &first).await;
        let job = client.get(&path("bears")).await.unwrap();
        assert!(!failed(&job), "{job:#}");
        client.delete("/api/v1/namespaces/nightly").await.unwrap();
    });
}

fn job(name: &str, policy: &str) -> String {
    JOB.replace("NAME", name).replace("POLICY", policy)
}

fn path(name: &str) -> String {
    format!("/apis/batch/v1/namespaces/nightly/jobs/{name}")
}

fn failed(job: &Value) -> bool {
    let conditions = job["status"]["conditions"].as_array();
    conditions.is_some_and(|all| {
        all.iter()
            .any(|one| one["type"] == "Failed" && one["status"] == "True")
    })
}

async fn until_running(client: &Client, name: &str) {
    let runs = wait_until(DEADLINE, "a running pod of the job", || async {
        let job = client.get(&path(name)).await?;
        let pods = pods(client, "nightly", name).await;
        let runs = pods.iter().any(|pod| pod["status"]["phase"] == "Running");
        Ok((runs && job["status"]["active"] == 1).then_some(()))
    });
    runs.await.unwrap();
}

/// Evicts the pod of a job, as a drain does, and ends it as its kubelet does then; gives its path.
async fn evict(client: &Client, job: &str) -> String {
    let pod = pods(client, "nightly", job).await.remove(0);
    let name = pod["metadata"]["name"].as_str().expect("a name");
    let path = format!("/api/v1/namespaces/nightly/pods/{name}");
    let eviction =
        json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": name } });
    client
        .create(&format!("{path}/eviction"), &eviction)
        .await
        .unwrap();
    let ended = json!({ "terminated": { "exitCode": 143, "reason": "Error" } });
    let mut container = pod["status"]["containerStatuses"][0].clone();
    (container["state"], container["ready"]) = (ended, json!(false));
    let status = json!({ "phase": "Failed", "containerStatuses": [container] });
    client.patch_status(&path, &status).await.unwrap();
    client
        .delete(&format!("{path}?gracePeriodSeconds=0"))
        .await
        .unwrap();
    path
}

async fn until_replaced(client: &Client, first: &str) {
    until_gone(client, first).await;
    until_running(client, "bears").await;
}
